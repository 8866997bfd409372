from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from sessions.forms import SessionFilterForm


def asked(**query: str) -> dict[str, Any]:
    form = SessionFilterForm(query)
    assert form.is_valid(), form.errors
    return form.filters()


def wrong(**query: str) -> set[str]:
    form = SessionFilterForm(query)
    form.is_valid()
    return set(form.errors)


def test_nothing_asked_is_the_newest_fifty() -> None:
    assert asked() == {"sort_by": "started_at", "sort_order": "desc", "offset": 0, "limit": 50}


def test_a_date_only_end_includes_its_whole_day() -> None:
    filters = asked(start_date="2026-03-01", end_date="2026-03-01")
    assert filters["start_date"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert filters["end_date"] == datetime(2026, 3, 2, tzinfo=UTC)


def test_naive_times_are_meant_in_the_zone_asked_for() -> None:
    filters = asked(start_date="2026-03-01T10:00", end_date="2026-03-01", tz="Asia/Kolkata")
    assert filters["start_date"] == datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
    assert filters["end_date"] == datetime(2026, 3, 1, 18, 30, tzinfo=UTC)


def test_a_day_of_23_hours_ends_when_its_clock_says_so() -> None:
    filters = asked(start_date="2026-03-29", end_date="2026-03-29", tz="Europe/Berlin")
    assert (filters["end_date"] - filters["start_date"]).total_seconds() == 23 * 3600


def test_an_offset_whose_plus_was_lost_is_understood() -> None:
    filters = asked(start_date="2026-03-01T10:00:00 02:00")
    assert filters["start_date"] == datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_flags_take_the_usual_words_and_stay_open_when_not_given() -> None:
    assert asked(has_errors="true", include_subagents="1") == asked() | {
        "has_errors": True,
        "include_subagents": True,
    }
    assert asked(has_errors="no")["has_errors"] is False


def test_money_is_read_as_decimal() -> None:
    assert asked(min_cost="0.10")["min_cost"] == Decimal("0.10")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "running"),
        ("has_errors", "perhaps"),
        ("start_date", "yesterday"),
        ("end_date", "0001-01-01"),
        ("tz", "../etc/passwd"),
        ("min_cost", "NaN"),
        ("min_cost", "-1"),
        ("max_duration", "1e30"),
        ("sort_by", "password"),
        ("sort_order", "sideways"),
        ("offset", "-1"),
        ("limit", "0"),
        ("limit", "1001"),
        ("q", "a\x00b"),
        ("project", "x" * 300),
    ],
)
def test_a_wrong_value_is_named_by_its_parameter(name: str, value: str) -> None:
    assert wrong(**{name: value}) == {name}


def test_ranges_that_end_before_they_begin_are_refused() -> None:
    assert wrong(min_cost="2", max_cost="1") == {"max_cost"}
    assert wrong(start_date="2026-03-02", end_date="2026-02-01") == {"end_date"}


def test_what_is_right_still_filters_beside_what_is_wrong() -> None:
    form = SessionFilterForm({"status": "failed", "limit": "0"})
    assert not form.is_valid()
    assert form.filters()["status"] == "failed"
    assert form.filters()["limit"] == 50
