"""What is wrong with a rule, a sentence per field. API, forms and admin ask here, so that all refuse the same."""

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from zoneinfo import available_timezones

from alerts.definition import (
    QUARTER_SECONDS,
    SESSION_METRICS,
    ConditionKind,
    RuleDefinition,
    Scope,
    aggregations_of,
    dimensions_of,
)
from analytics.metrics import Kind, Metric, Source

DAY_SECONDS = 86_400
SHORTEST_WINDOW, LONGEST_WINDOW = QUARTER_SECONDS, 31 * DAY_SECONDS
LONGEST_WAIT = 7 * DAY_SECONDS
LARGEST = Decimal(10) ** 12
MOST_DEVIATIONS = 20
MOST_STEPS = 8
MOST_GROUPINGS = 2
MOST_FILTER_VALUES = 50

Problems = dict[str, str]


def problems_of(rule: RuleDefinition) -> Problems:
    """{field: sentence}; empty for a rule that can be evaluated. Fields are those of RuleDefinition."""
    found: Problems = {}
    for check in (
        _scope,
        _aggregation,
        _window,
        _threshold,
        _on_the_way,
        _recovery,
        _waits,
        _condition,
        _groups,
    ):
        for name, sentence in check(rule).items():
            found.setdefault(name, sentence)
    return found


def _scope(rule: RuleDefinition) -> Problems:
    if rule.scope is Scope.SESSION and rule.metric not in SESSION_METRICS:
        others = _listed(scope for scope in Scope if scope is not Scope.SESSION)
        return {"scope": f"{rule.metric} is not a figure of one session; choose one of {others}."}
    if rule.scope.is_calendar and rule.time_zone not in _zones():
        return {
            "time_zone": f"“{rule.time_zone[:40]}” is no IANA time zone; one looks like Europe/Berlin or UTC."
        }
    return {}


def _aggregation(rule: RuleDefinition) -> Problems:
    allowed = aggregations_of(rule.measure, rule.scope)
    if rule.aggregation in allowed:
        return {}
    return {"aggregation": f"{rule.metric} in scope {rule.scope} can be {_listed(allowed)}."}


def _window(rule: RuleDefinition) -> Problems:
    seconds = rule.window_seconds
    if rule.scope is not Scope.ROLLING:
        return {} if seconds is None else {"window_seconds": "Only a rolling scope has a window of its own."}
    longest = longest_window(rule.measure)
    if seconds is None or not SHORTEST_WINDOW <= seconds <= longest or seconds % QUARTER_SECONDS:
        lengths = f"{SHORTEST_WINDOW} to {longest} seconds, in steps of {QUARTER_SECONDS}"
        return {"window_seconds": f"A window of {rule.metric} has {lengths}."}
    return {}


def longest_window(metric: Metric) -> int:
    """Percentiles of calls are ranked anew for every window, so those are of a day at most."""
    is_ranked = metric.kind is Kind.DISTRIBUTION and metric.source is Source.TOOLS
    return DAY_SECONDS if is_ranked else LONGEST_WINDOW


def domain(rule: RuleDefinition) -> tuple[Decimal, Decimal, str]:
    """The least and the greatest threshold that mean something, and their unit."""
    if rule.condition is ConditionKind.ANOMALY:
        return Decimal("0.1"), Decimal(MOST_DEVIATIONS), "deviations from the median"
    if rule.condition is ConditionKind.CHANGE:
        least = Decimal(-100) if rule.compare == "percent" else -LARGEST
        return least, LARGEST, "percent" if rule.compare == "percent" else str(rule.measure.unit)
    maximum = rule.measure.maximum
    return Decimal(0), LARGEST if maximum is None else Decimal(str(maximum)), str(rule.measure.unit)


def _threshold(rule: RuleDefinition) -> Problems:
    least, greatest, unit = domain(rule)
    given = {
        "threshold": rule.threshold,
        "warn_threshold": rule.warn_threshold,
        "recovery_threshold": rule.recovery_threshold,
    }
    wrong = [name for name, value in given.items() if value is not None and not least <= value <= greatest]
    if any(not least <= step <= greatest for step in rule.steps):
        wrong.append("steps")
    return dict.fromkeys(
        wrong, f"A value of {rule.metric} here lies between {least:f} and {greatest:f} {unit}."
    )


