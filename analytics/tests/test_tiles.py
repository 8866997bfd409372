"""Changes say how much, which way, and whether that is good; unknown is a dash."""

from decimal import Decimal

import pytest

from analytics.formatting import DASH
from analytics.metrics import metric
from analytics.sums import Usage
from analytics.tiles import changed, money_marks, output_marks

COST, RATE, TOKENS = metric("session_cost"), metric("tool_success_rate"), metric("session_tokens")


def test_more_cost_is_bad_and_less_is_good() -> None:
    more = changed(COST, Decimal(3), Decimal(2))
    assert (more.text.replace("\xa0", " "), more.direction, more.tone) == ("+50 %", "arrow-up", "bad")
    assert more.title == "$2 in the preceding period"
    assert changed(COST, Decimal(1), Decimal(2)).tone == "good"


def test_more_tokens_are_neither() -> None:
    assert changed(TOKENS, 3, 2).tone == ""


def test_a_ratio_changes_in_points() -> None:
    change = changed(RATE, 92.0, 90.5)
    assert (change.text.replace("\xa0", " "), change.tone) == ("1.5 points more", "good")
    assert changed(RATE, 90.5, 92.0).text.endswith("points less")


@pytest.mark.parametrize(("value", "earlier"), [(None, 1), (1, None), (5, 0)])
def test_what_cannot_be_compared_is_a_dash(value: int | None, earlier: int | None) -> None:
    assert changed(TOKENS, value, earlier).text == DASH


def test_nothing_changed() -> None:
    assert changed(TOKENS, 0, 0).text == "unchanged"


def test_marks_say_what_a_sum_leaves_out() -> None:
    usage = Usage(responses=10, lower_bound_responses=4, unpriced_tokens=1234, cost_nano_usd=1)
    unpriced, lower = money_marks(usage)
    assert unpriced.is_warning
    assert "1\u202f234\xa0tokens" in unpriced.title
    assert "4 of 10 responses" in lower.title
    assert output_marks(usage) == (lower,)
    assert money_marks(Usage(responses=10)) == ()
