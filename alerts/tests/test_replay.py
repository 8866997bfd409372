"""Rules over time, without a database: what is judged when, and that pieces tell what the whole tells."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.definition import Baseline, Compare, ConditionKind, NoData, Operator, RuleDefinition, Scope
from alerts.replay import Group, Replayed, Transition, firings, limit_in_force, replay
from alerts.states import Reason, State
from alerts.windows import Course, Parts, PerSessionCourse, RankedCourse, SummedCourse, slots
from analytics.metrics import Aggregation
from analytics.periods import quarter_of, quarter_start

FAR = datetime(2100, 1, 1, tzinfo=UTC)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
FIRST = quarter_of(MONDAY)
DAY = 96


def rule(**more: Any) -> RuleDefinition:
    given = {"metric": "session_tokens", "operator": Operator.ABOVE, "threshold": Decimal(10)}
    return RuleDefinition(**{**given, "scope": Scope.ROLLING, "window_seconds": 1800, **more})


def summed(values: dict[int, int]) -> Course:
    """A course of amounts, by the quarter counted from FIRST; each one is a sample."""
    return SummedCourse.of({FIRST + n: Parts(v, v, v) for n, v in values.items()})


def ratio(values: dict[int, tuple[int, int]]) -> Course:
    rows = {FIRST + n: Parts(part, whole, whole) for n, (part, whole) in values.items()}
    return SummedCourse.of(rows, Decimal(100), is_ratio=True)


def told(of: RuleDefinition, course: Course, slots: int, *, now: datetime = FAR, **more: Any) -> Replayed:
    return replay(of, {(): course}, FIRST, FIRST + slots, now=now, **more)


def short(changes: list[Transition]) -> list[tuple[int, str, str]]:
    """(quarter from FIRST, state, reason)."""
    return [(quarter_of(each.at) - FIRST, str(each.after), str(each.reason)) for each in changes]


def test_a_rolling_sum_fires_in_the_slot_that_brings_it_and_ends_when_it_has_passed() -> None:
    found = told(rule(), summed({1: 6, 2: 6}), 6)
    assert short(found.transitions) == [(2, "firing", "threshold"), (3, "ok", "recovered")]
    fired = found.transitions[0]
    assert fired.value == 12 and fired.samples == 12 and fired.threshold == 10
    assert fired.window == (FIRST + 1, FIRST + 3)


def test_what_holds_already_is_told_before_the_slot_is_over() -> None:
    half = MONDAY + timedelta(minutes=7)
    assert short(told(rule(), summed({0: 11}), 1, now=half).transitions) == [(0, "firing", "threshold")]
    few = rule(operator=Operator.BELOW)
    assert told(few, summed({0: 3}), 1, now=half).transitions == []
    assert short(told(few, summed({0: 3}), 1).transitions) == [(0, "firing", "threshold")]


def test_a_day_is_judged_as_it_grows_and_ends_at_its_midnight() -> None:
    daily = rule(scope=Scope.DAILY, window_seconds=None, time_zone="Europe/Berlin")
    # Berlin's midnight is 23:00 UTC: quarter 92.
    found = told(daily, summed({4: 8, 8: 8, 91: 1, 93: 9}), 200)
    assert short(found.transitions) == [(8, "firing", "threshold"), (92, "ok", "window_closed")]
    assert found.transitions[0].place[1] == "2026-03-02"


def test_steps_on_the_way_speak_for_themselves() -> None:
    daily = rule(scope=Scope.DAILY, window_seconds=None, steps=(Decimal(5), Decimal(8)))
    found = firings(told(daily, summed({0: 6, 1: 1, 2: 2, 3: 2}), 10).transitions)
    assert [(quarter_of(f.at) - FIRST, int(f.place[2])) for f in found] == [(0, 5), (2, 8), (3, 10)]


def test_fewer_than_is_known_only_when_the_day_is_over() -> None:
    few = rule(scope=Scope.DAILY, window_seconds=None, operator=Operator.BELOW)
    found = told(few, summed({10: 20, 100: 3, 200: 30}), 3 * DAY)
    assert short(found.transitions) == [
        (2 * DAY - 1, "firing", "threshold"),
        (3 * DAY - 1, "ok", "recovered"),
    ]


def test_too_few_calls_are_no_rate_and_none_resolve() -> None:
    rate = rule(
        metric="tool_error_rate", aggregation=Aggregation.RATIO, threshold=Decimal(20), min_samples=20
    )
    rate = RuleDefinition(**{**_fields(rate), "no_data": NoData.OK, "recovery_threshold": Decimal(10)})
    course = ratio({0: (2, 2), 4: (10, 40), 5: (0, 30), 6: (2, 30), 7: (0, 1)})
    found = told(rate, course, 12)
    # 14 % is below the threshold and not yet past recovery; 3 % is.
    assert short(found.transitions) == [(4, "firing", "threshold"), (6, "ok", "recovered")]
    assert told(rate, ratio({0: (9, 9)}), 1).transitions == []


def test_nothing_may_be_a_state_of_its_own() -> None:
    watched = rule(no_data=NoData.NO_DATA)
    found = told(watched, summed({0: 1, 4: 1}), 6)
    assert short(found.transitions) == [(2, "no_data", "no_data"), (4, "ok", "recovered")]


def test_waiting_and_lasting() -> None:
    slow = rule(for_seconds=1800, keep_firing_seconds=900, window_seconds=900)
    found = told(slow, summed({0: 11, 1: 11, 2: 11, 3: 0, 5: 11}), 8)
    assert short(found.transitions) == [
        (0, "pending", "threshold"),
        (2, "firing", "threshold"),
        (3, "recovering", "recovered"),
        (4, "ok", "recovered"),
        (5, "pending", "threshold"),
        (6, "ok", "not_sustained"),
    ]


def test_a_change_is_measured_against_earlier_windows() -> None:
    drop = rule(
        metric="task_velocity",
        scope=Scope.WEEKLY,
        window_seconds=None,
        condition=ConditionKind.CHANGE,
        baseline=Baseline.MEDIAN_OF_FOUR,
        operator=Operator.AT_MOST,
        threshold=Decimal(-40),
        min_samples=10,
    )
    weeks = {7 * DAY * week + 50: done for week, done in enumerate((10, 12, 8, 10, 5, 7))}
    found = told(drop, summed(weeks), 7 * DAY * 6)
    assert [(quarter_of(f.at) - FIRST) // (7 * DAY) for f in firings(found.transitions)] == [4]
    assert firings(found.transitions)[0].value == -50
    quiet = told(drop, summed(weeks), 7 * DAY * 6, sessions=summed({}))
    assert quiet.transitions == found.transitions
    on_holiday = RuleDefinition(**{**_fields(drop), "min_sessions": 5})
    assert told(on_holiday, summed(weeks), 7 * DAY * 6, sessions=summed({})).transitions == []


def test_an_anomaly_is_far_from_what_is_usual() -> None:
    odd = rule(scope=Scope.DAILY, window_seconds=None, condition=ConditionKind.ANOMALY, threshold=Decimal(4))
    days = {DAY * day + 40: 100 + day % 5 for day in range(30)}
    assert told(odd, summed(days), 30 * DAY).transitions == []
    found = firings(told(odd, summed({**days, DAY * 29 + 41: 60}), 30 * DAY).transitions)
    assert [quarter_of(f.at) - FIRST for f in found] == [DAY * 29 + 41]
    # The median of 28 days is 102; deviations are 5 % of it at least.
    assert found[0].threshold == Decimal(102) + 4 * Decimal("0.05") * 102
    early = told(odd, summed({DAY * 5: 100_000}), 6 * DAY)
    assert early.transitions == [], "two weeks are needed to know what is usual"


@pytest.mark.parametrize("compare", list(Compare))
@pytest.mark.parametrize("condition", [ConditionKind.CHANGE, ConditionKind.ANOMALY])
def test_the_limit_in_force_is_where_a_rule_fires(condition: ConditionKind, compare: Compare) -> None:
    odd = rule(
        scope=Scope.DAILY, window_seconds=None, condition=condition, compare=compare, threshold=Decimal(20)
    )
    course = summed({DAY * day + 40: 100 + 13 * (day % 5) + 800 * (day == 27) for day in range(30)})
    fired = [(t.at - quarter_start(FIRST)).days for t in firings(told(odd, course, 30 * DAY).transitions)]
    days = [slot for slot in slots(odd, FIRST, FIRST + 30 * DAY) if slot.closes]
    breached = []
    for slot in days:
        limit, value = limit_in_force(odd, course, slot), course.over(*slot.window).value
        breached.append(limit is not None and value is not None and odd.operator.holds(value, limit))
    # An alert about a change goes on from day to day; each day's anomaly is one of its own.
    goes_on = [False, *breached] if condition is ConditionKind.CHANGE else [False] * 31
    began = [day for day, breaches in enumerate(breached) if breaches and not goes_on[day]]
    assert fired == began and 27 in fired


def test_ranks_over_sessions_and_over_calls() -> None:
    rows = [(FIRST, session, session) for session in range(1, 21)] + [(FIRST + 1, 1, 100)]
    course = PerSessionCourse(rows, Decimal(1), Aggregation.P95)
    assert course.over(FIRST, FIRST + 1).value == 19
    assert course.over(FIRST, FIRST + 2).value == 20
    assert course.over(FIRST + 5, FIRST + 6).value is None
    calls = RankedCourse({FIRST: [5, 1, 3], FIRST + 1: [9]}, Aggregation.P50)
    assert calls.over(FIRST, FIRST + 1).value == 3
    assert calls.over(FIRST, FIRST + 2).value == 3


amounts = st.dictionaries(st.integers(0, 120), st.integers(0, 15), max_size=60)
definitions = st.builds(
    lambda scope, operator, wait, keep, recovery, no_data: rule(
        scope=scope,
        window_seconds=1800 if scope is Scope.ROLLING else None,
        operator=operator,
        for_seconds=wait * 900,
        keep_firing_seconds=keep * 900,
        recovery_threshold=recovery,
        no_data=no_data,
    ),
    st.sampled_from([Scope.ROLLING, Scope.DAILY]),
    st.sampled_from(Operator),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from([None, Decimal(10)]),
    st.sampled_from(NoData),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(definitions, amounts, st.lists(st.integers(1, 3 * 120), max_size=8))
def test_pieces_tell_what_the_whole_tells(
    of: RuleDefinition, values: dict[int, int], minutes: list[int]
) -> None:
    """Evaluated at any moments, inside open slots too, and with what was known by then: the same changes, each once."""
    whole = told(of, summed(values), 120).transitions
    found: list[Transition] = []
    standings: dict[tuple[Group, str, Decimal], Any] = {}
    first = FIRST
    for minute in [*sorted(minutes), 120 * 15]:
        now = MONDAY + minute * timedelta(minutes=5)
        known = summed({n: v for n, v in values.items() if quarter_start(FIRST + n) <= now})
        stop = min(quarter_of(now) + 1, FIRST + 120)
        part = replay(of, {(): known}, first, stop, now=now, standings=standings)
        found += part.transitions
        standings, first = part.standings, min(quarter_of(now), FIRST + 120)
    assert found == whole


def _fields(of: RuleDefinition) -> dict[str, Any]:
    return {name: getattr(of, name) for name in RuleDefinition.__dataclass_fields__}


def test_the_words_of_state_and_reason_are_those_of_the_api() -> None:
    assert State("firing") is State.FIRING
    assert Reason("window_closed") is Reason.WINDOW_CLOSED