def _on_the_way(rule: RuleDefinition) -> Problems:
    """Warnings come before the threshold, seen from where values come from."""
    found: Problems = {}
    side = "below" if rule.operator.is_upward else "above"
    if rule.warn_threshold is not None and not _is_before(rule, rule.warn_threshold, rule.threshold):
        found["warn_threshold"] = f"A warning comes before the alert: it must be {side} the threshold."
    if len(rule.steps) > MOST_STEPS or len(set(rule.steps)) != len(rule.steps):
        found["steps"] = f"There can be {MOST_STEPS} steps at most, each different."
    elif not all(_is_before(rule, step, rule.threshold) for step in rule.steps):
        found["steps"] = f"Steps are passed on the way to the threshold: each must be {side} it."
    return found


def _is_before(rule: RuleDefinition, value: Decimal, limit: Decimal) -> bool:
    return value < limit if rule.operator.is_upward else value > limit


def _recovery(rule: RuleDefinition) -> Problems:
    recovery = rule.recovery_threshold
    if recovery is None:
        return {}
    if rule.scope is Scope.SESSION:
        return {
            "recovery_threshold": "A session's figure does not recover; it resolves when the session ends."
        }
    lowest = [limit for limit in (rule.warn_threshold, *rule.steps, rule.threshold) if limit is not None]
    nearest = min(lowest) if rule.operator.is_upward else max(lowest)
    if recovery != nearest and not _is_before(rule, recovery, nearest):
        side = "below" if rule.operator.is_upward else "above"
        return {
            "recovery_threshold": f"Recovery must be {side} every threshold, on the side where all is well."
        }
    return {}


def _waits(rule: RuleDefinition) -> Problems:
    found: Problems = {}
    for name, seconds in (
        ("for_seconds", rule.for_seconds),
        ("keep_firing_seconds", rule.keep_firing_seconds),
    ):
        if rule.scope is Scope.SESSION and seconds:
            found[name] = "A rule about sessions speaks once per session and at once; this must be 0."
        elif not 0 <= seconds <= LONGEST_WAIT or seconds % 60:
            found[name] = f"This must be a multiple of 60 seconds, at most {LONGEST_WAIT}."
    return found


def _condition(rule: RuleDefinition) -> Problems:
    if rule.condition is ConditionKind.STATIC:
        return {}
    if rule.scope is Scope.SESSION:
        return {"condition": "A session has no earlier value to compare with; use static."}
    found: Problems = {}
    if rule.steps or rule.warn_threshold is not None:
        found["steps" if rule.steps else "warn_threshold"] = (
            "Only a static condition has warnings on the way."
        )
    if rule.condition is ConditionKind.ANOMALY and rule.recovery_threshold is not None:
        found["recovery_threshold"] = "An anomaly recovers when the value is back inside what is usual."
    if not 14 <= rule.baseline_length <= 60:
        found["baseline_length"] = "What is usual is told from 14 to 60 earlier windows."
    return found


def _groups(rule: RuleDefinition) -> Problems:
    allowed = dimensions_of(rule.measure)
    found: Problems = {}
    if rule.scope is Scope.SESSION and rule.group_by:
        found["group_by"] = "A rule about sessions speaks per session already."
    elif len(rule.group_by) > MOST_GROUPINGS or len(set(rule.group_by)) != len(rule.group_by):
        found["group_by"] = f"A rule can be grouped by {MOST_GROUPINGS} different dimensions at most."
    elif wrong := [name for name in rule.group_by if name not in allowed]:
        found["group_by"] = (
            f"{rule.metric} cannot be grouped by {_listed(wrong)}; it can be by {_listed(allowed)}."
        )
    if wrong := [name for name in rule.filters if name not in allowed]:
        found["filters"] = (
            f"{rule.metric} cannot be filtered by {_listed(wrong)}; it can be by {_listed(allowed)}."
        )
    elif any(not values or len(values) > MOST_FILTER_VALUES for values in rule.filters.values()):
        found["filters"] = f"A filter names 1 to {MOST_FILTER_VALUES} values."
    return found


def _listed(names: Iterable[object]) -> str:
    return ", ".join(str(name)[:60] for name in names)


@cache
def _zones() -> frozenset[str]:
    # "localtime" would be the zone of whatever machine the server happens to be.
    return frozenset(available_timezones() - {"localtime", "Factory"})
