"""How the figures of rules went lately, as small as a line in a list; what is read serves all of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from alerts.definition import QUARTER_SECONDS, RuleDefinition, Scope
from alerts.measurements import Measurements
from alerts.models import AlertRule
from alerts.rollup_parts import Wanted
from alerts.session_rules import SessionValues, sessions_between
from alerts.windows import window_start
from analytics.metrics import Kind, Source
from analytics.periods import quarter_of, quarter_start

DAYS = 14
QUARTERS_OF_A_DAY = 96

Values = list[Decimal | None]


def recent_values(rules: Sequence[AlertRule], now: datetime) -> dict[int, Values]:
    """{rule: its value as it was on each of the last 14 days, the last of them now}; of groups, the worst.

    Of a rule about sessions it is the worst of those that ended within the day. Durations of tools are left out: each
    day would have to rank all of its calls anew.
    """
    definitions = {rule.pk: (rule.definition, rule.project_id) for rule in rules}
    about_sessions = {key: told for key, told in definitions.items() if told[0].scope is Scope.SESSION}
    about_windows = {
        key: told
        for key, told in definitions.items()
        if key not in about_sessions and not _is_ranked(told[0])
    }
    return _of_sessions(about_sessions, now) | _of_windows(about_windows, now)


def _is_ranked(rule: RuleDefinition) -> bool:
    return rule.measure.kind is Kind.DISTRIBUTION and rule.measure.source is Source.TOOLS


def _of_windows(rules: dict[int, tuple[RuleDefinition, int | None]], now: datetime) -> dict[int, Values]:
    if not rules:
        return {}
    last = quarter_of(now) + 1
    ends = [last - QUARTERS_OF_A_DAY * back for back in range(DAYS - 1, -1, -1)]
    first = min(_window(rule, ends[0])[0] for rule, _ in rules.values())
    read = Measurements(first, last, {rule.metric for rule, _ in rules.values()})
    return {key: _window_values(read, rule, project, ends) for key, (rule, project) in rules.items()}


def _window(rule: RuleDefinition, end: int) -> tuple[int, int]:
    """The window that is judged at a moment."""
    if rule.scope.is_calendar:
        return window_start(rule, quarter_start(end - 1)), end
    return end - (rule.window_seconds or 0) // QUARTER_SECONDS, end


def _window_values(
    read: Measurements, rule: RuleDefinition, project_id: int | None, ends: Iterable[int]
) -> Values:
    courses = read.courses(Wanted.of(rule, project_id)).values()
    return [_worst(rule, [course.over(*_window(rule, end)).value for course in courses]) for end in ends]


def _worst(rule: RuleDefinition, values: Iterable[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return (max if rule.operator.is_upward else min)(known, default=None)


def _of_sessions(rules: dict[int, tuple[RuleDefinition, int | None]], now: datetime) -> dict[int, Values]:
    if not rules:
        return {}
    ended = sessions_between(now - timedelta(days=DAYS), now)
    days = {key: min(DAYS - 1, max(0, DAYS - 1 - (now - at).days)) for key, at in ended.items()}
    read = SessionValues(set(ended), {rule.metric for rule, _ in rules.values()})
    found: dict[int, Values] = {}
    for key, (rule, project_id) in rules.items():
        by_day: list[list[Decimal | None]] = [[] for _ in range(DAYS)]
        for session, measured in read.of(rule, project_id).items():
            by_day[days[session]].append(measured.value)
        found[key] = [_worst(rule, values) for values in by_day]
    return found
