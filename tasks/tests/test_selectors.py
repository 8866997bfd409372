"""How far plans are: counts, percentages, velocity in the reader's zone, and what was not understood."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sessions.scope import only
from tasks import selectors
from tasks.roots import choose_checklists
from tasks.tests.plans import LATER, add, copied, progress_file, sync, write

pytestmark = pytest.mark.django_db

PROGRESS = ".claude/progress/export-orders/phase-1-progress.md"


@pytest.fixture
def project_id(tmp_path: Path) -> int:
    root = add(copied("prd_progress", tmp_path))
    sync()
    return root.project_id


def read(tmp_path: Path, *tasks: str) -> None:
    add(write(tmp_path / "p", {PROGRESS: progress_file(*tasks)}))
    sync()


def test_three_of_four_are_75_percent(tmp_path: Path) -> None:
    read(tmp_path, "A done", "B deferred", "C completed", "D in-progress")
    counts = selectors.task_counts()
    assert (counts.completed, counts.total, counts.done, counts.deferred) == (3, 4, 2, 1)
    assert selectors.task_completion_percent() == 75.0


def test_no_tasks_have_no_percentage() -> None:
    assert selectors.task_completion_percent() is None
    assert selectors.task_counts().total == 0
    assert selectors.velocity() == 0


def test_blocked_stays_blocked(project_id: int) -> None:
    assert selectors.task_counts(only(project_id)).by_status == {
        "backlog": 1,
        "in-progress": 0,
        "blocked": 1,
        "review": 0,
        "done": 3,
        "deferred": 1,
    }


def test_days_are_those_of_the_readers_zone(project_id: int) -> None:
    """TASK-1.1 was done at 04:30 UTC on the 14th; of the others only the day is known."""
    days = selectors.completions_by_day(projects=only(project_id))
    assert days == [(date(2026, 1, 14), 1), (date(2026, 1, 20), 1), (date(2026, 2, 13), 1)]
    western = selectors.completions_by_day(zone=ZoneInfo("America/New_York"), projects=only(project_id))
    assert western == [(date(2026, 1, 13), 1), (date(2026, 1, 20), 1), (date(2026, 2, 13), 1)]


@pytest.mark.parametrize(
    ("start", "end", "zone", "count"),
    [
        (datetime(2026, 1, 14, tzinfo=UTC), datetime(2026, 1, 21, tzinfo=UTC), "UTC", 2),
        (datetime(2026, 1, 14, 4, 30, tzinfo=UTC), datetime(2026, 1, 20, tzinfo=UTC), "UTC", 1),
        (datetime(2026, 1, 14, 4, 31, tzinfo=UTC), datetime(2026, 1, 20, tzinfo=UTC), "UTC", 0),
        (datetime(2026, 1, 20, 5, tzinfo=UTC), datetime(2026, 1, 21, 5, tzinfo=UTC), "America/New_York", 1),
        (datetime(2026, 1, 20, 1, tzinfo=UTC), None, "UTC", 1),
        (None, None, "UTC", 3),
    ],
)
def test_velocity_counts_completions_inside_the_stretch(
    project_id: int, start: datetime | None, end: datetime | None, zone: str, count: int
) -> None:
    assert selectors.velocity(start, end, zone=ZoneInfo(zone), projects=only(project_id)) == count
    days = selectors.completions_by_day(start, end, zone=ZoneInfo(zone), projects=only(project_id))
    assert sum(n for _, n in days) == count


def test_completions_without_a_date_are_counted_apart(project_id: int) -> None:
    assert selectors.undated_completions(only(project_id)) == 1  # the deferred one


def test_features_have_phases_and_progress(project_id: int) -> None:
    found = {row.feature.slug: row for row in selectors.features(only(project_id))}
    assert list(found) == ["dark-header", "export-orders-v1"]  # last worked on first
    export = found["export-orders-v1"]
    assert (export.progress.completed, export.progress.total, export.progress.percent) == (3, 5, 60.0)
    assert [(p.phase.token, p.progress.completed, p.progress.total) for p in export.phases] == [
        ("1", 3, 3),
        ("2", 0, 2),
    ]
    assert [row.feature.slug for row in selectors.features(only(project_id), status="done")] == [
        "dark-header"
    ]
    counts = selectors.count_by_status(selectors.features(only(project_id)))
    assert (counts["done"], counts["in-progress"], counts["blocked"]) == (1, 1, 0)


@pytest.mark.parametrize("name", ["export-orders-v1", "export-orders", "Export-Orders"])
def test_a_feature_is_found_by_any_of_its_names(project_id: int, name: str) -> None:
    found = selectors.feature(name, only(project_id))
    assert found is not None
    assert found.feature.slug == "export-orders-v1"


def test_a_name_of_nothing_or_of_several_finds_nothing(project_id: int, tmp_path: Path) -> None:
    assert selectors.feature("nothing") is None
    add(copied("prd_progress", tmp_path / "again"), "again")
    sync(LATER)
    assert selectors.feature("export-orders") is None
    assert selectors.feature("export-orders", only(project_id)) is not None


def test_tasks_are_filtered(project_id: int) -> None:
    def ids(**filters: str) -> list[str]:
        return [task.raw_id for task in selectors.tasks(only(project_id), **filters)]  # type: ignore[arg-type]

    assert ids() == ["TASK-1.1", "TASK-1.2", "TASK-1.3", "TASK-1.1", "TASK-2.2", "DARK-1"]
    assert ids(status="done") == ["TASK-1.1", "TASK-1.2", "DARK-1"]
    assert ids(owner="api-engineer") == ["TASK-1.1"]
    assert ids(text="the header") == ["DARK-1"]
    assert ids(priority="high") == ["TASK-1.1"]


def test_documents_are_listed_without_what_was_read_from_them(project_id: int) -> None:
    found = list(selectors.documents(only(project_id), doc_type="progress"))
    assert len(found) == 3
    assert "facts" in found[0].get_deferred_fields()
    assert [d.title for d in selectors.documents(only(project_id), text="CSV fastest")] == [
        "Which library writes CSV fastest"
    ]


def test_what_was_not_understood_is_listed(project_id: int) -> None:
    path = ".claude/progress/export-orders/phase-2-progress.md"
    assert selectors.unknown_statuses(only(project_id)) == [("deviated", 1, [path])]
    assert selectors.plan_problems(only(project_id)) == []


def test_removed_tasks_can_still_be_seen(project_id: int, tmp_path: Path) -> None:
    (tmp_path / "prd_progress/.claude/progress/quick-features/dark-header.md").unlink()
    sync(LATER)
    assert [task.raw_id for task in selectors.removed_tasks(project_id)] == ["DARK-1"]
    assert selectors.task_counts(only(project_id)).total == 5


def test_the_choice_about_check_lists_can_be_seen(project_id: int, tmp_path: Path) -> None:
    plain = add(copied("plain", tmp_path)).project_id
    sync(LATER)
    assert selectors.checklist_choice(project_id).counted is False
    assert selectors.checklist_choice(plain).reason == "The plans have no task lists."
    choose_checklists(plain, "never")
    assert (selectors.checklist_choice(plain).choice, selectors.checklist_choice(plain).counted) == (
        "never",
        False,
    )
    choose_checklists(plain, "always")
    assert selectors.checklist_choice(plain).counted
