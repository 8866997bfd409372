from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.periods import (
    ALL_TIME_END,
    ALL_TIME_START,
    DAY,
    HOUR,
    MAX_BUCKETS,
    QUARTER_MS,
    Bucket,
    BucketKind,
    Period,
    TooManyBuckets,
    buckets,
    fitting_kind,
    local_date,
    months_before,
    quarter_ceiling,
    quarter_edges,
    quarter_of,
    quarter_start,
    start_of_day,
)

NEW_YORK = ZoneInfo("America/New_York")
KOLKATA = ZoneInfo("Asia/Kolkata")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")
BEIRUT = ZoneInfo("Asia/Beirut")
UTC_ZONE = ZoneInfo("UTC")

ODD_ZONES = ["Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/New_York", "America/St_Johns"]
ALL_ZONES = st.sampled_from(sorted(available_timezones() - {"Factory", "localtime"}))
ZONES = (st.sampled_from(ODD_ZONES) | ALL_ZONES).map(ZoneInfo)
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
KINDS = st.sampled_from(BucketKind)


@st.composite
def periods(draw: st.DrawFn, longest: timedelta = timedelta(days=70)) -> Period:
    start_at = draw(INSTANTS)
    length = draw(st.timedeltas(timedelta(milliseconds=1), longest))
    return Period(start_at, start_at + length, draw(ZONES))


def days(zone: ZoneInfo, first: date, last: date) -> Period:
    """The local days `first` to `last`, both included."""
    return Period(start_of_day(first, zone), start_of_day(last + DAY, zone), zone)


class TestPeriod:
    def test_stores_utc_and_is_half_open(self) -> None:
        period = Period(datetime(2026, 3, 1, tzinfo=KOLKATA), datetime(2026, 3, 2, tzinfo=KOLKATA), KOLKATA)
        assert period.start_at == datetime(2026, 2, 28, 18, 30, tzinfo=UTC)
        assert period.start_at.tzinfo is UTC
        assert period.start_at in period
        assert period.end_at not in period

    def test_refuses_naive_datetimes_and_an_end_before_the_start(self) -> None:
        with pytest.raises(ValueError, match="aware"):
            Period(datetime(2026, 3, 1), datetime(2026, 3, 2, tzinfo=UTC), UTC_ZONE)
        with pytest.raises(ValueError, match="after it starts"):
            Period(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC), UTC_ZONE)

    def test_widens_to_the_quarters_it_touches(self) -> None:
        at = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
        period = Period(at, at + HOUR, UTC_ZONE)
        assert not period.is_quarter_aligned
        widened = period.widened_to_quarters()
        assert (widened.start_at.minute, widened.end_at.minute) == (0, 15)
        assert widened.is_quarter_aligned
        assert widened.quarters == period.quarters


class TestNarrowing:
    everything = Period(ALL_TIME_START, ALL_TIME_END, NEW_YORK)

    def test_open_ends_become_the_local_days_of_the_data(self) -> None:
        narrowed = self.everything.narrowed_to(
            datetime(2026, 3, 8, 4, tzinfo=UTC), datetime(2026, 3, 9, 12, tzinfo=UTC)
        )
        assert narrowed == days(NEW_YORK, date(2026, 3, 7), date(2026, 3, 9))

    def test_ends_that_were_given_stay(self) -> None:
        given_ends = days(NEW_YORK, date(2026, 1, 1), date(2026, 1, 31))
        assert (
            given_ends.narrowed_to(datetime(2026, 1, 9, tzinfo=UTC), datetime(2026, 1, 9, tzinfo=UTC))
            == given_ends
        )

    @given(INSTANTS, INSTANTS, INSTANTS, ZONES)
    def test_never_loses_the_data_and_always_has_a_length(
        self, first_at: datetime, last_at: datetime, end_at: datetime, zone: ZoneInfo
    ) -> None:
        first_at, last_at = sorted((first_at, last_at))
        narrowed = Period(ALL_TIME_START, ALL_TIME_END, zone).narrowed_to(first_at, last_at)
        assert first_at in narrowed and last_at in narrowed
        assert Period(ALL_TIME_START, end_at, zone).narrowed_to(first_at, last_at).end_at == end_at


