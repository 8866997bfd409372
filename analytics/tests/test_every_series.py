"""Every metric by every dimension it has, in every period and zone: each works, and its groups are the whole."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analytics.metrics import METRICS
from analytics.periods import ALL_TIME_END, ALL_TIME_START, BucketKind, Period
from analytics.series import SeriesPoint, series
from telemetry_site.tests.filled import filled
from telemetry_site.tests.ledger import write_and_read

KINDS = [kind for kind in BucketKind if kind is not BucketKind.QUARTER_HOUR]
PAIRS = [(metric.id, by) for metric in METRICS.values() for by in metric.series_dimensions]
# A session that used two skills is one of each.
SEVERAL = {("session_count", "skill")}
ZONES = ["Asia/Kolkata", "Pacific/Chatham", "America/St_Johns"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ledger")]


@pytest.fixture(scope="module")
def ledger(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    with filled(django_db_blocker, lambda: write_and_read(tmp_path_factory.mktemp("ledger"))):
        yield


def told(kind: BucketKind, zone: str) -> Period:
    """All there is; for hours a few days of it, a change of clocks among them."""
    if kind is BucketKind.HOURLY:
        return Period(datetime(2026, 2, 27, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC), ZoneInfo(zone))
    return Period(ALL_TIME_START, ALL_TIME_END, ZoneInfo(zone))


def by_bucket(points: Iterable[SeriesPoint]) -> dict[str, Any]:
    sums: dict[str, Any] = defaultdict(Decimal)
    for point in points:
        sums[point.bucket.label] += Decimal(str(point.value or 0))
    return dict(sums)


@pytest.mark.parametrize(("metric", "by"), PAIRS, ids=[f"{metric} by {by}" for metric, by in PAIRS])
def test_groups_of_a_flow_add_up_to_it(metric: str, by: str) -> None:
    for kind, zone in zip(KINDS, ["UTC", *ZONES], strict=True):
        groups = series(metric, told(kind, zone), kind, group_by=by)
        assert groups, "the ledger has something of every metric"
        assert all(point.group for point in groups)
        if METRICS[metric].adds_up and (metric, by) not in SEVERAL:
            assert by_bucket(groups) == by_bucket(series(metric, told(kind, zone), kind)), (kind, zone)
