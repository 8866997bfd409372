"""A corpus of real transcripts, asked in every way there is: each answer equals the independent count, exactly."""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from analytics.exports import export_asked
from analytics.periods import ALL_TIME_END, ALL_TIME_START, BucketKind, Period
from analytics.reporting import BY, report
from analytics.selectors import USAGE_DIMENSIONS, breakdown, overview
from analytics.series import series
from analytics.sums import Usage
from sessions.exporting.downloads import written
from sessions.log_rows import logs_of
from sessions.models import AgentSession
from sessions.selectors import token_timeline
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db

EVER = Period(ALL_TIME_START, ALL_TIME_END, ZoneInfo("UTC"))
INDIA = Period(ALL_TIME_START, ALL_TIME_END, ZoneInfo("Asia/Kolkata"))
CLASSES = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_creation_tokens",
}


@pytest.fixture(scope="module", autouse=True)
def read_once(corpus: Path, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The corpus, read once for the module and taken out of the database afterwards."""
    with django_db_blocker.unblock():
        sync([corpus / "claude"])
        yield
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(scope="module")
def expected(corpus: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((corpus / "expected_usage.json").read_text())["billable"]
    return found


def assert_equal(usage: Usage | None, row: dict[str, Any]) -> None:
    """A sum equals a row of the expected file in every class and in money."""
    assert usage is not None
    wanted = {**row, "cache_write": row["cache_5m"] + row["cache_1h"]}
    assert {short: getattr(usage, name) for short, name in CLASSES.items()} == {
        short: wanted[short] for short in CLASSES
    }
    assert usage.cost_usd == Decimal(row["cost"])


def test_overview(expected: dict[str, Any]) -> None:
    whole = overview(EVER)
    assert_equal(whole.usage, expected["totals"] | {"cost": expected["cost"]})
    assert (whole.usage.responses, whole.tools.calls, whole.tools.errors) == (
        expected["responses"],
        2498,
        193,
    )
    assert whole.usage.unpriced_tokens == 0


def test_models(expected: dict[str, Any]) -> None:
    rows = {row.name: row for row in breakdown("model", EVER).rows}
    assert set(rows) == set(expected["models"])
    for name, wanted in expected["models"].items():
        assert_equal(rows[name].usage, wanted)


@pytest.mark.parametrize("dimension", USAGE_DIMENSIONS)
def test_parts_are_the_whole(dimension: str) -> None:
    assert breakdown(dimension, EVER).whole == overview(EVER).usage


def test_utc_days(expected: dict[str, Any]) -> None:
    rows = {row.name: row.usage for row in report("day", EVER).rows}
    assert set(rows) == set(expected["utc_days"])
    for day, wanted in expected["utc_days"].items():
        assert_equal(rows[day], wanted)


@pytest.mark.parametrize("period", [EVER, INDIA], ids=["UTC", "Kolkata"])
@pytest.mark.parametrize("kind", [BucketKind.DAILY, BucketKind.MONTHLY])
def test_series_add_up(expected: dict[str, Any], period: Period, kind: BucketKind) -> None:
    sums = {
        metric: sum(point.value or 0 for point in series(metric, period, kind))
        for metric in ("session_cost", "session_tokens", "cache_read_tokens", "cache_creation_tokens")
    }
    totals = expected["totals"]
    assert sums == {
        "session_cost": Decimal(expected["cost"]),
        "session_tokens": totals["input"] + totals["output"],
        "cache_read_tokens": totals["cache_read"],
        "cache_creation_tokens": totals["cache_5m"] + totals["cache_1h"],
    }


def test_days_of_the_series_are_those_expected(expected: dict[str, Any]) -> None:
    days = {p.bucket.label: p.value for p in series("session_cost", EVER, BucketKind.DAILY) if p.value}
    assert days == {day: Decimal(row["cost"]) for day, row in expected["utc_days"].items()}


def test_timelines_end_at_their_sessions_totals(expected: dict[str, Any]) -> None:
    last = 0
    for session in AgentSession.objects.all():
        points = token_timeline(session)
        end = points[-1].running_tokens if points else 0
        assert end == session.input_tokens + session.output_tokens
        last += end
    assert last == expected["totals"]["input"] + expected["totals"]["output"]


def test_log_rows_carry_the_tokens_of_their_session() -> None:
    """A subagent that only its parent's progress records tell of has no lines of its own to carry them."""
    for session in AgentSession.objects.filter(has_transcript=True):
        metadata = [log["metadata"] for log in logs_of(session)]
        own = sum(m["totalTokens"] for m in metadata if m.get("inherited") is False)
        assert own == session.input_tokens + session.output_tokens, session.public_id


@pytest.mark.parametrize("by", [by for by in BY if by != "tool"])
@pytest.mark.parametrize("period", [EVER, INDIA], ids=["UTC", "Kolkata"])
def test_reports_have_one_total(expected: dict[str, Any], by: str, period: Period) -> None:
    answer = report(by, period)
    assert_equal(answer.total.usage, expected["totals"] | {"cost": expected["cost"]})
    assert sum((row.usage for row in answer.rows if row.usage), Usage()) == answer.total.usage


def test_the_terminal_says_the_same(expected: dict[str, Any]) -> None:
    out = io.StringIO()
    call_command("report", "--by", "model", "--json", stdout=out)
    total = json.loads(out.getvalue())["total"]
    assert (total["inputTokens"], total["outputTokens"]) == (177_189, 775_878)
    assert (total["cacheCreationTokens"], total["cacheReadTokens"]) == (8_189_815, 179_924_308)
    assert total["cost"] == round(float(expected["cost"]), 6)


def exported(name: str, **given: str) -> list[dict[str, str]]:
    """The rows of a CSV file, each cell as it is written."""
    text = "".join(written(export_asked(name, given), "csv"))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def added_up(rows: list[dict[str, str]]) -> dict[str, Any]:
    """The columns of tokens and money, summed as whole numbers and as decimals."""
    sums = {short: sum(int(row[name]) for row in rows) for short, name in COLUMNS.items()}
    return {**sums, "cost": sum(Decimal(row["cost"]) for row in rows if row["cost"])}


COLUMNS = {
    "input": "inputTokens",
    "output": "outputTokens",
    "cache_read": "cacheReadTokens",
    "cache_write": "cacheCreationTokens",
}


@pytest.mark.parametrize("name", ["responses", *(f"breakdown {d}" for d in USAGE_DIMENSIONS)])
def test_columns_of_files_add_up(expected: dict[str, Any], name: str) -> None:
    kind, _, dimension = name.partition(" ")
    rows = exported(kind, **({"dimension": dimension} if dimension else {}))
    totals = expected["totals"]
    wanted = {short: totals[short] for short in ("input", "output", "cache_read")}
    cache_write = totals["cache_5m"] + totals["cache_1h"]
    assert added_up(rows) == {**wanted, "cache_write": cache_write, "cost": Decimal(expected["cost"])}


def test_a_part_of_the_responses_is_the_part_of_the_breakdown(expected: dict[str, Any]) -> None:
    for model, wanted in expected["models"].items():
        rows = exported("responses", model=model)
        assert sum(Decimal(row["cost"]) for row in rows) == Decimal(wanted["cost"])
    assert len(exported("responses")) == expected["responses"]


def test_sessions_and_calls_leave_whole(expected: dict[str, Any]) -> None:
    everyone = exported("sessions", include_subagents="true", include_inactive="true")
    assert sum(Decimal(row["totalCost"]) for row in everyone if row["totalCost"]) == Decimal(expected["cost"])
    calls = exported("tool-calls")
    assert (len(calls), sum(row["isError"] == "true" for row in calls)) == (2498, 193)
    points = exported("series", metric="session_cost", period="weekly", tz="Asia/Kolkata")
    assert sum(Decimal(row["value"]) for row in points if row["value"]) == Decimal(expected["cost"])


def test_every_row_names_the_line_it_stands_on() -> None:
    for name in ("responses", "tool-calls"):
        assert [row for row in exported(name) if not (row["file"] and row["seq"] and row["lineNumber"])] == []
