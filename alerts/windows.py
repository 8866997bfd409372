"""Values over windows of time. Time is counted in quarters (`analytics.periods`), windows are `[first, stop)`."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from math import ceil
from typing import Protocol
from zoneinfo import ZoneInfo

from alerts.definition import QUARTER_SECONDS, ConditionKind, RuleDefinition, Scope
from analytics.metrics import Aggregation
from analytics.periods import DAY, local_date, months_before, quarter_of, quarter_start, start_of_day

DAY_SECONDS = 86_400
QUARTERS_OF_AN_HOUR = 4
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Measured:
    """A value and how much it was told from. None: not known."""

    value: Decimal | None
    samples: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What a quarter adds to a sum or a ratio. `whole` is the denominator; of a sum, how many samples are known."""

    part: int
    whole: int
    samples: int


class Course(Protocol):
    """One group's values over time."""

    def over(self, first: int, stop: int) -> Measured:
        """The value of the window `[first, stop)`; the same object as before where the same rows tell it."""
        ...


class SummedCourse:
    """Sums or ratios, which add up over quarters."""

    def __init__(
        self,
        quarters: Sequence[int],
        parts: Iterable[int],
        wholes: Iterable[int],
        samples: Iterable[int],
        scale: Decimal = ONE,
        *,
        is_ratio: bool = False,
    ) -> None:
        """Columns of the same rows, ascending by quarter; a quarter may stand in several of them."""
        self._quarters = quarters
        self._part = [0, *accumulate(parts)]
        self._whole = [0, *accumulate(wholes)]
        self._samples = [0, *accumulate(samples)]
        self._scale, self._is_ratio = scale, is_ratio
        self._last: tuple[int, int, Measured] | None = None

    @classmethod
    def of(cls, rows: Mapping[int, Parts], scale: Decimal = ONE, *, is_ratio: bool = False) -> "SummedCourse":
        """A course of what each quarter adds."""
        quarters = sorted(rows)
        kept = [rows[quarter] for quarter in quarters]
        return cls(
            quarters,
            [each.part for each in kept],
            [each.whole for each in kept],
            [each.samples for each in kept],
            scale,
            is_ratio=is_ratio,
        )

    def over(self, first: int, stop: int) -> Measured:
        low, high = bisect_left(self._quarters, first), bisect_left(self._quarters, stop)
        if self._last is None or self._last[0] != low or self._last[1] != high:
            self._last = (low, high, self._between(low, high))
        return self._last[2]

    def _between(self, low: int, high: int) -> Measured:
        part, whole = self._part[high] - self._part[low], self._whole[high] - self._whole[low]
        samples = self._samples[high] - self._samples[low]
        if self._is_ratio:
            return Measured(part * self._scale / whole if whole else None, samples)
        return Measured(part * self._scale if whole or not samples else None, samples)


class RankedCourse:
    """Single values, of which a window takes the mean, an extreme or a rank."""

    def __init__(self, rows: Mapping[int, Iterable[int]], aggregation: Aggregation) -> None:
        self._quarters = sorted(rows)
        # Sorted by quarter, so that sorting a window only has to merge.
        self._values = [sorted(rows[quarter]) for quarter in self._quarters]
        self._aggregation = aggregation
        self._last: tuple[int, int, Measured] | None = None

    def over(self, first: int, stop: int) -> Measured:
        low, high = bisect_left(self._quarters, first), bisect_left(self._quarters, stop)
        if self._last is None or self._last[:2] != (low, high):
            values = [Decimal(value) for part in self._values[low:high] for value in part]
            self._last = (low, high, Measured(spread(values, self._aggregation), len(values)))
        return self._last[2]


