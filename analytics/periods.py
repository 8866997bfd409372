"""Stretches of time: what a reader asked for, and the buckets a chart cuts it into.

A `Period` is half-open, `start_at <= t < end_at`, in UTC instants, together with the reporting zone whose
midnights, weeks and months it is cut by. Nothing here reads a clock: `now` is always an argument.

Rollup tables are keyed by the *quarter*, the number of a 15-minute slot since 1970 in UTC. Every offset that
any IANA zone has used since October 1979 is a multiple of 15 minutes, so every local midnight and full hour
since then is the edge of a quarter, and sums of quarters are exact for every zone. For an edge inside a
quarter (an older date, a period asked for from 10:07) the whole quarter goes to the later bucket, and the
quarter a period ends in belongs to the period: no quarter is ever lost or counted twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import islice, pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# "Everything" needs two ends to be a period; 2100 leaves room for transcripts of clocks that run ahead.
ALL_TIME_START = EPOCH
ALL_TIME_END = datetime(2100, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
QUARTER_MS = 900_000
# More than a chart can show; without a limit one request for the quarters of a century would tie up a server.
MAX_BUCKETS = 10_000
MONDAY = 0
MOST_DAYS = 4096  # local days whose beginnings are kept: eleven years


class PeriodError(ValueError):
    """What was asked for is no period. `errors` maps the name of each bad parameter to a sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


class TooManyBuckets(PeriodError):
    """The period, cut this finely, has more than `MAX_BUCKETS` buckets."""


class BucketKind(StrEnum):
    QUARTER_HOUR = "quarter-hour"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Bucket(NamedTuple):
    """A slice of a period. First and last are clipped to it; `label` names the whole day, week or month."""

    start_at: datetime
    end_at: datetime
    label: str


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open stretch `[start_at, end_at)` of UTC instants and the zone it is reported in.

    Aware datetimes of any zone are taken and stored as UTC. Raises ValueError for naive datetimes and for an
    end that is not after the start.
    """

    start_at: datetime
    end_at: datetime
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.start_at.tzinfo is None or self.end_at.tzinfo is None:
            raise ValueError("A period is made of aware datetimes.")
        object.__setattr__(self, "start_at", self.start_at.astimezone(UTC))
        object.__setattr__(self, "end_at", self.end_at.astimezone(UTC))
        if self.end_at <= self.start_at:
            raise ValueError("A period ends after it starts.")

    def __contains__(self, instant: datetime) -> bool:
        return self.start_at <= instant < self.end_at

    @property
    def length(self) -> timedelta:
        return self.end_at - self.start_at

    @property
    def starts_open(self) -> bool:
        """Nobody named a start: the period reaches back to the first thing known."""
        return self.start_at == ALL_TIME_START

    @property
    def ends_open(self) -> bool:
        """Nobody named an end: clocks that run ahead are still inside."""
        return self.end_at == ALL_TIME_END

    @property
    def quarters(self) -> range:
        """The numbers of all quarters the period touches."""
        return range(quarter_of(self.start_at), quarter_ceiling(self.end_at))

    @property
    def is_quarter_aligned(self) -> bool:
        """Whether rollups answer for this period to the second, without widening it."""
        return self == self.widened_to_quarters()

    def widened_to_quarters(self) -> "Period":
        """The period that rollups really answer for: this one, out to the edges of its quarters."""
        return Period(quarter_start(self.quarters.start), quarter_start(self.quarters.stop), self.zone)

    def narrowed_to(self, first_at: datetime, last_at: datetime) -> "Period":
        """Replaces open ends by the local days of the first and last thing known; given ends stay.

        Without this, "all" would be cut into 130 years of mostly empty buckets. Where nothing known lies
        inside, the answer is one local day, so that a chart has an axis.
        """
        start_at = self.start_at
        if self.starts_open:
            start_at = min(start_of_day(local_date(first_at, self.zone), self.zone), self.end_at - DAY)
        end_at = self.end_at
        if self.ends_open:
            end_at = max(start_of_day(local_date(last_at, self.zone) + DAY, self.zone), start_at + DAY)
        return Period(max(start_at, ALL_TIME_START), min(end_at, ALL_TIME_END), self.zone)

    def preceding(self) -> "Period | None":
        """The period of equal length that ends where this one starts; None when this one has no start.

        Equal is meant as a calendar means it: whole calendar months or years are preceded by as many months
        (March by February), whole local days by as many days, even when a clock change makes one of them an
        hour shorter. Anything else is preceded by the same number of seconds.
        """
        if self.starts_open:
            return None
        first, after = local_date(self.start_at, self.zone), local_date(self.end_at, self.zone)
        on_midnights = (
            start_of_day(first, self.zone) == self.start_at and start_of_day(after, self.zone) == self.end_at
        )
        if not on_midnights:
            return Period(self.start_at - self.length, self.start_at, self.zone)
        # Only from a 1st to a 1st: 10 February to 9 March was asked for as 28 days, not as a month.
        months = whole_months(first, after)
        start = months_before(first, months) if months else first - (after - first)
        return Period(start_of_day(start, self.zone), self.start_at, self.zone)


def whole_months(first: date, after: date) -> int:
    """The calendar months in `[first, after)`: from a 1st to a 1st, or whole years from any day; else 0."""
    months = (after.year - first.year) * 12 + after.month - first.month
    same_day = first.day == after.day
    return months if same_day and (first.day == 1 or months % 12 == 0) else 0


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or its last day where it is shorter (31 March → 28 February)."""
    year, month_index = divmod(day.year * 12 + day.month - 1 - months, 12)
    first = date(year, month_index + 1, 1)
    last_day = (date(year + (month_index == 11), (month_index + 1) % 12 + 1, 1) - DAY).day
    return first.replace(day=min(day.day, last_day))


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