class TestPreceding:
    def test_a_month_is_preceded_by_the_month_before(self) -> None:
        march = days(NEW_YORK, date(2026, 3, 1), date(2026, 3, 31))
        assert march.preceding() == days(NEW_YORK, date(2026, 2, 1), date(2026, 2, 28))

    def test_a_year_from_any_day_is_preceded_by_a_year(self) -> None:
        leap = days(UTC_ZONE, date(2024, 2, 10), date(2025, 2, 9))
        assert leap.preceding() == days(UTC_ZONE, date(2023, 2, 10), date(2024, 2, 9))

    def test_days_are_preceded_by_as_many_days_across_a_clock_change(self) -> None:
        week = days(NEW_YORK, date(2026, 3, 8), date(2026, 3, 14))
        assert week.length == 7 * DAY - HOUR
        assert week.preceding() == days(NEW_YORK, date(2026, 3, 1), date(2026, 3, 7))

    def test_other_periods_are_preceded_by_the_same_number_of_seconds(self) -> None:
        at = datetime(2026, 3, 8, 10, 7, tzinfo=UTC)
        assert Period(at, at + HOUR, NEW_YORK).preceding() == Period(at - HOUR, at, NEW_YORK)

    def test_nothing_precedes_the_beginning(self) -> None:
        assert Period(ALL_TIME_START, datetime(2026, 1, 1, tzinfo=UTC), UTC_ZONE).preceding() is None

    @given(periods())
    def test_adjoins(self, period: Period) -> None:
        preceding = period.preceding()
        assert preceding is not None
        assert preceding.end_at == period.start_at


def test_months_before_keeps_the_day_or_takes_the_last_one() -> None:
    assert months_before(date(2026, 3, 31), 1) == date(2026, 2, 28)
    assert months_before(date(2024, 2, 29), 12) == date(2023, 2, 28)
    assert months_before(date(2026, 1, 15), 13) == date(2024, 12, 15)
    assert months_before(date(2026, 12, 1), -1) == date(2027, 1, 1)


class TestStartOfDay:
    def test_is_the_jump_where_the_clock_skips_midnight(self) -> None:
        start = start_of_day(date(2026, 3, 29), BEIRUT)
        assert start == datetime(2026, 3, 28, 22, tzinfo=UTC)
        assert f"{start.astimezone(BEIRUT):%H:%M}" == "01:00"

    def test_is_the_first_midnight_where_there_are_two(self) -> None:
        havana = ZoneInfo("America/Havana")
        assert start_of_day(date(2025, 11, 2), havana) == datetime(2025, 11, 2, 4, tzinfo=UTC)

    @given(INSTANTS, ZONES)
    def test_nothing_of_the_day_lies_before_it(self, instant: datetime, zone: ZoneInfo) -> None:
        day = local_date(instant, zone)
        start = start_of_day(day, zone)
        assert start <= instant or local_date(start, zone) == day
        assert local_date(start, zone) >= day
        assert local_date(start - timedelta(microseconds=1), zone) < day


class TestQuarters:
    @given(INSTANTS)
    def test_a_quarter_is_the_epoch_milliseconds_divided(self, instant: datetime) -> None:
        epoch_ms = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
        quarter = quarter_of(instant)
        assert quarter == epoch_ms // QUARTER_MS
        assert quarter_start(quarter) <= instant < quarter_start(quarter + 1)

    @given(st.integers(-4_000, 4_000_000))
    def test_edges_are_their_own_floor_and_ceiling(self, quarter: int) -> None:
        start = quarter_start(quarter)
        assert quarter_of(start) == quarter_ceiling(start) == quarter
        assert quarter_ceiling(start + timedelta(microseconds=1)) == quarter + 1

    @pytest.mark.parametrize("year", [1980, 1990, 2010, 2026, 2040])
    def test_every_zone_has_its_midnights_on_quarters(self, year: int) -> None:
        for name in available_timezones() - {"Factory", "localtime"}:
            for month in (1, 4, 7, 10):
                start = start_of_day(date(year, month, 1), ZoneInfo(name))
                assert quarter_start(quarter_of(start)) == start, name


