"""The ends of a stretch of time, as a query string gives them.

ISO dates or datetimes. Without an offset they are meant in the reporting zone, and an end that is only a date
includes that whole day.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings

FIRST_YEAR, LAST_YEAR = 2000, 2199
# A plus sign that was not percent-encoded arrives as a blank: "2026-03-01T10:00:00 02:00".
_LOST_PLUS = re.compile(r"(?<=\d) (?=\d\d:?\d\d$)")


def reporting_zone(name: str = "") -> ZoneInfo:
    """The zone of an IANA name; "" is the installation's own. Raises ValueError for a name that is none."""
    if not name:
        return ZoneInfo(settings.TELEMETRY_TIME_ZONE)
    # Asking ZoneInfo itself would look names like "../etc" up as files.
    if name not in _zone_names():
        raise ValueError(f"“{name:.40}” is no IANA time zone; one looks like Europe/Berlin or UTC.")
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "Factory"})


def lower_bound(text: str, zone: ZoneInfo) -> datetime:
    """The first instant that belongs to it, in UTC. Raises ValueError with a sentence."""
    return _instant(_moment(text), zone)


def upper_bound(text: str, zone: ZoneInfo) -> datetime:
    """The first instant that no longer belongs to it, in UTC. Raises ValueError with a sentence."""
    moment = _moment(text)
    return _instant(moment if isinstance(moment, datetime) else moment + timedelta(days=1), zone)


def _moment(text: str) -> date | datetime:
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            moment = read(_LOST_PLUS.sub("+", text))
        except ValueError:
            continue
        if FIRST_YEAR <= moment.year <= LAST_YEAR:
            return moment
        raise ValueError(f"The year {moment.year} is outside {FIRST_YEAR} to {LAST_YEAR}.")
    raise ValueError(f"“{text:.40}” is no ISO date or datetime; write 2026-03-31 or 2026-03-31T18:30:00Z.")


def _instant(moment: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.min)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
