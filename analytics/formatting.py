"""Numbers as people read them, each with its exact value for a tooltip or a copied table.

Every function answers a `Figure`. Nothing is rounded into something it is not: a success rate of 99.97 % is
not shown as 100 %, a cost that is not nothing is not shown as $0. Unknown is a dash, never 0.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from analytics.metrics import Unit

Number = int | float | Decimal

# Spaces that do not break: "1 234" and "2 h 5 min" stay on one line of a narrow table.
THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in few characters (`text`) and in full (`exact`, empty where it adds nothing to say)."""

    text: str
    exact: str = ""

    def __str__(self) -> str:
        return self.text


UNKNOWN = Figure(DASH)
UNPRICED = Figure("unpriced")


def figure(value: Number | None, unit: Unit) -> Figure:
    """A value of a metric in its unit; money that is None is unknown here, whatever the reason."""
    if value is None:
        return UNKNOWN
    match unit:
        case Unit.USD:
            return money(value)
        case Unit.TOKENS | Unit.LINES:
            return _compact(value, unit)
        case Unit.SECONDS:
            return duration(_decimal(value) * 1000)
        case Unit.MILLISECONDS:
            return duration(value)
        case Unit.PERCENT:
            return percentage(value)
        case Unit.COUNT:
            return count(value)


def tokens(value: Number | None) -> Figure:
    """1 234 567 as `1.23 M`."""
    return UNKNOWN if value is None else _compact(value, Unit.TOKENS)


def count(value: Number | None) -> Figure:
    """1234567 as `1 234 567`; averages of counts keep up to two decimals."""
    if value is None:
        return UNKNOWN
    if type(value) is int:
        text = _whole(value)
        return Figure(text, text)
    amount = _decimal(value)
    return Figure(_signed(amount, _grouped(abs(amount), 2)), _exact(amount))


def money(value: Number | None) -> Figure:
    """US dollars: `$3.41`, four decimals below ten cents, none from ten thousand; None is `unpriced`."""
    if value is None:
        return UNPRICED
    amount = _decimal(value)
    size = abs(amount)
    if 0 < size < Decimal("0.00005"):
        return Figure(f"<{_signed(amount, '$0.0001')}", _exact(amount, "$"))
    # A response costs fractions of a cent, a team's year many thousands: four digits that matter for both.
    places = 4 if 0 < size < Decimal("0.1") else 0 if size >= 10_000 else 2
    return Figure(_signed(amount, f"${_fixed(size, places)}"), _exact(amount, "$"))


def percentage(value: Number | None) -> Figure:
    """A share of 0 to 100: `75.3 %`; only nothing is 0 % and only everything is 100 %."""
    if value is None:
        return UNKNOWN
    amount = _decimal(value)
    exact = f"{_exact(amount)}{SPACE}%"
    if 0 < abs(amount) < Decimal("0.05"):
        return Figure(f"<{_signed(amount, '0.1')}{SPACE}%", exact)
    if Decimal("99.95") <= amount < 100:
        return Figure(f">99.9{SPACE}%", exact)
    return Figure(f"{_signed(amount, _grouped(abs(amount), 1))}{SPACE}%", exact)


def change(current: Number | None, previous: Number | None) -> Figure:
    """Growth against a previous value: `+12 %`; unknown where one is unknown or the previous is 0."""
    if current is None or not previous:
        return UNKNOWN
    before = _decimal(previous)
    grown = (_decimal(current) - before) / abs(before) * 100
    shown = percentage(_round(grown, 4) or grown)
    return Figure(f"+{shown.text}", f"+{shown.exact}") if grown > 0 else shown


def duration(ms: Number | None) -> Figure:
    """Milliseconds as `850 ms`, `12.5 s`, `42 min` or `2 h 5 min`; exact to the millisecond."""
    if ms is None:
        return UNKNOWN
    amount = _decimal(ms)
    return Figure(_signed(amount, _duration_text(abs(amount))), _signed(amount, _duration_exact(abs(amount))))


