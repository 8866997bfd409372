"""Days and times as people write them in plans."""

import re
from datetime import UTC, date, datetime

from tasks.parsers.records import HIGH, Stamp

_ISO = re.compile(
    r"^(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
    r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?(?![\d])",
    re.I,
)
# Not the calendar module's: those are in the language of the machine.
_MONTHS = {"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * n : 3 * n + 3]: n + 1 for n in range(12)}
_NAMED = re.compile(r"^([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b")
_NAMED_DAY_FIRST = re.compile(r"^(\d{1,2})\s+([A-Za-z]{3})[a-z]*\.?,?\s+(\d{4})\b")


def read_stamp(value: object, *, confidence: str = HIGH, source: str = "task") -> Stamp | None:
    """A day, and the instant where a time is written; None where the value is no date.

    A time without a zone is taken as UTC. The day is the one that is written, in whatever zone.
    """
    text = value.isoformat() if isinstance(value, (date, datetime)) else str(value or "").strip()
    try:
        found = _read(text)
    except ValueError:  # the 31st of February
        return None
    return Stamp(*found, confidence=confidence, source=source) if found else None


def _read(text: str) -> tuple[str, str] | None:
    if iso := _ISO.match(text):
        year, month, day = (int(part) for part in iso.groups()[:3])
        on = _day(year, month, day).isoformat()
        return (on, _instant(on, iso)) if iso[4] else (on, "")
    if named := _NAMED.match(text):
        month_name, day_text, year_text = named.groups()
    elif named := _NAMED_DAY_FIRST.match(text):
        day_text, month_name, year_text = named.groups()
    else:
        return None
    number = _MONTHS.get(month_name.capitalize())
    return (_day(int(year_text), number, int(day_text)).isoformat(), "") if number else None


def _day(year: int, month: int, day: int) -> date:
    """Raises ValueError for a day that is none, or that no plan can mean."""
    if not 1970 <= year <= 2200:
        raise ValueError(year)
    return date(year, month, day)


def _instant(on: str, iso: re.Match[str]) -> str:
    zone = (iso[7] or "Z").upper().replace("UTC", "Z")
    offset = "+00:00" if zone == "Z" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    moment = datetime.fromisoformat(f"{on}T{int(iso[4]):02}:{iso[5]}:{iso[6] or '00'}{offset}")
    return moment.astimezone(UTC).isoformat()


def earliest(*stamps: Stamp | None) -> Stamp | None:
    """The first of the days that are known."""
    return min((s for s in stamps if s), key=lambda s: (s.on, s.at), default=None)


def latest(*stamps: Stamp | None) -> Stamp | None:
    """The last of the days that are known."""
    return max((s for s in stamps if s), key=lambda s: (s.on, s.at), default=None)