@lru_cache(maxsize=MOST_DAYS)
def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC; 01:00 local where the clock skips midnight."""
    return first_instant(datetime.combine(day, time.min), zone)


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first UTC instant at which the zone's clock reads the naive time `wall`, or jumps past it."""
    # Where the clock shows `wall` twice, fold=0 is the first time.
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # The clock jumped over `wall`: inside such a gap fold=1 reads the new offset and lands before the jump.
    return _clock_change(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), instant, zone)


def _clock_change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The instant between `low` and `high` from which the zone has the offset it has at `high`."""
    # zoneinfo does not tell its transitions, so they are searched for, to the second they are defined to.
    offset = high.astimezone(zone).utcoffset()
    before, after = int(low.timestamp()), int(high.timestamp())
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return datetime.fromtimestamp(after, UTC)


def quarter_of(instant: datetime) -> int:
    """The number of the quarter that holds an aware instant: `epoch_ms // 900_000`."""
    return (instant - EPOCH) // QUARTER


def quarter_ceiling(instant: datetime) -> int:
    """The number of the first quarter that starts at or after the instant."""
    return -((EPOCH - instant) // QUARTER)


def quarter_start(quarter: int) -> datetime:
    return EPOCH + quarter * QUARTER


def buckets(period: Period, kind: BucketKind, *, week_start: int = MONDAY) -> list[Bucket]:
    """Cuts the period at the local hours, midnights, weeks or months of its zone, in order and without a gap.

    Follows the wall clock: days of 23 or 25 hours are one bucket, the hour a clock repeats is two buckets
    told apart by the offset in their labels, and half an hour that a clock inserts or skips lengthens or
    shortens its hour. `week_start` is 0 for Monday to 6 for Sunday. Raises TooManyBuckets; narrow an open
    period first.
    """
    # One edge more than allowed proves that there are too many, without making them all.
    edges = list(islice(_edges(period, kind, week_start), MAX_BUCKETS + 2))
    if len(edges) > MAX_BUCKETS + 1:
        sentence = (
            f"This period has more than {MAX_BUCKETS:,} {kind} values; ask for a shorter one or longer steps."
        )
        raise TooManyBuckets({"period": sentence})
    return [
        Bucket(start_at, end_at, _label(start_at.astimezone(period.zone), kind, week_start))
        for start_at, end_at in pairwise(edges)
    ]


def fitting_kind(period: Period) -> BucketKind:
    """The buckets that give a chart of the period some 20 to 120 values when nobody chose any."""
    if period.length <= 3 * DAY:
        return BucketKind.HOURLY
    if period.length <= 120 * DAY:
        return BucketKind.DAILY
    return BucketKind.WEEKLY if period.length <= 750 * DAY else BucketKind.MONTHLY


def _edges(period: Period, kind: BucketKind, week_start: int) -> Iterator[datetime]:
    """The start of the period, every natural edge inside it, its end: strictly ascending."""
    edge = period.start_at
    while edge < period.end_at:
        yield edge
        edge = _next_edge(edge, period.zone, kind, week_start)
    yield period.end_at


def _next_edge(instant: datetime, zone: ZoneInfo, kind: BucketKind, week_start: int) -> datetime:
    if kind is BucketKind.QUARTER_HOUR:
        return quarter_start(quarter_of(instant) + 1)
    if kind is BucketKind.HOURLY:
        return _next_hour(instant, zone)
    day = local_date(instant, zone)
    following = _next_first_day(day, kind, week_start)
    # Zones that moved across the date line skipped a day, which starts no later than the one before it.
    while (edge := start_of_day(following, zone)) <= instant:
        following = _next_first_day(following, kind, week_start)
    return edge


def _next_first_day(day: date, kind: BucketKind, week_start: int) -> date:
    first = _first_day(day, kind, week_start)
    if kind is BucketKind.MONTHLY:
        return months_before(first, -1)
    return first + (7 * DAY if kind is BucketKind.WEEKLY else DAY)


def _first_day(day: date, kind: BucketKind, week_start: int) -> date:
    if kind is BucketKind.MONTHLY:
        return day.replace(day=1)
    if kind is BucketKind.WEEKLY:
        return day - (day.weekday() - week_start) % 7 * DAY
    return day


def _next_hour(instant: datetime, zone: ZoneInfo) -> datetime:
    wall = instant.astimezone(zone)
    into_hour = timedelta(minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond)
    hour_later = instant - into_hour + HOUR
    if hour_later.astimezone(zone).utcoffset() == wall.utcoffset():
        return hour_later
    change = _clock_change(instant, hour_later, zone)
    changed = change.astimezone(zone)
    starts_hour = changed.hour != wall.hour or changed.minute == changed.second == 0
    return change if starts_hour else _next_hour(change, zone)


def _label(wall: datetime, kind: BucketKind, week_start: int) -> str:
    if kind is BucketKind.MONTHLY:
        return f"{wall:%Y-%m}"
    if kind not in (BucketKind.HOURLY, BucketKind.QUARTER_HOUR):
        return _first_day(wall.date(), kind, week_start).isoformat()
    minute = wall.minute // 15 * 15 if kind is BucketKind.QUARTER_HOUR else 0
    label = f"{wall:%Y-%m-%d %H}:{minute:02}"
    return f"{label} {wall:%:z}" if _is_repeated(wall) else label


def _is_repeated(wall: datetime) -> bool:
    """Whether the zone's clock shows this time twice, as it does when summer time ends."""
    first, second = wall.replace(fold=0).utcoffset(), wall.replace(fold=1).utcoffset()
    return first is not None and second is not None and first > second


def quarter_edges(cut: Sequence[Bucket]) -> list[int]:
    """The n + 1 quarters that bound n adjoining buckets: bucket i holds `range(edges[i], edges[i + 1])`."""
    return [quarter_of(bucket.start_at) for bucket in cut] + [quarter_ceiling(cut[-1].end_at)]
