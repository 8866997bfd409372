"""What a period came to: figures against counts made by hand from the samples."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics.metrics import UnknownDimension
from analytics.periods import ALL_TIME_END, ALL_TIME_START, Period
from analytics.selectors import BREAKDOWN_DIMENSIONS, breakdown, known_span, narrowed, overview
from analytics.sums import Usage
from analytics.tests.ledger import read, working_session
from sessions.models import Project
from sessions.scope import only
from sessions.tests import samples as s
from telemetry_site.tests.filled import Kept

pytestmark = pytest.mark.django_db

UTC_ZONE = ZoneInfo("UTC")
EVER = Period(ALL_TIME_START, ALL_TIME_END, UTC_ZONE)
FIRST_DAY = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC), UTC_ZONE)
# Three fresh and 100 cached input tokens per sample response, at 3, 15 and 0.3 dollars per million.
COST_OF_A_SESSION = Decimal(6 * 3 + 150 * 15) / 10**6 + Decimal(200 * 3) / 10**7


@pytest.fixture(scope="class")
def two_days(request: pytest.FixtureRequest, kept: Kept) -> None:
    """A session on each of two days, the second by a model nobody has a price for."""
    unpriced = working_session("b", day=1, model="acme-coder-1")
    kept.fill(request, lambda folder: read(folder, working_session("a"), unpriced))


def test_overview_counts_a_day(two_days: None) -> None:
    day = overview(FIRST_DAY)
    assert (day.usage.input_tokens, day.usage.output_tokens, day.usage.cache_read_tokens) == (6, 150, 200)
    assert day.usage.cost_usd == COST_OF_A_SESSION
    assert (day.session_count, day.subagent_session_count) == (1, 0)
    assert day.session_duration_avg == 10
    assert (day.tools.calls, day.tools.errors, day.tools.success_rate) == (2, 1, 50)
    assert [(m.name, m.sessions) for m in day.models] == [(s.MODEL, 1)]


def test_what_has_no_price_is_counted_and_not_priced(two_days: None) -> None:
    whole = overview(EVER).usage
    assert whole.tokens == 312
    assert whole.unpriced_tokens == 6 + 150 + 200
    assert whole.cost_usd == COST_OF_A_SESSION
    second = Period(FIRST_DAY.end_at, ALL_TIME_END, UTC_ZONE)
    assert overview(second).usage.cost_usd is None


def test_figures_of_plans_are_unknown(two_days: None) -> None:
    figures = overview(EVER)
    assert figures.task_velocity is None
    assert figures.task_completion_pct is None
    assert figures.feature_progress is None


def test_an_empty_period_is_nothing_and_not_unknown(two_days: None) -> None:
    empty = overview(Period(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC), UTC_ZONE))
    assert empty.usage == Usage()
    assert empty.session_count == 0
    assert empty.session_duration_avg is None
    assert empty.tools.success_rate is None


@pytest.mark.parametrize("dimension", BREAKDOWN_DIMENSIONS)
def test_parts_add_up_to_the_whole(two_days: None, dimension: str) -> None:
    split, whole = breakdown(dimension, EVER), overview(EVER)
    if split.rows[0].usage is None:
        assert sum(row.count for row in split.rows) == whole.tools.calls
    else:
        assert split.whole == whole.usage


def test_one_model_in_two_names_is_one_family(tmp_path: Path) -> None:
    path, records = working_session("a")
    more = s.reply("a-9", 20, "a", model="claude-sonnet-4-20250514", output=7)
    read(tmp_path, (path, [*records, more]))
    assert len(breakdown("model", EVER).rows) == 2
    [family] = breakdown("model_family", EVER).rows
    assert (family.name, family.count) == ("sonnet", 1)


def test_a_subagent_counts_in_tokens_and_not_in_sessions(tmp_path: Path) -> None:
    agent = [s.side(s.prompt("sp", 3, text="Look"), "abc"), s.side(s.reply("sr", 4, output=30), "abc")]
    read(tmp_path, working_session("a"), (s.agent_path("abc"), agent))
    figures = overview(EVER)
    assert (figures.session_count, figures.subagent_session_count) == (1, 1)
    assert figures.usage.output_tokens == 180
    types = {row.name: row.usage.output_tokens for row in breakdown("session_type", EVER).rows if row.usage}
    assert types == {"session": 150, "subagent": 30}


def test_tools_have_their_times_and_errors(two_days: None) -> None:
    rows = {row.name: row for row in breakdown("tool", EVER).rows}
    assert set(rows) == {"Bash", "Edit"}
    assert (rows["Bash"].count, rows["Bash"].p50_ms, rows["Bash"].p95_ms) == (2, 2000, 2000)
    assert rows["Bash"].tools is not None
    assert (rows["Bash"].tools.errors, rows["Bash"].tools.elapsed_ms) == (0, 4000)
    assert rows["Edit"].tools is not None
    assert (rows["Edit"].tools.errors, rows["Edit"].tools.success_rate) == (2, 0)


def test_a_project_is_only_its_own(tmp_path: Path) -> None:
    path, records = working_session("b", folder="-home-ada-other")
    read(tmp_path, working_session("a"), (path, [r | {"cwd": "/home/ada/other"} for r in records]))
    keys = list(Project.objects.values_list("pk", flat=True))
    parts = [overview(EVER, projects=only(key)).usage for key in keys]
    assert len(parts) == 2
    assert sum(parts, Usage()) == overview(EVER).usage


@pytest.mark.parametrize(("sort", "first"), [("cost", s.MODEL), ("name", "acme-coder-1")])
def test_rows_are_in_the_order_asked_for(two_days: None, sort: str, first: str) -> None:
    assert breakdown("model", EVER, sort=sort).rows[0].name == first


def test_an_unknown_dimension_is_refused_by_name() -> None:
    with pytest.raises(UnknownDimension, match="colour"):
        breakdown("colour", EVER)


def test_everything_is_narrowed_to_what_is_known(two_days: None) -> None:
    cut = narrowed(EVER)
    assert (cut.start_at, cut.end_at) == (FIRST_DAY.start_at, datetime(2026, 3, 3, tzinfo=UTC))


def test_an_empty_database_knows_no_span() -> None:
    assert known_span() is None
    assert narrowed(EVER) == EVER


def test_usage_of_many_is_what_adding_one_by_one_comes_to() -> None:
    parts = [Usage(input_tokens=3, cost_nano_usd=None), Usage(output_tokens=4, cost_nano_usd=5), Usage()]
    assert Usage.summed(parts) == sum(parts, Usage())
    assert Usage.summed(parts).cost_nano_usd == 5
    assert Usage.summed([]) == Usage()
