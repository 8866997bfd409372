"""How many queries an answer takes does not depend on how much there is: one more row is no more queries.

Every operation that is described is asked; a new one cannot be forgotten.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Channel, Silence
from alerts.tests.rules import rule
from analytics.tests import passkey_plans as planned
from sessions.tests import samples as s
from tasks.linking import link_all
from tasks.models import Document
from telemetry_site.pipeline import sync
from telemetry_site.tests.asking import ask
from telemetry_site.tests.ledger import NOW, PLANS, write_and_read
from telemetry_site.tests.test_api_description import DESCRIBED

pytestmark = pytest.mark.django_db
NEEDED = {
    "/api/analytics/series": "metric=session_tokens&group_by=feature",
    "/api/analytics/trends": "metric=session_tokens",
    "/api/sessions/{session_id}/raw": "seq=1",
    "/api/search": "q=pick",
}
READ = sorted(path for path, methods in DESCRIBED["paths"].items() if "get" in methods)


def places() -> dict[str, str]:
    key = Document.objects.order_by("id").values_list("pk", flat=True).first()
    named = {
        "session_id": s.uid("w"),
        "feature_id": "passkey-login-v1",
        "task_id": "PK-001",
        "document_id": key,
        "alert_id": "alert-cost",
        "channel_id": "ops",
        "silence_id": Silence.objects.values_list("pk", flat=True).first(),
    }
    return {path: f"{path.format_map(named)}?{NEEDED.get(path, '')}" for path in READ}


def counts() -> dict[str, int]:
    found = {}
    for path, place in places().items():
        ask(place)  # what is kept for the process is made at the first question
        with CaptureQueriesContext(
            connection,
        ) as asked:
            response = ask(place)
        assert response.status_code == 200, (place, response.content[:300])
        found[path] = len(asked)
    return found


@pytest.fixture(scope="module")
def both(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, int], dict[str, int]]]:
    """Queries per operation with the small history, and with three times as much of everything."""
    folder = tmp_path_factory.mktemp("grown")
    with django_db_blocker.unblock():
        write_and_read(folder)
        watch()
        small = counts()
        grow(folder)
        yield small, counts()
        call_command("flush", interactive=False, verbosity=0)


def watch() -> None:
    """A rule, a place to tell it, and a time in which that is silent."""
    Silence.objects.create(starts_at=planned.NOW, ends_at=planned.NOW + timedelta(days=1))
    rule("Dear", public_id="alert-cost")
    Channel.objects.create(public_id="ops", name="Ops", kind="webhook", target="https://hooks.example.org/a")


def grow(folder: Path) -> None:
    """More sessions that serve the feature, more tasks, documents and features, and a longer session."""
    for n in range(12):
        name = f"more{n}"
        lines = [
            s.prompt(f"{name}p", n * 900, name, text=planned.command(1 + n % 2)),
            s.reply(f"{name}r", n * 900 + 1, name, blocks=[s.call(f"toolu_{name}", f"Tool{n}")]),
            s.answer(f"{name}x", n * 900 + 2, f"toolu_{name}", name),
        ]
        s.append(folder / "claude", s.main_path(name), s.lines(lines))
        edit = s.call(f"toolu_w{n}", "Edit", file_path=f"{s.CWD}/file{n}.py")
        more = [
            s.reply(f"w-more{n}", 200 + n, "w", blocks=[edit]),
            s.answer(f"w-x{n}", 201 + n, f"toolu_w{n}", "w"),
        ]
        s.append(folder / "claude", s.main_path("w"), s.lines(more))
        side = [s.side(s.prompt(f"ws{n}", 300, "w"), f"a{n}"), s.side(s.reply(f"wsr{n}", 301, "w"), f"a{n}")]
        s.append(folder / "claude", s.agent_path(f"a{n}", "w"), s.lines(side))
    for n in range(6):
        silent = rule(f"Dear {n}")
        Silence.objects.create(
            rule=silent, starts_at=planned.NOW, ends_at=planned.NOW + timedelta(days=n + 1)
        )
        Channel.objects.create(
            public_id=f"ops{n}", name=f"Ops {n}", kind="webhook", target=f"https://hooks.example.org/{n}"
        )
    planned.write_plans(folder, PLANS | dict(_plans()))
    sync([folder / "claude"], now=NOW)
    link_all()


def _plans() -> Iterator[tuple[str, str]]:
    for n in range(6):
        yield f"docs/project_plans/PRDs/more-{n}-v1.md", f"---\ntitle: More {n}\ndoc_type: prd\n---\n# More\n"
        tasks = "".join(f"  - {{id: M{n}-{k}, title: Do {k}, status: done}}\n" for k in range(5))
        yield (
            f".claude/progress/passkey-login-v1/phase-{n + 3}-progress.md",
            (f"---\ntype: progress\nphase: {n + 3}\ntasks:\n{tasks}---\n"),
        )


@pytest.mark.parametrize("path", READ)
def test_more_rows_are_no_more_queries(both: tuple[dict[str, int], dict[str, int]], path: str) -> None:
    small, grown = both
    assert grown[path] <= small[path]
