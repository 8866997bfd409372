"""The five figures an older client asks for, each with where it is going."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from analytics.measured import Value
from analytics.periods import DAY, Period, local_date, start_of_day
from analytics.selectors import Overview, overview
from sessions.scope import Projects

TREND_DAYS = timedelta(days=30)
# A change of less than a hundredth is none that anyone would call a trend.
STABLE_WITHIN = 0.01


class Trend(StrEnum):
    """Where a figure of the last 30 days stands against the 30 days before."""

    UP = "up"
    DOWN = "down"
    STABLE = "stable"


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure of a period; `value` is None where it is not known. Units are those older clients expect."""

    name: str
    value: Value
    unit: str
    trend: Trend


_HEADLINES: tuple[tuple[str, str, Callable[[Overview], Value]], ...] = (
    ("Total Cost", "$", lambda o: o.usage.cost_usd if o.usage.responses else 0),
    ("Total Tokens", "tokens", lambda o: o.usage.tokens),
    ("Sessions", "count", lambda o: o.session_count),
    ("Tasks Done", "count", lambda o: o.task_velocity),
    ("Completion", "%", lambda o: o.task_completion_pct),
)


def headlines(period: Period, now: datetime, *, projects: Projects = None) -> list[Headline]:
    """The figures of a period; trends are of the 30 days to its end (to today's where it has none)."""
    asked = (period, *_compared(period, now))
    whole, recent, before = (overview(each, projects=projects) for each in asked)
    return [
        Headline(name, value(whole), unit, trend(value(recent), value(before)))
        for name, unit, value in _HEADLINES
    ]


def _compared(period: Period, now: datetime) -> tuple[Period, Period]:
    """Two stretches of 30 days, the later one first."""
    tomorrow = start_of_day(local_date(now, period.zone) + DAY, period.zone)
    end = tomorrow if period.ends_open else period.end_at
    recent = Period(end - TREND_DAYS, end, period.zone)
    return recent, Period(recent.start_at - TREND_DAYS, recent.start_at, period.zone)


def trend(recent: Value, before: Value) -> Trend:
    """Stable also where one of the two is not known: nothing then says that it moved."""
    if recent is None or before is None:
        return Trend.STABLE
    change, size = float(recent) - float(before), abs(float(before))
    if abs(change) <= STABLE_WITHIN * size:
        return Trend.STABLE
    return Trend.UP if change > 0 else Trend.DOWN
