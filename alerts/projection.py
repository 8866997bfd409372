"""When a budget will be passed if things go on as they did."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from alerts.definition import RuleDefinition
from alerts.windows import Course, next_first_day
from analytics.periods import quarter_start, start_of_day

# The pace is that of the last three hours: long enough for a pause, short enough to be about now.
PACE_QUARTERS = 12
QUARTER_SECONDS = 900


def passes_at(rule: RuleDefinition, course: Course, window: tuple[int, int], subject: str) -> datetime | None:
    """When a calendar window passes the rule's threshold at the present pace; None when it does not before its end."""
    value = course.over(*window).value
    recent = course.over(max(window[0], window[1] - PACE_QUARTERS), window[1]).value
    if not rule.only_grows or value is None or not recent:
        return None
    left = rule.threshold - value
    seconds = float(left / recent * PACE_QUARTERS * QUARTER_SECONDS)
    at = quarter_start(window[1]) + timedelta(seconds=min(max(seconds, 0.0), 1e8))
    zone = ZoneInfo(rule.time_zone)
    closes = start_of_day(next_first_day(date.fromisoformat(subject), rule.scope), zone)
    return at if Decimal(0) < left and at < closes else None