def _duration_text(ms: Decimal) -> str:
    if _round(ms, 0) < 1000:
        return f"{_grouped(ms, 0)}{SPACE}ms"
    if _round(ms / 1000, 1) < 60:
        return f"{_grouped(ms / 1000, 1)}{SPACE}s"
    hours, minutes = divmod(int(_round(ms / 60_000, 0)), 60)
    return _joined((hours, "h"), (minutes, "min"))


def _duration_exact(ms: Decimal) -> str:
    if ms < 1000:
        return f"{ms.normalize():f}{SPACE}ms"
    minutes, rest = divmod(_round(ms, 0), 60_000)
    hours, minutes = divmod(minutes, 60)
    return _joined((int(hours), "h"), (int(minutes), "min"), (rest / 1000, "s"))


def _joined(*parts: tuple[Number, str]) -> str:
    """The parts that are not 0, in order: `2 h 5 min`."""
    return SPACE.join(f"{_grouped(_decimal(size), 3)}{SPACE}{unit}" for size, unit in parts if size)


# From which age on, up to which, and the words. Months are 30 days: `exact` has the date.
AGES = (
    (timedelta(minutes=1), timedelta(hours=1), "min", "min"),
    (timedelta(hours=1), timedelta(days=1), "h", "h"),
    (timedelta(days=1), timedelta(days=30), "day", "days"),
    (timedelta(days=30), timedelta(days=365), "month", "months"),
    (timedelta(days=365), timedelta.max, "year", "years"),
)


def ago(then: datetime | None, now: datetime) -> Figure:
    """`3 min ago`, or `in 3 min` for a clock that runs ahead; exact is the moment in UTC."""
    if then is None:
        return UNKNOWN
    exact = f"{then.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    age = abs(now - then)
    for size, limit, one, many in AGES:
        if size <= age < limit:
            passed = age // size
            text = f"{passed}{SPACE}{one if passed == 1 else many}"
            return Figure(f"in {text}" if then > now else f"{text} ago", exact)
    return Figure("just now", exact)


def _compact(value: Number, unit: Unit) -> Figure:
    amount = _decimal(value)
    exact = f"{_exact(amount)}{SPACE}{unit}"
    for size, places, letter in ((10**9, 2, "B"), (10**6, 2, "M"), (10**3, 1, "k")):
        scaled = abs(amount) / size
        # Thousands are written out up to 9 999; what would round up to "1 000 k" is already "1 M".
        if scaled >= 10 if letter == "k" else _round(scaled * 1000, 1) >= 1000:
            return Figure(_signed(amount, f"{_grouped(scaled, places)}{SPACE}{letter}"), exact)
    return Figure(_signed(amount, _grouped(abs(amount), 0 if abs(amount) >= 10 else 2)), exact)


def _decimal(value: Number) -> Decimal:
    # By way of text, so that the float 0.1 is the decimal 0.1.
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _round(amount: Decimal, places: int) -> Decimal:
    return amount.quantize(_unit(places), ROUND_HALF_UP)


@cache
def _unit(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def _whole(number: int) -> str:
    return f"{number:,}".replace(",", THIN_SPACE).replace("-", MINUS)


def _fixed(size: Decimal, places: int) -> str:
    return f"{_round(size, places):,f}".replace(",", THIN_SPACE)


def _grouped(size: Decimal, places: int) -> str:
    """Up to `places` decimals, without zeros at the end."""
    text = _fixed(size, places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exact(amount: Decimal, symbol: str = "") -> str:
    """All digits there are."""
    if amount == amount.to_integral_value():
        return _signed(amount, f"{symbol}{_fixed(abs(amount), 0)}")
    places = max(0, -int(amount.normalize().as_tuple().exponent))
    return _signed(amount, f"{symbol}{_fixed(abs(amount), places)}")


def _signed(amount: Decimal, text: str) -> str:
    return f"{MINUS}{text}" if amount < 0 else text
