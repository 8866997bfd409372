"""Metrics about plans over time: by the dates on which tasks were completed, whole and in groups."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics import measured as module
from analytics.metrics import UnknownDimension
from analytics.periods import ALL_TIME_END, ALL_TIME_START, BucketKind, Period
from analytics.plan_figures import plan_figures
from analytics.querysets import UNATTRIBUTED
from analytics.selectors import overview
from analytics.series import series
from analytics.tests.passkey_plans import PLANS, project_with_plans, write_plans
from tasks.models import ProjectTask
from tasks.roots import add_manual_root
from telemetry_site.pipeline import sync
from telemetry_site.tests.filled import Kept

pytestmark = pytest.mark.django_db

EVER = Period(ALL_TIME_START, ALL_TIME_END, ZoneInfo("UTC"))
FIVE_DAYS = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC), ZoneInfo("UTC"))
FEATURE = "passkey-login-v1"


@pytest.fixture(scope="class")
def plans(request: pytest.FixtureRequest, kept: Kept) -> Path:
    return kept.fill(request, project_with_plans)


def values(metric: str, kind: BucketKind = BucketKind.DAILY, period: Period = FIVE_DAYS) -> list[object]:
    return [point.value for point in series(metric, period, kind)]


def groups(metric: str, by: str) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for point in series(metric, FIVE_DAYS, BucketKind.DAILY, group_by=by):
        found.setdefault(point.group, []).append(point.value)
    return found


def test_velocity_is_by_completion_date(plans: None) -> None:
    assert values("task_velocity") == [1, 0, 0, 1, 0]
    assert values("task_velocity", BucketKind.WEEKLY) == [1, 1]  # 1 March is a Sunday


def test_stocks_hold_until_they_change(plans: None) -> None:
    assert values("task_completion_pct") == [25.0, 25.0, 25.0, 50.0, 50.0]
    assert values("feature_progress") == [25.0, 25.0, 25.0, 50.0, 50.0]


def test_a_stock_ends_where_the_overview_is(plans: None) -> None:
    for metric in ("task_completion_pct", "feature_progress"):
        assert values(metric, BucketKind.MONTHLY, EVER) == [getattr(plan_figures(EVER), metric)] == [75.0]


def test_cost_per_task_divides_the_buckets_own_sums(plans: None) -> None:
    costs = values("session_cost")
    assert values("cost_per_completed_task") == [costs[0], None, None, None, None]
    [whole] = values("cost_per_completed_task", BucketKind.MONTHLY)
    assert whole == sum(cost for cost in costs if cost) / 2  # type: ignore[misc]


def test_syncing_again_changes_no_point(plans: Path) -> None:
    metrics = ("task_velocity", "task_completion_pct", "feature_progress", "cost_per_completed_task")
    before = [values(metric, period=EVER) for metric in metrics]
    sync([plans / "claude"])
    assert [values(metric, period=EVER) for metric in metrics] == before


def test_open_ends_reach_to_the_first_completed_task(plans: None) -> None:
    ProjectTask.objects.filter(raw_id="PK-001").update(completed_on="2026-01-15")
    first = series("task_velocity", EVER, BucketKind.DAILY)[0]
    assert (first.bucket.label, first.value) == ("2026-01-15", 1)


def test_plans_without_sessions_have_a_series(tmp_path: Path) -> None:
    add_manual_root(str(write_plans(tmp_path)), "engine")
    sync([tmp_path / "claude"])
    assert sum(int(p.value or 0) for p in series("task_velocity", EVER, BucketKind.WEEKLY)) == 2


@pytest.fixture(scope="class")
def two_projects(request: pytest.FixtureRequest, kept: Kept) -> None:
    """The same plans in two projects, so that slugs repeat; one task belongs to no feature."""

    def fill(folder: Path) -> None:
        project_with_plans(folder)
        add_manual_root(str(write_plans(folder / "other")), "pump")
        sync([folder / "claude"])
        ProjectTask.objects.filter(project__name="pump", raw_id="PK-002").update(feature=None)

    kept.fill(request, fill)


@pytest.mark.usefixtures("two_projects")
class TestGroups:
    def test_projects(self) -> None:
        assert groups("task_velocity", "project") == {"engine": [1, 0, 0, 1, 0], "pump": [1, 0, 0, 1, 0]}

    def test_features_of_one_name_stay_apart(self) -> None:
        assert groups("task_velocity", "feature") == {
            f"engine/{FEATURE}": [1, 0, 0, 1, 0],
            f"pump/{FEATURE}": [1, 0, 0, 0, 0],
            UNATTRIBUTED: [0, 0, 0, 1, 0],
        }

    def test_what_has_no_feature_has_no_progress_of_one(self) -> None:
        assert set(groups("feature_progress", "feature")) == {f"engine/{FEATURE}", f"pump/{FEATURE}"}

    @pytest.mark.parametrize("by", ["project", "feature"])
    def test_groups_add_up(self, by: str) -> None:
        whole = values("task_velocity")
        parts = groups("task_velocity", by).values()
        assert [sum(column) for column in zip(*parts, strict=True)] == whole

    def test_costs_are_of_the_feature(self) -> None:
        found = groups("cost_per_completed_task", "feature")
        cost = groups("session_cost", "feature")
        assert found[f"engine/{FEATURE}"][0] == cost[FEATURE][0]
        assert found[f"pump/{FEATURE}"] == [None] * 5

    def test_the_rest_is_swept_together(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MAX_GROUPS", 1)
        assert groups("task_velocity", "feature") == {"other": values("task_velocity")}
        assert groups("task_completion_pct", "project") == {"other": values("task_completion_pct")}

    def test_a_dimension_that_tasks_do_not_have_is_refused(self) -> None:
        with pytest.raises(UnknownDimension, match="project, feature"):
            series("task_velocity", EVER, BucketKind.DAILY, group_by="model")


def test_usage_by_feature_adds_up(plans: None) -> None:
    whole = overview(EVER).usage
    points = series("session_tokens", EVER, BucketKind.DAILY, group_by="feature")
    assert {p.group for p in points} == {FEATURE, UNATTRIBUTED}
    assert sum(int(p.value or 0) for p in points) == whole.tokens


@pytest.mark.parametrize("metric", ["session_count", "active_seconds", "api_error_count", "tool_call_count"])
def test_sessions_and_calls_by_feature_add_up(plans: None, metric: str) -> None:
    parts = groups(metric, "feature")
    assert set(parts) <= {FEATURE, UNATTRIBUTED}
    columns = [parts.get(name, [0] * 5) for name in (FEATURE, UNATTRIBUTED)]
    assert [sum(column) for column in zip(*columns, strict=True)] == values(metric)


def test_a_session_is_of_its_main_feature(plans: None) -> None:
    assert groups("session_count", "feature") == {FEATURE: [1, 0, 0, 0, 0], UNATTRIBUTED: [0, 1, 0, 0, 0]}


def test_the_plans_of_the_sample_are_those_counted_here() -> None:
    assert sum(text.count("- {id:") for text in PLANS.values()) == 4
