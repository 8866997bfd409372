"""The calendar: which days of the last twelve months of data something happened on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from analytics.charts import CalendarDay
from analytics.courses import usage_in_buckets
from analytics.formatting import count, money
from analytics.links import Links
from analytics.periods import (
    DAY,
    Bucket,
    BucketKind,
    Period,
    buckets,
    local_date,
    months_before,
    start_of_day,
)
from analytics.sums import Usage
from sessions.scope import Projects

MONTHS = 12


@dataclass(frozen=True, slots=True)
class ActiveDay:
    """A day, and the dashboard of it where it has responses."""

    day: date
    usage: Usage
    href: str

    @property
    def name(self) -> str:
        return f"{self.day:%a} {self.day.day} {self.day:%b %Y}"


@dataclass(frozen=True, slots=True)
class Activity:
    """Every day of a year for the heat map, and those with responses, the latest first, for the table."""

    period: Period
    cells: list[CalendarDay]
    active: list[ActiveDay]

    @property
    def busiest(self) -> ActiveDay | None:
        """The day with the most responses, the latest of equals."""
        return max(self.active, key=lambda day: day.usage.responses, default=None)

    @property
    def dearest(self) -> ActiveDay | None:
        """The day with the highest cost, the latest of equals."""
        return max(self.active, key=lambda day: day.usage.cost_nano_usd or 0, default=None)


def activity(latest_at: datetime, zone: ZoneInfo, *, projects: Projects, links: Links) -> Activity:
    """The twelve months that end with the local day of `latest_at`."""
    after = local_date(latest_at, zone) + DAY
    first = months_before(after, MONTHS)
    period = Period(start_of_day(first, zone), start_of_day(after, zone), zone)
    cut = buckets(period, BucketKind.DAILY)
    usage = usage_in_buckets(cut, projects)
    days = [_day(bucket, used, links) for bucket, used in zip(cut, usage, strict=True)]
    return Activity(period, [_cell(day) for day in days], _with_responses(days))


def _day(bucket: Bucket, usage: Usage, links: Links) -> ActiveDay:
    day = date.fromisoformat(bucket.label)
    return ActiveDay(day, usage, links.day(day) if usage.responses else "")


def _cell(day: ActiveDay) -> CalendarDay:
    if not day.usage.responses:
        return CalendarDay(day.day, 0, "no responses", day.href)
    words = f"{count(day.usage.responses)} responses, {money(day.usage.cost_usd)}"
    return CalendarDay(day.day, day.usage.responses, words, day.href)


def _with_responses(days: Sequence[ActiveDay]) -> list[ActiveDay]:
    return [day for day in reversed(days) if day.usage.responses]
