"""One metric over time: buckets add up to the period, in every zone and for every group."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics import measured as module
from analytics.metrics import METRICS, Source, UnknownDimension, UnknownMetric
from analytics.periods import ALL_TIME_END, ALL_TIME_START, BucketKind, Period, TooManyBuckets
from analytics.selectors import overview
from analytics.series import ANSWERED, SeriesPoint, series
from analytics.tests.ledger import read, working_session
from sessions.tests import samples as s
from telemetry_site.tests.filled import Kept

pytestmark = pytest.mark.django_db

EVER = Period(ALL_TIME_START, ALL_TIME_END, ZoneInfo("UTC"))
INDIA = Period(ALL_TIME_START, ALL_TIME_END, ZoneInfo("Asia/Kolkata"))
KINDS = (BucketKind.HOURLY, BucketKind.DAILY, BucketKind.WEEKLY, BucketKind.MONTHLY)


@pytest.fixture(scope="class")
def three_sessions(request: pytest.FixtureRequest, kept: Kept) -> None:
    """Sessions on 1, 2 and 4 March at ten o'clock UTC, the last with another model."""
    last = working_session("c", day=3, model="claude-opus-4-5-20251101")
    kept.fill(request, lambda folder: read(folder, working_session("a"), working_session("b", day=1), last))


def _values(points: Iterable[SeriesPoint]) -> list[object]:
    return [point.value for point in points]


def test_empty_buckets_of_a_flow_are_zero(three_sessions: None) -> None:
    points = series("session_tokens", EVER, BucketKind.DAILY)
    assert [p.bucket.label for p in points] == ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]
    assert _values(points) == [156, 156, 0, 156]


def test_empty_buckets_of_a_ratio_are_unknown(three_sessions: None) -> None:
    assert _values(series("tool_success_rate", EVER, BucketKind.DAILY)) == [50, 50, None, 50]
    assert _values(series("tool_error_rate", EVER, BucketKind.DAILY)) == [50, 50, None, 50]


def test_a_ratio_of_a_longer_bucket_divides_its_own_sums(three_sessions: None) -> None:
    [month] = series("cache_hit_rate", EVER, BucketKind.MONTHLY)
    assert month.value == 100 * 600 / 618


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("period", [EVER, INDIA], ids=["UTC", "Kolkata"])
def test_buckets_add_up_to_the_overview(three_sessions: None, period: Period, kind: BucketKind) -> None:
    whole = overview(period)
    wanted = {
        "session_cost": whole.usage.cost_usd,
        "session_tokens": whole.usage.tokens,
        "cache_read_tokens": whole.usage.cache_read_tokens,
        "session_count": whole.session_count,
        "tool_call_count": whole.tools.calls,
    }
    for metric, total in wanted.items():
        assert sum(point.value or 0 for point in series(metric, period, kind)) == total


def test_days_are_those_of_the_zone(tmp_path: Path) -> None:
    late = [s.prompt("late", 12 * 3600), s.reply("later", 12 * 3600 + 5)]  # 22:00 UTC, 03:30 in India
    read(tmp_path, (s.main_path(), late))
    assert [p.bucket.label for p in series("session_tokens", EVER, BucketKind.DAILY)] == ["2026-03-01"]
    assert [p.bucket.label for p in series("session_tokens", INDIA, BucketKind.DAILY)] == ["2026-03-02"]


@pytest.mark.parametrize("group_by", ["model", "model_family", "project", "session_type", "agent", "skill"])
def test_groups_add_up_to_the_whole(three_sessions: None, group_by: str) -> None:
    whole = series("session_tokens", EVER, BucketKind.DAILY)
    groups = series("session_tokens", EVER, BucketKind.DAILY, group_by=group_by)
    ordered = sorted(groups, key=lambda point: point.bucket.start_at)
    sums = [sum(int(p.value or 0) for p in points) for _, points in groupby(ordered, key=lambda p: p.bucket)]
    assert sums == _values(whole)


def test_many_groups_are_swept_together(three_sessions: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_GROUPS", 1)
    groups = series("session_tokens", EVER, BucketKind.MONTHLY, group_by="model")
    assert [(p.group, p.value) for p in groups] == [("other", 468)]


def test_percentiles_are_of_the_bucket(three_sessions: None) -> None:
    assert _values(series("tool_duration_p50", EVER, BucketKind.DAILY)) == [1000, 1000, None, 1000]
    assert _values(series("tool_duration_p95", EVER, BucketKind.DAILY)) == [2000, 2000, None, 2000]


@pytest.mark.parametrize("metric", sorted(ANSWERED))
def test_every_answered_metric_answers(three_sessions: None, metric: str) -> None:
    points = series(metric, EVER, BucketKind.WEEKLY)
    assert len(points) == 2
    is_unread = METRICS[metric].source in (Source.TASKS, Source.FEATURES)  # no plan was read here
    empty = 0 if METRICS[metric].adds_up and not is_unread else None
    assert series(metric, Period(*_YEAR_2020, ZoneInfo("UTC")), BucketKind.MONTHLY)[0].value == empty


_YEAR_2020 = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC))


def test_an_empty_database_has_one_empty_bucket() -> None:
    day = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC), ZoneInfo("UTC"))
    assert _values(series("session_cost", day, BucketKind.DAILY)) == [0]


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownMetric, match="session_cost"):
        series("session_costs", EVER, BucketKind.DAILY)
    with pytest.raises(UnknownDimension, match="model_family"):
        series("session_cost", EVER, BucketKind.DAILY, group_by="colour")


def test_too_fine_a_cut_is_refused(three_sessions: None) -> None:
    with pytest.raises(TooManyBuckets):
        series("session_cost", Period(*_DECADE, ZoneInfo("UTC")), BucketKind.HOURLY)


_DECADE = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
