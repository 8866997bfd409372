"""Where figures lead: the sessions behind them, or the same page for another period or project."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.urls import get_script_prefix, reverse

from analytics.periods import DAY, Period, local_date, start_of_day


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses for one period, project (its slug) and zone (as given; "" is the installation's own)."""

    period: Period
    project: str = ""
    tz: str = ""

    def sessions(self, **more: str) -> str:
        """The list of the sessions that began in the period."""
        start, end = ends(self.period)
        return _address(
            "session-list", start_date=start, end_date=end, project=self.project, tz=self.tz, **more
        )

    def dashboard(self, period: Period | None = None, project: str | None = None) -> str:
        """The dashboard of another period or project; `project=""` is all of them."""
        start, end = ends(period or self.period)
        chosen = self.project if project is None else project
        if start or end:
            return _address("dashboard", period="custom", start=start, end=end, project=chosen, tz=self.tz)
        return _address("dashboard", period="all", project=chosen, tz=self.tz)

    def day(self, day: date) -> str:
        """The dashboard of one day of the zone."""
        return _address("dashboard", period="custom", start=day, end=day, project=self.project, tz=self.tz)

    def breakdown_file(self, dimension: str) -> str:
        """The period split by a dimension, as a file for a spreadsheet."""
        start, end = ends(self.period)
        return _address(
            "api-breakdown",
            dimension=dimension,
            format="csv",
            start=start,
            end=end,
            project=self.project,
            tz=self.tz,
        )

    def preset(self, name: str) -> str:
        """The dashboard of a named period for the same project."""
        return _address("dashboard", period=name, project=self.project, tz=self.tz)


# A page has a hundred links for the same few periods.
@lru_cache(maxsize=256)
def ends(period: Period) -> tuple[str, str]:
    """The period as two parameters: local dates, the last included, or instants; "" for an open end."""
    start = "" if period.starts_open else _written(period.start_at, period)
    if period.ends_open:
        return start, ""
    last = local_date(period.end_at, period.zone) - DAY
    whole = _is_midnight(period.end_at, period)
    return start, last.isoformat() if whole else _instant(period.end_at)


def _written(instant: datetime, period: Period) -> str:
    if _is_midnight(instant, period):
        return local_date(instant, period.zone).isoformat()
    return _instant(instant)


def _is_midnight(instant: datetime, period: Period) -> bool:
    return start_of_day(local_date(instant, period.zone), period.zone) == instant


def _instant(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _address(name: str, **parameters: Any) -> str:
    query = urlencode({key: value for key, value in parameters.items() if value})
    route = _route(name, get_script_prefix())
    return f"{route}?{query}" if query else route


@lru_cache(maxsize=256)
def _route(name: str, prefix: str) -> str:  # noqa: ARG001 (what reverse puts in front)
    return reverse(name)
