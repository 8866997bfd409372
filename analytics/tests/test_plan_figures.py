"""How far plans came: what counts as complete, since when, and that nothing is claimed where no plan was read."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.periods import ALL_TIME_END, ALL_TIME_START, BucketKind, Period
from analytics.plan_figures import TaskCourse, completion, feature_progress, plan_figures, task_courses
from analytics.selectors import overview
from analytics.series import series
from analytics.tests.ledger import read, working_session
from analytics.tests.passkey_plans import NOW, project_with_plans
from sessions.models import Project
from sessions.scope import only
from tasks.models import Feature, ProjectTask, StatusChange

UTC_ZONE = ZoneInfo("UTC")
EVER = Period(ALL_TIME_START, ALL_TIME_END, UTC_ZONE)
HONOLULU = ZoneInfo("Pacific/Honolulu")


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=UTC)


def days(first: int, last: int, zone: ZoneInfo = UTC_ZONE) -> Period:
    """Whole local days of March, both included."""
    start = datetime(2026, 3, first, tzinfo=zone)
    return Period(start, datetime(2026, 3, last, tzinfo=zone) + timedelta(days=1), zone)


def course(*turns: tuple[int, bool], feature: int | None = 1) -> TaskCourse:
    told = tuple((day(number), complete) for number, complete in turns)
    return TaskCourse("engine", feature, bool(turns) and turns[-1][1], None, told)


def test_a_task_is_what_its_last_turn_says() -> None:
    reopened = course((2, True), (4, False), (6, True))
    states = [reopened.was_complete(day(number)) for number in (1, 2, 3, 5, 6, 7)]
    assert states == [False, False, True, False, False, True]


def test_completion_is_a_share_of_all_tasks() -> None:
    courses = [course((1, True)), course((2, True)), course((3, True)), course()]
    assert completion(courses, day(9)).percent == 75.0
    assert completion(courses, day(3)).percent == 50.0
    assert completion([], day(3)).percent is None


def test_feature_progress_is_the_mean_over_features() -> None:
    courses = [
        course((1, True), feature=1),
        course(feature=1),
        course((1, True), feature=2),
        course(feature=None),
    ]
    assert feature_progress(courses, day(9)).percent == 75.0
    assert feature_progress([course(feature=None)], day(9)).percent is None


@pytest.mark.django_db
class TestWithoutPlans:
    def test_nothing_is_known(self, tmp_path: Path) -> None:
        read(tmp_path, working_session())
        whole = overview(EVER)
        assert (whole.task_velocity, whole.task_completion_pct) == (None, None)
        assert (whole.feature_progress, whole.cost_per_completed_task) == (None, None)

    def test_a_series_is_unknown_everywhere(self, tmp_path: Path) -> None:
        read(tmp_path, working_session())
        assert [p.value for p in series("task_velocity", days(1, 2), BucketKind.DAILY)] == [None, None]

    def test_another_projects_plans_do_not_count(self, tmp_path: Path) -> None:
        project_with_plans(tmp_path)
        other = Project.objects.create(key="/other", slug="other", name="other")
        assert overview(EVER, projects=only(other.pk)).task_velocity is None


@pytest.mark.django_db
class TestPlans:
    @pytest.fixture(autouse=True)
    def plans(self, tmp_path: Path) -> None:
        project_with_plans(tmp_path)

    def test_three_of_four_are_complete(self) -> None:
        figures = plan_figures(EVER)
        assert (figures.task_velocity, figures.task_completion_pct) == (3, 75.0)
        assert figures.feature_progress == 75.0

    def test_a_period_has_what_was_completed_in_it(self) -> None:
        assert [plan_figures(days(n, n)).task_velocity for n in (1, 2, 4)] == [1, 0, 1]
        assert plan_figures(days(1, 31)).task_velocity == 2  # nobody wrote when the deferred one was

    def test_a_period_ends_with_the_state_of_then(self) -> None:
        ends = [plan_figures(days(n, n)).task_completion_pct for n in (1, 4)]
        assert ends == [25.0, 50.0]

    def test_what_was_never_dated_counts_from_when_it_was_seen(self) -> None:
        seen = NOW.day
        ends = [plan_figures(days(1, n)).task_completion_pct for n in (seen - 1, seen)]
        assert ends == [50.0, 75.0]

    def test_a_written_day_is_one_of_the_readers_zone(self) -> None:
        assert plan_figures(days(4, 4, HONOLULU)).task_velocity == 1
        assert plan_figures(days(3, 3, HONOLULU)).task_velocity == 0

    def test_cost_per_completed_task(self) -> None:
        whole = overview(EVER)
        assert whole.usage.cost_usd is not None
        assert whole.cost_per_completed_task == whole.usage.cost_usd / Decimal(3)
        assert overview(days(2, 2)).cost_per_completed_task is None

    def test_a_task_that_left_its_file_no_longer_counts(self) -> None:
        ProjectTask.objects.filter(raw_id="PK-001").update(removed_at=NOW)
        figures = plan_figures(EVER)
        assert figures.task_velocity == 2
        assert figures.task_completion_pct == pytest.approx(200 / 3)

    def test_a_named_day_outranks_the_commit_that_tells_it(self) -> None:
        task = ProjectTask.objects.get(raw_id="PK-002")
        StatusChange.objects.filter(task=task).delete()
        for number, status in ((2, "in-progress"), (9, "done")):
            StatusChange.objects.create(
                project=task.project,
                task=task,
                status=status,
                changed_at=day(number),
                source="git",
                confidence="medium",
            )
        found = next(c for c in task_courses(None, UTC_ZONE) if c.completed_at == day(4))
        assert found.turns == ((day(4), True),)

    def test_work_that_was_reopened_is_open(self) -> None:
        task = ProjectTask.objects.get(raw_id="PK-004")
        for number, status in ((2, "done"), (5, "in-progress")):
            StatusChange.objects.create(
                project=task.project,
                task=task,
                status=status,
                changed_at=day(number),
                source="git",
                confidence="medium",
            )
        ends = [plan_figures(days(1, n)).task_completion_pct for n in (1, 3, 5)]
        assert ends == [25.0, 50.0, 50.0]


STATUSES = st.sampled_from(["backlog", "in-progress", "done", "deferred"])
HOURS = st.integers(0, 9 * 24).map(lambda hours: day(1) + timedelta(hours=hours))


@dataclass(frozen=True)
class Told:
    """A task by what its plan says and how its status changed."""

    status: str
    on: datetime | None
    has_time: bool
    seen_at: datetime
    changes: list[tuple[datetime, bool, str]]
    feature: int | None


TASKS = st.lists(
    st.builds(
        Told,
        status=STATUSES,
        on=st.none() | HOURS,
        has_time=st.booleans(),
        seen_at=HOURS,
        changes=st.lists(st.tuples(HOURS, st.booleans(), STATUSES), max_size=4),
        feature=st.none() | st.integers(0, 2),
    ),
    max_size=8,
)


def write_down(tasks: list[Told], like: ProjectTask) -> None:
    features = [
        Feature.objects.create(
            project=like.project, slug=f"f{n}", canonical_slug=f"f{n}", name="f", first_seen_at=NOW,
            removed_at=NOW if n == 2 else None,
        )
        for n in range(3)
    ]  # fmt: skip
    for number, told in enumerate(tasks):
        task = ProjectTask.objects.create(
            project=like.project,
            document=like.document,
            feature=None if told.feature is None else features[told.feature],
            raw_id=f"random-{number}",
            title="t",
            status=told.status,
            completed_on=told.on.date() if told.on else None,
            completed_at=told.on if told.on and told.has_time else None,
            completed_confidence="high" if told.on else "",
            first_seen_at=told.seen_at,
        )
        changes = [
            StatusChange(
                project=like.project, task=task, status=status, changed_at=at if has_time else at.replace(hour=0),
                has_time=has_time, source="git", confidence="low",
            )
            for at, has_time, status in told.changes
        ]  # fmt: skip
        StatusChange.objects.bulk_create(changes, ignore_conflicts=True)


@pytest.mark.django_db
class TestWhatTheDatabaseCounts:
    @given(tasks=TASKS, moment=HOURS, zone=st.sampled_from([UTC_ZONE, HONOLULU, ZoneInfo("Asia/Kolkata")]))
    @settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_is_what_the_courses_say(
        self, tmp_path: Path, tasks: list[Told], moment: datetime, zone: ZoneInfo
    ) -> None:
        if not ProjectTask.objects.exists():
            project_with_plans(tmp_path)
        with transaction.atomic():
            write_down(tasks, ProjectTask.objects.all()[0])
            period, courses = Period(day(1) - timedelta(days=9), moment, zone), task_courses(None, zone)
            figures = plan_figures(period)
            assert figures.task_completion_pct == completion(courses, moment).percent
            assert figures.feature_progress == feature_progress(courses, moment).percent
            within = [c for c in courses if c.completed_at is not None and c.completed_at in period]
            assert figures.task_velocity == len(within)
            transaction.set_rollback(True)