class PerSessionCourse:
    """The sums of single sessions, of which a window takes the mean, an extreme or a rank."""

    def __init__(
        self, rows: Iterable[tuple[int, int, int]], scale: Decimal, aggregation: Aggregation
    ) -> None:
        self._rows = sorted(rows)  # (quarter, session, part)
        self._quarters = [quarter for quarter, _, _ in self._rows]
        self._scale, self._aggregation = scale, aggregation
        self._last: tuple[int, int, Measured] | None = None

    def over(self, first: int, stop: int) -> Measured:
        low, high = bisect_left(self._quarters, first), bisect_left(self._quarters, stop)
        if self._last is None or self._last[:2] != (low, high):
            sums: dict[int, int] = {}
            for _, session, part in self._rows[low:high]:
                sums[session] = sums.get(session, 0) + part
            values = [value * self._scale for value in sums.values()]
            self._last = (low, high, Measured(spread(values, self._aggregation), len(values)))
        return self._last[2]


class LevelCourse:
    """A level that lasts until the next: a window has the one at its end."""

    def __init__(self, turns: Mapping[int, Decimal] | Mapping[int, Decimal | None]) -> None:
        self._quarters = sorted(turns)
        self._values = [turns[quarter] for quarter in self._quarters]

    def over(self, first: int, stop: int) -> Measured:
        index = bisect_left(self._quarters, stop) - 1
        value = self._values[index] if index >= 0 else None
        return Measured(value, 0 if value is None else 1)


_SHARES = {
    Aggregation.P50: Decimal("0.5"),
    Aggregation.P90: Decimal("0.9"),
    Aggregation.P95: Decimal("0.95"),
}


def spread(values: list[Decimal], aggregation: Aggregation) -> Decimal | None:
    """Mean, extreme or nearest rank of values; None without any."""
    if not values:
        return None
    if aggregation is Aggregation.AVG:
        return sum(values, Decimal()) / len(values)
    ordered = sorted(values)
    if aggregation in _SHARES:
        return ordered[ceil(_SHARES[aggregation] * len(ordered)) - 1]
    return ordered[0] if aggregation is Aggregation.MIN else ordered[-1]


@dataclass(frozen=True, slots=True)
class Slot:
    """A moment of judgement: the window as it is at the slot's end, and earlier windows to compare it with.

    `subject` names the calendar window, "" for a rolling one. `closes`: the window ends with the slot.
    """

    at: int
    stop: int
    window: tuple[int, int]
    subject: str = ""
    closes: bool = False
    earlier: tuple[tuple[int, int], ...] = ()

    @property
    def at_time(self) -> datetime:
        return quarter_start(self.at)


def slot_quarters(rule: RuleDefinition) -> int:
    """How often a rule is judged: every quarter, every hour for windows that are longer than a day."""
    seconds = rule.window_seconds or 0
    is_long = seconds > DAY_SECONDS or rule.scope in (Scope.WEEKLY, Scope.MONTHLY)
    return QUARTERS_OF_AN_HOUR if is_long else 1


def judged_when_closed(rule: RuleDefinition) -> bool:
    """Whether a calendar window says nothing before it is over: "fewer than" and "than the week before"."""
    return (
        rule.scope.is_calendar
        and not rule.only_grows
        and (
            rule.condition is not ConditionKind.STATIC
            or (rule.measure.adds_up and not rule.operator.is_upward)
        )
    )


def slots(rule: RuleDefinition, first: int, stop: int) -> Iterator[Slot]:
    """The slots that end in `(first, stop]`, ascending."""
    return _calendar_slots(rule, first, stop) if rule.scope.is_calendar else _rolling_slots(rule, first, stop)


