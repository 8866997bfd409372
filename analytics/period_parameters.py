"""Reads a period from what a person or a program wrote in a query string.

`start` and `end` are ISO dates or datetimes; without an offset they are meant in the reporting zone, and an
`end` that is only a date includes that whole day. `tz` names the reporting zone. Pages offer presets instead
of dates. Everything wrong is reported at once, in one `PeriodError`, under the name of its parameter.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from analytics.periods import (
    ALL_TIME_END,
    ALL_TIME_START,
    DAY,
    Period,
    PeriodError,
    first_instant,
    local_date,
    months_before,
    start_of_day,
)

# Nothing was recorded outside these years, and arithmetic with zones overflows at the ends of datetime.
FIRST_YEAR, LAST_YEAR = ALL_TIME_START.year, ALL_TIME_END.year - 1
# A plus sign that was not percent-encoded reaches us as a space: "2026-03-01T10:00:00 02:00".
LOST_PLUS = re.compile(r"(?<=\d) (?=\d\d:?\d\d$)")


class Preset(StrEnum):
    """The periods a page offers by name; all end with the local day that holds `now`."""

    TODAY = "today"
    SEVEN_DAYS = "7d"
    THIRTY_DAYS = "30d"
    NINETY_DAYS = "90d"
    TWELVE_MONTHS = "12m"
    ALL = "all"
    CUSTOM = "custom"


PRESET_DAYS = {Preset.TODAY: 1, Preset.SEVEN_DAYS: 7, Preset.THIRTY_DAYS: 30, Preset.NINETY_DAYS: 90}


def parse_period(
    *,
    now: datetime,
    default_zone: ZoneInfo,
    start: str | None = None,
    end: str | None = None,
    tz: str | None = None,
    preset: str | None = None,
    default: Preset = Preset.ALL,
) -> Period:
    """The period asked for; empty texts and None both mean "not given".

    With neither dates nor a preset it is `default`. A lone `start` runs to the end of today, a lone `end`
    from the first thing known. Raises PeriodError whose keys are among `start`, `end`, `tz` and `period` (the
    preset).
    """
    start, end = (start or "").strip(), (end or "").strip()
    errors: dict[str, str] = {}
    # A wrong zone must not hide what else is wrong: the rest is read as if none had been given.
    zone = _read(errors, "tz", lambda: parse_zone(tz, default_zone)) or default_zone
    chosen = _read(errors, "period", lambda: _choose(preset, default, has_dates=bool(start or end)))
    start_at = _read(errors, "start", lambda: _parse_start(start, zone))
    end_at = _read(errors, "end", lambda: _parse_end(end, zone))
    if errors:
        raise PeriodError(errors)
    if chosen is not None and chosen is not Preset.CUSTOM:
        return preset_period(chosen, now=now, zone=zone)
    return _between(start_at or ALL_TIME_START, end_at or _end_of_today(now, zone), zone, end_given=bool(end))


def preset_period(preset: Preset, *, now: datetime, zone: ZoneInfo) -> Period:
    """The period a preset names: whole local days, today's included to its end so that answers can be cached.

    `12m` starts on the day after this one a year ago. `all` is open at both ends. Raises ValueError for
    `custom`.
    """
    if preset is Preset.ALL:
        return Period(ALL_TIME_START, ALL_TIME_END, zone)
    tomorrow = local_date(now, zone) + DAY
    if preset is Preset.TWELVE_MONTHS:
        first = months_before(tomorrow, 12)
    elif preset in PRESET_DAYS:
        first = tomorrow - PRESET_DAYS[preset] * DAY
    else:
        raise ValueError("A custom period is made of its own dates.")
    return Period(start_of_day(first, zone), start_of_day(tomorrow, zone), zone)


def parse_zone(name: str | None, default: ZoneInfo) -> ZoneInfo:
    """The zone of an IANA name, `default` for none. Raises ValueError with a sentence for an unknown name."""
    name = (name or "").strip()
    if not name:
        return default
    # Asking ZoneInfo itself would look names like "../etc" up as files.
    if name not in _zone_names():
        raise ValueError(f"{_quoted(name)} is no IANA time zone; one looks like Europe/Berlin or UTC.")
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    # "localtime" would answer in the zone of whatever machine the server happens to be.
    return frozenset(available_timezones() - {"localtime", "Factory"})


def _read[T](errors: dict[str, str], parameter: str, parse: Callable[[], T]) -> T | None:
    try:
        return parse()
    except ValueError as error:
        errors[parameter] = str(error)
        return None


def _choose(preset: str | None, default: Preset, *, has_dates: bool) -> Preset:
    preset = (preset or "").strip()
    if not preset:
        return Preset.CUSTOM if has_dates else default
    if preset not in Preset:
        raise ValueError(f"{_quoted(preset)} is no period; choose one of {', '.join(Preset)}.")
    if has_dates and preset != Preset.CUSTOM:
        raise ValueError(f"Choose either {preset} or dates of your own with {Preset.CUSTOM}, not both.")
    if not has_dates and preset == Preset.CUSTOM:
        raise ValueError("A custom period needs a start or an end.")
    return Preset(preset)


def _parse_start(text: str, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    moment = _parse_moment(text)
    return _instant(moment, zone) if isinstance(moment, datetime) else start_of_day(moment, zone)


def _parse_end(text: str, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    moment = _parse_moment(text)
    return _instant(moment, zone) if isinstance(moment, datetime) else start_of_day(moment + DAY, zone)


def _parse_moment(text: str) -> date | datetime:
    moment = _from_iso(text)
    if moment is None:
        raise ValueError(
            f"{_quoted(text)} is no ISO date or datetime; write 2026-03-31 or 2026-03-31T18:30:00Z."
        )
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"The year {moment.year} is outside {FIRST_YEAR} to {LAST_YEAR}.")
    return moment


def _from_iso(text: str) -> date | datetime | None:
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return read(LOST_PLUS.sub("+", text) if "T" in text else text)
        except ValueError:
            continue
    return None


def _instant(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else first_instant(moment, zone)


def _between(start_at: datetime, end_at: datetime, zone: ZoneInfo, *, end_given: bool) -> Period:
    if start_at >= end_at:
        if end_given:
            raise PeriodError({"end": "The end must be after the start."})
        raise PeriodError({"start": "The start is after today; give an end as well."})
    return Period(start_at, end_at, zone)


def _end_of_today(now: datetime, zone: ZoneInfo) -> datetime:
    return start_of_day(local_date(now, zone) + DAY, zone)


def _quoted(text: str) -> str:
    """What was sent, short enough for a sentence and without line breaks or other control characters."""
    shown = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text[:40]
    )
    return f"“{shown}”"