class TestBuckets:
    @settings(deadline=None)
    @given(periods(), KINDS, st.integers(0, 6))
    def test_tile_the_period(self, period: Period, kind: BucketKind, week_start: int) -> None:
        cut = buckets(period, kind, week_start=week_start)
        assert cut[0].start_at == period.start_at
        assert cut[-1].end_at == period.end_at
        assert all(bucket.start_at < bucket.end_at for bucket in cut)
        assert all(one.end_at == other.start_at for one, other in pairwise(cut))

    @settings(deadline=None)
    @given(periods(), KINDS)
    def test_have_labels_that_are_unique_and_ascend(self, period: Period, kind: BucketKind) -> None:
        found = list(buckets(period, kind))
        labels = [bucket.label for bucket in found]
        assert len(set(labels)) == len(labels)
        assert [bucket.start_at for bucket in found] == sorted(bucket.start_at for bucket in found)
        # Where clocks go back across midnight, an hour of the old day follows one of the new.
        if kind not in (BucketKind.HOURLY, BucketKind.QUARTER_HOUR):
            assert [label[:10] for label in labels] == sorted(label[:10] for label in labels)

    @settings(deadline=None)
    @given(periods(), KINDS)
    def test_of_an_instant_has_the_label_of_its_local_day(self, period: Period, kind: BucketKind) -> None:
        if kind in (BucketKind.WEEKLY, BucketKind.MONTHLY):
            return
        for bucket in buckets(period, kind):
            # Clocks in St John's went back at 00:01 until 2011: the quarter of an hour that began in the new day
            # went on in the old one.
            is_day = kind is BucketKind.DAILY
            told = bucket.start_at + (bucket.end_at - bucket.start_at) / 2 if is_day else bucket.start_at
            assert bucket.label.startswith(local_date(told, period.zone).isoformat())

    def test_days_have_23_and_25_hours_when_the_clock_changes(self) -> None:
        spring = buckets(days(NEW_YORK, date(2026, 3, 7), date(2026, 3, 9)), BucketKind.DAILY)
        autumn = buckets(days(NEW_YORK, date(2026, 10, 31), date(2026, 11, 2)), BucketKind.DAILY)
        assert [(bucket.end_at - bucket.start_at) / HOUR for bucket in spring] == [24, 23, 24]
        assert [(bucket.end_at - bucket.start_at) / HOUR for bucket in autumn] == [24, 25, 24]

    def test_the_repeated_hour_is_two_buckets_told_apart_by_offset(self) -> None:
        labels = [
            b.label for b in buckets(days(NEW_YORK, date(2026, 11, 1), date(2026, 11, 1)), BucketKind.HOURLY)
        ]
        assert len(labels) == 25
        assert labels[:4] == [
            "2026-11-01 00:00",
            "2026-11-01 01:00 -04:00",
            "2026-11-01 01:00 -05:00",
            "2026-11-01 02:00",
        ]

    def test_the_skipped_hour_is_no_bucket(self) -> None:
        labels = [
            b.label for b in buckets(days(NEW_YORK, date(2026, 3, 8), date(2026, 3, 8)), BucketKind.HOURLY)
        ]
        assert len(labels) == 23
        assert labels[1:3] == ["2026-03-08 01:00", "2026-03-08 03:00"]

    def test_half_an_hour_inserted_or_skipped_changes_one_hour(self) -> None:
        autumn = buckets(days(LORD_HOWE, date(2026, 4, 5), date(2026, 4, 5)), BucketKind.HOURLY)
        spring = buckets(days(LORD_HOWE, date(2026, 10, 4), date(2026, 10, 4)), BucketKind.HOURLY)
        assert [(b.end_at - b.start_at) / HOUR for b in autumn[:4]] == [1, 1.5, 1, 1]
        assert [(b.end_at - b.start_at) / HOUR for b in spring[:4]] == [1, 1, 0.5, 1]
        assert len(autumn) == len(spring) == 24

    def test_hours_of_a_half_hour_zone_start_at_its_own_full_hours(self) -> None:
        at = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
        cut = buckets(Period(at, at + 2 * HOUR, KOLKATA), BucketKind.HOURLY)
        assert [b.start_at.minute for b in cut] == [0, 30, 30]
        assert [b.label for b in cut] == ["2026-03-01 15:00", "2026-03-01 16:00", "2026-03-01 17:00"]

    def test_midnight_in_kathmandu_is_a_quarter_past(self) -> None:
        (day,) = buckets(days(KATHMANDU, date(2026, 3, 1), date(2026, 3, 1)), BucketKind.DAILY)
        assert day.start_at == datetime(2026, 2, 28, 18, 15, tzinfo=UTC)

    def test_a_day_the_date_line_took_is_no_bucket(self) -> None:
        labels = [
            b.label for b in buckets(days(APIA, date(2011, 12, 28), date(2012, 1, 1)), BucketKind.DAILY)
        ]
        assert labels == ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]

    def test_weeks_start_on_monday_or_as_configured(self) -> None:
        wednesday_on = days(UTC_ZONE, date(2026, 3, 4), date(2026, 3, 10))
        assert [b.label for b in buckets(wednesday_on, BucketKind.WEEKLY)] == ["2026-03-02", "2026-03-09"]
        by_sunday = buckets(wednesday_on, BucketKind.WEEKLY, week_start=6)
        assert [b.label for b in by_sunday] == ["2026-03-01", "2026-03-08"]
        assert by_sunday[0].start_at == wednesday_on.start_at

    def test_months_are_calendar_months(self) -> None:
        cut = buckets(days(NEW_YORK, date(2026, 1, 15), date(2026, 3, 2)), BucketKind.MONTHLY)
        assert [b.label for b in cut] == ["2026-01", "2026-02", "2026-03"]
        assert cut[1].end_at - cut[1].start_at == 28 * DAY

    def test_quarter_hours(self) -> None:
        at = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
        cut = buckets(Period(at, at + timedelta(minutes=20), UTC_ZONE), BucketKind.QUARTER_HOUR)
        assert [b.label for b in cut] == ["2026-03-01 10:00", "2026-03-01 10:15"]

    def test_too_many_are_refused_with_a_sentence(self) -> None:
        most = Period(quarter_start(0), quarter_start(MAX_BUCKETS), UTC_ZONE)
        assert len(buckets(most, BucketKind.QUARTER_HOUR)) == MAX_BUCKETS
        with pytest.raises(TooManyBuckets) as refusal:
            buckets(Period(most.start_at, quarter_start(MAX_BUCKETS + 1), UTC_ZONE), BucketKind.QUARTER_HOUR)
        assert "10,000 quarter-hour" in refusal.value.errors["period"]