def _rolling_slots(rule: RuleDefinition, first: int, stop: int) -> Iterator[Slot]:
    step, length = slot_quarters(rule), (rule.window_seconds or 0) // QUARTER_SECONDS
    for at in range(first // step * step, stop - step + 1, step):
        end = at + step
        if end > first:
            yield Slot(at, end, (end - length, end), earlier=_earlier_rolling(rule, end, length))


def _earlier_rolling(rule: RuleDefinition, end: int, length: int) -> tuple[tuple[int, int], ...]:
    if rule.condition is ConditionKind.STATIC:
        return ()
    if rule.condition is ConditionKind.CHANGE and rule.baseline == "last_week":
        week = 7 * DAY_SECONDS // QUARTER_SECONDS
        return ((end - week - length, end - week),)
    return tuple((end - n * length - length, end - n * length) for n in range(1, _windows_before(rule) + 1))


def _windows_before(rule: RuleDefinition) -> int:
    if rule.condition is ConditionKind.ANOMALY:
        return rule.baseline_length
    if rule.baseline == "last_week":
        return 7 if rule.scope is Scope.DAILY else 1
    return 4 if rule.baseline == "median_of_four" else 1


def lookback(rule: RuleDefinition) -> timedelta:
    """How far before a slot the data that it is judged by may lie."""
    lengths = {Scope.DAILY: 1, Scope.WEEKLY: 7, Scope.MONTHLY: 31}
    length = lengths.get(rule.scope, 0) * DAY or timedelta(seconds=rule.window_seconds or 0)
    if rule.condition is ConditionKind.STATIC:
        return length + DAY
    return max((_windows_before(rule) + 1) * length, length + 7 * DAY) + DAY


def earliest_needed(rule: RuleDefinition, first: int) -> int:
    """The first quarter of what has to be known to judge slots from `first` on."""
    if rule.scope.is_calendar and rule.condition is ConditionKind.STATIC:
        return window_start(rule, quarter_start(first))
    return first - int(lookback(rule).total_seconds()) // QUARTER_SECONDS


def _calendar_slots(rule: RuleDefinition, first: int, stop: int) -> Iterator[Slot]:
    zone, step = ZoneInfo(rule.time_zone), slot_quarters(rule)
    only_last = judged_when_closed(rule)
    day = first_day(local_date(quarter_start(first), zone), rule.scope)
    while (opens := quarter_of(start_of_day(day, zone))) < stop:
        following = next_first_day(day, rule.scope)
        closes = quarter_of(start_of_day(following, zone))
        earlier = _earlier_windows(rule, day, zone)
        subject = "" if only_last else day.isoformat()
        for at in range(max(opens, (first - opens) // step * step + opens), min(closes, stop), step):
            end = min(at + step, closes)
            if first < end <= stop and (end == closes or not only_last):
                yield Slot(at, end, (opens, end), subject, end == closes, earlier)
        day = following


def _earlier_windows(rule: RuleDefinition, day: date, zone: ZoneInfo) -> tuple[tuple[int, int], ...]:
    """Windows before the one that begins on a day, the nearest first."""
    if rule.condition is ConditionKind.STATIC:
        return ()
    found = []
    for _ in range(_windows_before(rule)):
        before = first_day(day - DAY, rule.scope)
        found.append((quarter_of(start_of_day(before, zone)), quarter_of(start_of_day(day, zone))))
        day = before
    is_same_weekday = rule.condition is ConditionKind.CHANGE and rule.baseline == "last_week"
    return (found[-1],) if is_same_weekday else tuple(found)


def first_day(day: date, scope: Scope) -> date:
    """The first day of the calendar window that holds a day; weeks begin on Monday."""
    if scope is Scope.MONTHLY:
        return day.replace(day=1)
    return day - day.weekday() * DAY if scope is Scope.WEEKLY else day


def next_first_day(day: date, scope: Scope) -> date:
    if scope is Scope.MONTHLY:
        return months_before(day, -1)
    return day + (7 * DAY if scope is Scope.WEEKLY else DAY)


def window_start(rule: RuleDefinition, moment: datetime) -> int:
    """The quarter from which a rule has to be judged to know how it stands at a moment."""
    if not rule.scope.is_calendar:
        step = slot_quarters(rule)
        return quarter_of(moment) // step * step
    zone = ZoneInfo(rule.time_zone)
    return quarter_of(start_of_day(first_day(local_date(moment, zone), rule.scope), zone))
