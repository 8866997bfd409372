"""Commits date the changes of status, when the plans lie in a repository."""

import os
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tasks import repository
from tasks.discovery import survey_plans
from tasks.models import PlanRoot, ProjectTask
from tasks.tests.plans import LATER, add, progress_file, sync, write

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(repository.git_program() is None, reason="git is not installed"),
]

PROGRESS = ".claude/progress/export-orders/phase-1-progress.md"


class Repository:
    """A repository whose commits have the days they are given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, day: str = "2026-01-01") -> None:
        who = {"NAME": "Tester", "EMAIL": "tester@example.org", "DATE": f"{day}T10:00:00+00:00"}
        given = {
            f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in who.items()
        }
        isolated = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        env = {"PATH": os.environ["PATH"], **isolated, **given}
        subprocess.run(["git", "-C", str(self.folder), *arguments], check=True, capture_output=True, env=env)

    def commit(self, day: str, text: str, path: str = PROGRESS) -> None:
        write(self.folder, {path: text})
        self.git("add", "-A")
        self.git("commit", "--quiet", "--message", f"Work of {day}", day=day)
        # File systems with coarse times may not show that two commits of one moment are two.
        log = self.folder / ".git/logs/HEAD"
        stamp = log.stat().st_mtime_ns + 1_000_000
        os.utime(log, ns=(stamp, stamp))


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "shop")


def changes(raw_id: str) -> list[tuple[str, date, str, str]]:
    rows = ProjectTask.objects.get(raw_id=raw_id).status_changes.order_by("changed_at")
    return [(r.status, r.changed_at.date(), r.source, r.confidence) for r in rows]


def test_each_status_of_a_task_has_the_day_of_its_commit(shop: Repository) -> None:
    shop.commit("2026-01-05", progress_file("A pending", "B pending"))
    shop.commit("2026-01-06", progress_file("A in_progress", "B pending"))
    shop.commit("2026-01-07", progress_file("A in_progress", "B pending", note="nothing"))
    shop.commit("2026-01-08", progress_file("A completed", "B pending"))
    add(shop.folder)
    sync()
    assert changes("A") == [
        ("backlog", date(2026, 1, 5), "git", "high"),
        ("in-progress", date(2026, 1, 6), "git", "high"),
        ("done", date(2026, 1, 8), "git", "high"),
    ]
    assert changes("B") == [("backlog", date(2026, 1, 5), "git", "high")]
    task = ProjectTask.objects.get(raw_id="A")
    assert (task.completed_on, task.completed_source) == (date(2026, 1, 8), "git")
    assert task.completed_at == datetime(2026, 1, 8, 10, tzinfo=UTC)


def test_what_the_plan_writes_comes_before_what_git_says(shop: Repository) -> None:
    shop.commit("2026-01-09", progress_file("A completed completed_at: 2026-01-02"))
    add(shop.folder)
    sync()
    task = ProjectTask.objects.get(raw_id="A")
    assert (task.completed_on, task.completed_source) == (date(2026, 1, 2), "task")


def test_git_comes_before_the_date_of_the_whole_document(shop: Repository) -> None:
    shop.commit("2026-01-09", progress_file("A completed", completed="2026-01-20"))
    add(shop.folder)
    sync()
    assert ProjectTask.objects.get(raw_id="A").completed_on == date(2026, 1, 9)


def test_a_task_that_was_reopened_is_done_the_last_time(shop: Repository) -> None:
    for day, status in (("05", "completed"), ("06", "in_progress"), ("07", "completed")):
        shop.commit(f"2026-01-{day}", progress_file(f"A {status}"))
    add(shop.folder)
    sync()
    assert ProjectTask.objects.get(raw_id="A").completed_on == date(2026, 1, 7)


def test_a_commit_after_the_sync_replaces_the_time_of_the_sync(shop: Repository) -> None:
    shop.commit("2026-01-05", progress_file("A pending"))
    add(shop.folder)
    sync()
    write(shop.folder, {PROGRESS: progress_file("A completed")})
    sync(LATER)
    assert changes("A")[-1] == ("done", LATER.date(), "seen", "medium")
    shop.commit("2026-03-03", progress_file("A completed"))
    assert not survey_plans(LATER).is_empty
    sync(LATER)
    assert changes("A")[-1] == ("done", date(2026, 3, 3), "git", "high")
    assert survey_plans(LATER).is_empty


def test_commits_elsewhere_change_nothing_and_are_looked_at_once(shop: Repository) -> None:
    shop.commit("2026-01-05", progress_file("A pending"))
    add(shop.folder / ".claude" / "progress")
    sync()
    before = changes("A")
    shop.commit("2026-01-06", "# Read me", path="README.md")
    sync(LATER)
    assert changes("A") == before
    assert survey_plans(LATER).is_empty


def test_a_plan_is_done_from_the_commit_of_its_summary(shop: Repository) -> None:
    shop.commit(
        "2026-01-05", "<objective>\nPay\n</objective>\n", path=".planning/phases/01-pay/01-01-PLAN.md"
    )
    shop.commit("2026-01-06", "# Done\n", path=".planning/phases/01-pay/01-01-SUMMARY.md")
    add(shop.folder)
    sync()
    assert [(status, day) for status, day, *_ in changes("01-01")] == [
        ("backlog", date(2026, 1, 5)),
        ("done", date(2026, 1, 6)),
    ]


def test_a_rewritten_history_is_read_again(shop: Repository) -> None:
    shop.commit("2026-01-05", progress_file("A pending"))
    add(shop.folder)
    sync()
    PlanRoot.objects.update(git_head="0" * 40)
    shop.commit("2026-01-06", progress_file("A completed"))
    sync(LATER)
    assert changes("A")[-1][:2] == ("done", date(2026, 1, 6))


def test_without_git_nothing_fails(shop: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.commit("2026-01-05", progress_file("A completed"))
    monkeypatch.setattr(repository, "git_program", lambda: None)
    add(shop.folder)
    sync()
    assert changes("A")[0][2:] == ("seen", "low")
    assert survey_plans(LATER).is_empty


def test_reading_history_leaves_the_repository_as_it_is(shop: Repository) -> None:
    shop.commit("2026-01-05", progress_file("A completed"))
    before = _tree(shop.folder)
    add(shop.folder)
    sync()
    assert _tree(shop.folder) == before


def _tree(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.rglob("*")}
