"""Every zone cuts the same whole: buckets of any zone and range, and parts of any dimension, add up to the total."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.days import answers
from analytics.days import querysets as days
from analytics.days.answers import tools_by_bucket, usage_by_bucket
from analytics.days.querysets import COST, USAGE_DIMENSIONS
from analytics.days.split import Split
from analytics.periods import ALL_TIME_END, ALL_TIME_START, BucketKind, Period, buckets, quarter_edges
from analytics.selectors import BREAKDOWN_DIMENSIONS, TOOL_DIMENSIONS, breakdown, overview
from analytics.series import series
from telemetry_site.tests.filled import filled
from telemetry_site.tests.ledger import CLOCK_CHANGES, write_and_read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ledger")]
KINDS = [BucketKind.HOURLY, BucketKind.DAILY, BucketKind.WEEKLY, BucketKind.MONTHLY]
ZONES = ["UTC", "Asia/Kolkata", "Pacific/Auckland", "Pacific/Chatham", "Europe/Berlin", "America/New_York"]
ADDED = (
    "session_cost",
    "session_tokens",
    "cache_read_tokens",
    "unpriced_tokens",
    "tool_call_count",
    "session_count",
)
EVER = Period(ALL_TIME_START, ALL_TIME_END, ZoneInfo("UTC"))


@pytest.fixture(scope="module")
def ledger(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    with filled(django_db_blocker, lambda: write_and_read(tmp_path_factory.mktemp("ledger"))):
        yield


def total(metric: str, period: Period, kind: BucketKind) -> Any:
    return sum(point.value or 0 for point in series(metric, period, kind))


def of_overview(metric: str, period: Period) -> Any:
    told = overview(period)
    return {
        "session_cost": told.usage.cost_usd or 0,
        "session_tokens": told.usage.tokens,
        "cache_read_tokens": told.usage.cache_read_tokens,
        "unpriced_tokens": told.usage.unpriced_tokens,
        "tool_call_count": told.tools.calls,
        "session_count": told.session_count,
    }[metric]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York", "Pacific/Auckland", "Asia/Tokyo"])
def test_days_that_are_cut_say_what_their_quarters_say(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each whole day the smaller part is moved to its neighbour, once there are more days than are asked singly."""
    ends = min(CLOCK_CHANGES) - timedelta(days=3), max(CLOCK_CHANGES) + timedelta(days=3)
    cut = buckets(Period(*ends, ZoneInfo(zone)), BucketKind.DAILY)
    assert Split.of(quarter_edges(cut)) is not None
    found = {}
    for most in (10_000, 0):
        monkeypatch.setattr(answers, "MOST_EDGES", most)
        found[most] = [
            *(usage_by_bucket(name, cut, columns=("input_tokens", COST)) for name in USAGE_DIMENSIONS),
            *(tools_by_bucket(name, cut) for name in days.TOOL_DIMENSIONS),
        ]
    assert found[0] == found[10_000]
    assert found[0][0][""]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("change", CLOCK_CHANGES, ids=lambda day: day.date().isoformat())
def test_days_of_23_and_25_hours_lose_and_double_nothing(zone: str, change: datetime) -> None:
    """Three days around a change of clocks, cut by hours and days of each zone, to the nano-dollar."""
    period = Period(change - timedelta(days=1), change + timedelta(days=4), ZoneInfo(zone))
    for metric in ("session_cost", "session_tokens"):
        whole = of_overview(metric, period)
        assert whole > 0
        assert [total(metric, period, kind) for kind in KINDS] == [whole] * 4


ZONE_NAMES = sorted(available_timezones() - {"localtime", "Factory"})
quarters = st.integers(0, 4 * 24 * 240).map(
    lambda n: datetime(2025, 9, 20, tzinfo=UTC) + n * timedelta(minutes=15)
)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(zone=st.sampled_from(ZONE_NAMES), ends=st.tuples(quarters, quarters), metric=st.sampled_from(ADDED))
def test_any_zone_and_range_adds_up(zone: str, ends: tuple[datetime, datetime], metric: str) -> None:
    start, end = min(ends), max(ends) + timedelta(minutes=15)
    period = Period(start, end, ZoneInfo(zone))
    whole = of_overview(metric, period)
    assert [total(metric, period, kind) for kind in KINDS] == [whole] * 4
    assert whole == of_overview(metric, Period(start, end, ZoneInfo("UTC")))


@pytest.mark.parametrize("dimension", [by for by in BREAKDOWN_DIMENSIONS if by not in TOOL_DIMENSIONS])
@pytest.mark.parametrize("sort", ["count", "name"])
def test_parts_of_every_dimension_are_the_whole_to_the_nano_dollar(dimension: str, sort: str) -> None:
    told = breakdown(dimension, EVER, sort=sort)
    assert told.whole == overview(EVER).usage
    assert sum(row.usage.cost_nano_usd or 0 for row in told.rows if row.usage) == told.whole.cost_nano_usd


@pytest.mark.parametrize("dimension", TOOL_DIMENSIONS)
def test_calls_of_every_tool_are_all_calls(dimension: str) -> None:
    assert sum(row.count for row in breakdown(dimension, EVER).rows) == overview(EVER).tools.calls
