"""What is drawn adds up to what is written, and is what the series of the API say."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics.courses import USAGE_COURSES, cost_and_tokens, courses, token_classes
from analytics.periods import Period, fitting_kind
from analytics.selectors import overview
from analytics.series import series
from analytics.tests.ledger import read, working_session
from sessions.tests import samples

pytestmark = pytest.mark.django_db


@pytest.fixture
def period(tmp_path: Path) -> Period:
    read(
        tmp_path,
        working_session("a"),
        working_session("b", 3),
        working_session("c", 3, model="house-model-1"),
    )
    day = samples.START.replace(hour=0)
    return Period(day, day + timedelta(days=10), ZoneInfo("UTC"))


def test_courses_are_the_series_of_their_metrics(period: Period) -> None:
    found = courses(period, projects=None)
    for id in (*USAGE_COURSES, "session_count", "tool_success_rate", "active_seconds"):
        expected = [point.value for point in series(id, period, fitting_kind(period))]
        values = [point.value for point in found[id].points]
        assert values == expected, id


def test_the_buckets_add_up_to_the_overview(period: Period) -> None:
    usage = overview(period).usage
    found = courses(period, projects=None)
    sums = {id: sum(point.value or 0 for point in found[id].points) for id in found}
    assert sums["session_cost"] == usage.cost_usd
    assert sums["session_tokens"] == usage.tokens
    assert sums["cache_read_tokens"] == usage.cache_read_tokens


def test_two_units_have_two_axes(period: Period) -> None:
    drawn = cost_and_tokens(courses(period, projects=None), "day")
    assert drawn.chart["axes"] == {
        "left": {"label": "Cost, USD", "unit": "USD"},
        "right": {"label": "Input + output tokens", "unit": "tokens"},
    }
    assert drawn.table.columns == ("Day", "Cost", "Tokens")
    assert len(drawn.table.rows) == len(drawn.chart["labels"]) == 10


def test_token_classes_are_stacked(period: Period) -> None:
    drawn = token_classes(courses(period, projects=None), "day")
    assert drawn.chart["type"] == "stacked"
    assert [dataset["label"] for dataset in drawn.chart["datasets"]] == [
        "Cache read tokens",
        "Cache write tokens",
        "Input tokens",
        "Output tokens",
    ]
