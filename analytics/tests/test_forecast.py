"""What open tasks may still cost: a range from finished ones, or nothing."""

from decimal import Decimal

from analytics.plans.forecast import LEAST, forecast

COSTS = [Decimal(cost) for cost in (1, 2, 3, 4, 5)]


def test_a_range_is_the_open_tasks_times_the_quartiles() -> None:
    found = forecast({"task": 10}, {"task": COSTS})
    assert found is not None
    assert (found.low_usd, found.high_usd) == (Decimal(20), Decimal(40))
    assert (found.open_tasks, found.finished) == (10, 5)


def test_kinds_are_not_mixed() -> None:
    plans = [cost * 100 for cost in COSTS]
    found = forecast({"task": 1, "plan": 2}, {"task": COSTS, "plan": plans})
    assert found is not None
    assert (found.low_usd, found.high_usd) == (Decimal(402), Decimal(804))


def test_too_little_to_go_on_is_no_forecast() -> None:
    assert forecast({"task": 1}, {"task": COSTS[: LEAST - 1]}) is None
    assert forecast({"task": 1, "plan": 1}, {"task": COSTS}) is None


def test_nothing_open_needs_no_forecast() -> None:
    assert forecast({"task": 0}, {"task": COSTS}) is None
    assert forecast({}, {}) is None
