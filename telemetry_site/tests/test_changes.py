"""Every change of data changes the version of answers, whoever makes it; what no answer is made of does not."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.test import override_settings

from analytics.link_decisions import follow
from analytics.rollups import roll_up
from analytics.tests import passkey_plans as planned
from sessions.leases import Lease
from sessions.models import AgentSession, DirtyQuarter, Project
from sessions.tests import samples as s
from tasks.linking import link_all
from tasks.models import Feature, Link, PlanSettings
from tasks.roots import add_manual_root, choose_checklists
from telemetry_site.access.attempts import TOKENS_BY_ADDRESS, note_failure
from telemetry_site.access.tokens import create_token, note_use
from telemetry_site.changes import is_told
from telemetry_site.data_version import data_version
from telemetry_site.pipeline import rebuild_all, remove_source_root, sync

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
RATES = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Sessions and the plan they served, all derived and linked."""
    s.write(tmp_path, {path: s.lines(lines) for path, lines in planned.transcripts().items()})
    sync([tmp_path], now=NOW)
    add_manual_root(str(planned.write_plans(tmp_path)), "engine")
    sync([tmp_path], now=NOW)
    link_all()
    roll_up()
    return tmp_path


def changes(write: Callable[[], Any]) -> bool:
    before = data_version(NOW)
    write()
    return data_version(NOW) != before


def served() -> tuple[AgentSession, Feature]:
    return AgentSession.objects.get(public_id=s.uid("b")), Feature.objects.get(slug="passkey-login-v1")


def reprice(folder: Path) -> None:
    """By a price file that makes every response dearer."""
    book = '[book]\nname = "own"\nsource = "a test"\nversion = "1"\n'
    rates = "".join(f"{name} = 99\n" for name in RATES)
    price = f'[[price]]\nmodels = ["{s.MODEL}"]\neffective_from = 2020-01-01\n{rates}'
    (folder / "prices.toml").write_text(book + price)
    with override_settings(TELEMETRY_PRICES=folder / "prices.toml"):
        call_command("reprice", verbosity=0)


def append(folder: Path) -> None:
    s.append(folder, s.main_path("c"), s.line(s.reply("new", 5, "c")))
    sync([folder], now=NOW)


def forget_links() -> None:
    Link.objects.all().delete()


WRITERS: dict[str, Callable[[Path], Any]] = {
    "sync": append,
    "link": lambda folder: link_all(),
    "rebuild": lambda folder: rebuild_all(),
    "decision": lambda folder: follow(*served(), "linked"),
    "plan folder": lambda folder: add_manual_root(str(folder), "elsewhere"),
    "check-lists": lambda folder: choose_checklists(
        Project.objects.earliest("pk").pk, PlanSettings.CountChecklists.ALWAYS
    ),
    "a project's name": lambda folder: Project.objects.update(name="Engine room"),
    "a save in the admin": lambda folder: Project.objects.earliest("pk").save(),
    "a deletion": lambda folder: Feature.objects.all().delete(),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_whoever_writes_changes_the_version(work: Path, writer: str) -> None:
    if writer == "link":
        forget_links()
    assert changes(lambda: WRITERS[writer](work))


def test_prices_change_it_when_they_are_applied(work: Path) -> None:
    assert changes(lambda: reprice(work))


def test_taking_demo_data_away_changes_it(tmp_path: Path) -> None:
    demo = Path(settings.TELEMETRY_DATA_DIR) / "demo" / tmp_path.name
    s.write(demo, {s.main_path(): s.lines([s.prompt("p", 0), s.reply("r", 1)])})
    sync([demo], now=NOW)
    assert changes(lambda: remove_source_root(demo))


def test_settings_that_cut_days_change_it() -> None:
    before = data_version(NOW)
    with override_settings(TELEMETRY_TIME_ZONE="Asia/Kolkata"):
        assert data_version(NOW) != before


def test_what_answers_are_not_made_of_leaves_it_alone(work: Path) -> None:
    token, _ = create_token("script", ["read"])
    assert not changes(lambda: note_use(token, NOW))
    assert not changes(lambda: note_failure(TOKENS_BY_ADDRESS, "127.0.0.1", NOW))
    assert not changes(lambda: User.objects.create_user("ada"))
    assert not changes(lambda: sync([work], now=NOW))
    assert not changes(lambda: Project.objects.filter(name="nobody's").update(name="x"))

    def hold() -> None:
        with Lease("sync", "here", NOW):
            pass

    assert not changes(hold)


def test_a_change_that_is_taken_back_was_none() -> None:
    def fail() -> None:
        with transaction.atomic():
            Project.objects.create(key="/a", slug="a", name="a")
            transaction.set_rollback(True)

    assert not changes(fail)
    assert changes(lambda: DirtyQuarter.objects.create(quarter=1))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('INSERT INTO "agent_sessions_project" ("key") VALUES (%s)', True),
        ("insert or ignore into agent_sessions_project values (1)", True),
        ("  UPDATE agent_sessions_project SET name = %s", True),
        ('DELETE FROM "project_tasks_link" WHERE id = 1', True),
        ("TRUNCATE agent_sessions_searchitem", True),
        ('SELECT 1 FROM "agent_sessions_project" FOR UPDATE', False),
        ('INSERT INTO "django_session" VALUES (1)', False),
        ('UPDATE "telemetry_site_apitoken" SET last_used_at = %s', False),
        ('UPDATE "alerts_alertrule" SET last_evaluated_at = %s', False),
        ("CREATE TABLE x (id int)", False),
        (b"UPDATE agent_sessions_project", False),
    ],
)
def test_statements_are_told_apart(sql: object, expected: bool) -> None:
    assert is_told(sql) is expected