@pytest.mark.parametrize(
    ("length", "kind"),
    [(1, BucketKind.HOURLY), (7, BucketKind.DAILY), (90, BucketKind.DAILY), (366, BucketKind.WEEKLY)],
)
def test_a_period_of_days_is_cut_to_fit_a_chart(length: int, kind: BucketKind) -> None:
    period = days(UTC_ZONE, date(2026, 3, 1), date(2026, 3, 1) + (length - 1) * DAY)
    assert fitting_kind(period) is kind


def test_many_years_are_cut_into_months() -> None:
    assert fitting_kind(days(UTC_ZONE, date(2015, 1, 1), date(2026, 3, 1))) is BucketKind.MONTHLY


def bucket_indexes(quarters: Iterable[int], cut: list[Bucket]) -> list[int | None]:
    """For each quarter the bucket between whose edges it lies."""
    edges = quarter_edges(cut)
    return [
        bisect_right(edges, quarter) - 1 if edges[0] <= quarter < edges[-1] else None for quarter in quarters
    ]


class TestQuartersOfBuckets:
    @settings(deadline=None)
    @given(periods(), KINDS)
    def test_sums_over_buckets_are_the_total_of_the_period(self, period: Period, kind: BucketKind) -> None:
        cut = buckets(period, kind)
        quarters = period.quarters
        sums = [0] * len(cut)
        for quarter, index in zip(quarters, bucket_indexes(quarters, cut), strict=True):
            assert index is not None
            sums[index] += quarter
        assert sum(sums) == sum(quarters)

    @settings(deadline=None)
    @given(st.data(), ZONES, INSTANTS, st.integers(1, 30))
    def test_an_event_falls_into_the_local_day_it_happened_on(
        self, data: st.DataObject, zone: ZoneInfo, at: datetime, length: int
    ) -> None:
        first = local_date(at, zone)
        cut = buckets(days(zone, first, first + length * DAY), BucketKind.DAILY)
        event_at = data.draw(
            st.datetimes(naive(cut[0].start_at), naive(cut[-1].end_at), timezones=st.just(UTC))
        )
        (index,) = bucket_indexes([quarter_of(event_at)], cut)
        expected = bisect_right([b.start_at for b in cut], event_at) - 1
        assert index == (expected if event_at < cut[-1].end_at else None)

    @pytest.mark.parametrize("name", ODD_ZONES)
    @settings(max_examples=15, deadline=None)
    @given(data=st.data())
    def test_a_year_of_events_is_counted_on_the_same_days_as_one_by_one(
        self, name: str, data: st.DataObject
    ) -> None:
        zone = ZoneInfo(name)
        year = days(zone, date(2026, 1, 1), date(2026, 12, 31))
        moments = st.datetimes(naive(year.start_at), naive(year.end_at - HOUR), timezones=st.just(UTC))
        changes = [datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 4, 4, 15, tzinfo=UTC)]
        near_a_change = st.builds(
            lambda change, hours: change + timedelta(hours=hours),
            st.sampled_from(
                [*changes, datetime(2026, 10, 3, 15, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)]
            ),
            st.floats(-30, 30),
        )
        events = sorted(data.draw(st.lists(moments | near_a_change, max_size=60)))
        cut = buckets(year, BucketKind.DAILY)
        indexes = bucket_indexes([quarter_of(event) for event in events], cut)
        by_bucket = Counter(cut[index].label for index in indexes if index is not None)
        assert by_bucket == Counter(local_date(event, zone).isoformat() for event in events)
        assert by_bucket.total() == len(events)

    def test_quarters_outside_have_no_bucket(self) -> None:
        cut = buckets(days(UTC_ZONE, date(2026, 3, 1), date(2026, 3, 2)), BucketKind.DAILY)
        first = quarter_of(cut[0].start_at)
        assert bucket_indexes([first - 1, first, first + 96, first + 191, first + 192], cut) == [
            None,
            0,
            1,
            1,
            None,
        ]
        assert quarter_edges(cut) == [first, first + 96, first + 192]


def naive(instant: datetime) -> datetime:
    return instant.replace(tzinfo=None)
