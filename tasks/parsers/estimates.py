"""How much work something was thought to be: points, hours and dollars are three things and stay apart."""

import re

from tasks.parsers.records import Estimate

_NUMBER = r"(\d+(?:\.\d+)?)(?:\s*(?:-|–|to)\s*(\d+(?:\.\d+)?))?"
_POINTS = re.compile(_NUMBER + r"\s*(?:story[ -]?points?|points?|pts?|sp)\b", re.I)
_TIME = re.compile(_NUMBER + r"\s*(minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|wks?|w)\b", re.I)
_USD = re.compile(r"(?:\$|usd\s*)" + _NUMBER, re.I)
# A day and a week of work.
_HOURS = {"m": 1 / 60, "h": 1.0, "d": 8.0, "w": 40.0}


def read_estimate(value: object, *, bare_unit: str = "") -> Estimate:
    """Each unit that a text names; a range counts by its middle.

    A bare number is only understood where its field's name says the unit (`bare_unit` "points", "hours" or "usd").
    """
    raw = "" if value is None or isinstance(value, bool) else str(value).strip()[:200]
    if not isinstance(value, (str, int, float)) or not raw:
        return Estimate()
    if re.fullmatch(_NUMBER, raw):
        return (
            Estimate(raw, **{bare_unit: _middle(re.fullmatch(_NUMBER, raw))}) if bare_unit else Estimate(raw)
        )
    return Estimate(raw, _middle(_POINTS.search(raw)), _hours(raw), _middle(_USD.search(raw)))


def _middle(found: "re.Match[str] | None") -> float | None:
    if found is None:
        return None
    low = float(found[1])
    return (low + float(found[2])) / 2 if found[2] else low


def _hours(raw: str) -> float | None:
    parts = [(_middle(found) or 0.0) * _HOURS[found[3][0].lower()] for found in _TIME.finditer(raw)]
    return round(sum(parts), 4) if parts else None


def joined(*estimates: Estimate) -> Estimate:
    """Several fields of one task as one estimate; the first that names a unit wins in it."""
    said = [e for e in estimates if e.raw]
    pick = {
        unit: next((getattr(e, unit) for e in said if getattr(e, unit) is not None), None)
        for unit in ("points", "hours", "usd")
    }
    return Estimate("; ".join(dict.fromkeys(e.raw for e in said))[:200], **pick)
