"""How the API writes values: money rounded for output only, instants in UTC with Z, unknown as null."""

from datetime import UTC, datetime
from decimal import Decimal

MONEY_PLACES = 6
NANO = Decimal(10**9)
# How the API's description says "ISO date or datetime"; an empty text is as good as none.
MOMENT_SCHEMA = {
    "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}, {"const": ""}]
}


def rounded_money(value: Decimal | float | None) -> float | None:
    """Dollars to six places, as a float: the last step before JSON."""
    return None if value is None else float(round(Decimal(value), MONEY_PLACES))


def dollars(nano_usd: int | None) -> Decimal | None:
    """Stored nano-dollars as exact dollars."""
    return None if nano_usd is None else Decimal(nano_usd) / NANO


def iso(moment: datetime | None) -> str | None:
    return (
        None
        if moment is None
        else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def iso_ms(at_ms: int | None) -> str | None:
    """Unix milliseconds as ISO 8601."""
    return None if at_ms is None else iso(datetime.fromtimestamp(at_ms / 1000, UTC))
