from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.period_parameters import Preset, parse_period, preset_period
from analytics.periods import ALL_TIME_END, ALL_TIME_START, Period, PeriodError

UTC_ZONE = ZoneInfo("UTC")
TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def parse(**given: str | None) -> Period:
    return parse_period(now=NOW, default_zone=UTC_ZONE, **given)  # type: ignore[arg-type]


def errors(**given: str | None) -> dict[str, str]:
    with pytest.raises(PeriodError) as refusal:
        parse(**given)
    return refusal.value.errors


class TestDates:
    def test_a_date_only_end_includes_that_day(self) -> None:
        assert parse(start="2026-03-01", end="2026-03-02") == Period(
            utc(2026, 3, 1), utc(2026, 3, 3), UTC_ZONE
        )

    def test_naive_texts_are_in_the_reporting_zone(self) -> None:
        period = parse(start="2026-03-01", end="2026-03-02T09:00", tz="Asia/Tokyo")
        assert period == Period(utc(2026, 2, 28, 15), utc(2026, 3, 2), TOKYO)

    def test_offsets_are_kept_even_when_the_plus_arrived_as_a_space(self) -> None:
        expected = Period(utc(2026, 3, 1), utc(2026, 3, 1, 10), UTC_ZONE)
        assert parse(start="2026-03-01T02:00:00+02:00", end="2026-03-01T10:00Z") == expected
        assert parse(start="2026-03-01T02:00:00 02:00", end="2026-03-01T10:00Z") == expected

    def test_a_time_the_clock_skips_is_the_moment_it_jumps(self) -> None:
        period = parse(start="2026-03-08T02:30", end="2026-03-08", tz="America/New_York")
        assert period == Period(utc(2026, 3, 8, 7), utc(2026, 3, 9, 4), NEW_YORK)

    def test_a_lone_start_runs_to_the_end_of_today(self) -> None:
        assert parse(start="2026-03-01").end_at == utc(2026, 3, 11)

    def test_a_lone_end_reaches_back_to_the_beginning(self) -> None:
        period = parse(end="2026-03-01")
        assert period.starts_open
        assert period.end_at == utc(2026, 3, 2)

    def test_nothing_given_is_the_default(self) -> None:
        assert parse(start="", end=" ", tz="") == Period(ALL_TIME_START, ALL_TIME_END, UTC_ZONE)
        week = parse_period(now=NOW, default_zone=UTC_ZONE, default=Preset.SEVEN_DAYS)
        assert week == preset_period(Preset.SEVEN_DAYS, now=NOW, zone=UTC_ZONE)


class TestPresets:
    @pytest.mark.parametrize(
        ("preset", "first"),
        [
            ("today", (2026, 3, 10)),
            ("7d", (2026, 3, 4)),
            ("30d", (2026, 2, 9)),
            ("90d", (2025, 12, 11)),
            ("12m", (2025, 3, 11)),
        ],
    )
    def test_are_whole_local_days_up_to_today(self, preset: str, first: tuple[int, ...]) -> None:
        assert parse(preset=preset) == Period(utc(*first), utc(2026, 3, 11), UTC_ZONE)

    def test_today_is_the_day_it_is_in_the_reporting_zone(self) -> None:
        evening = parse_period(now=utc(2026, 3, 10, 23, 30), default_zone=TOKYO, preset="today")
        assert evening == Period(utc(2026, 3, 10, 15), utc(2026, 3, 11, 15), TOKYO)

    def test_seven_days_across_a_clock_change_are_seven_local_days(self) -> None:
        period = parse(preset="7d", tz="America/New_York")
        assert (period.start_at, period.end_at) == (utc(2026, 3, 4, 5), utc(2026, 3, 11, 4))

    def test_all_is_open_at_both_ends(self) -> None:
        period = parse(preset="all")
        assert period.starts_open and period.ends_open

    def test_custom_takes_the_dates(self) -> None:
        assert parse(preset="custom", start="2026-03-01") == parse(start="2026-03-01")
        with pytest.raises(ValueError, match="its own dates"):
            preset_period(Preset.CUSTOM, now=NOW, zone=UTC_ZONE)


class TestRefusals:
    @pytest.mark.parametrize(
        "text", ["yesterday", "2026-13-01", "2026-02-30", "2026-03", "20:00", "\0", "٢٠٢٦-٠٣-٠١"]
    )
    def test_what_is_no_date_is_named(self, text: str) -> None:
        assert errors(start=text, end=text).keys() == {"start", "end"}

    def test_everything_wrong_is_reported_at_once(self) -> None:
        found = errors(start="soon", end="2026-99-01", tz="Mars/Olympus", preset="fortnight")
        assert found.keys() == {"start", "end", "tz", "period"}
        assert "Mars/Olympus" in found["tz"]
        assert "today, 7d, 30d, 90d, 12m, all, custom" in found["period"]

    @pytest.mark.parametrize("year", ["0001", "1969", "2100", "9999"])
    def test_years_outside_the_calendar_are_refused(self, year: str) -> None:
        assert year.lstrip("0") in errors(start=f"{year}-12-31")["start"]

    @pytest.mark.parametrize(
        "name", ["../../etc/passwd", "America", "localtime", "europe", "UTC\0", "/usr/share"]
    )
    def test_only_names_of_zones_are_zones(self, name: str) -> None:
        assert errors(tz=name).keys() == {"tz"}

    def test_the_end_must_be_after_the_start(self) -> None:
        assert errors(start="2026-03-02", end="2026-03-01").keys() == {"end"}
        assert errors(start="2026-03-01T10:00", end="2026-03-01T10:00").keys() == {"end"}
        assert "after today" in errors(start="2026-03-11")["start"]

    def test_a_preset_and_dates_contradict_each_other(self) -> None:
        assert errors(preset="7d", start="2026-03-01").keys() == {"period"}
        assert errors(preset="custom").keys() == {"period"}

    def test_long_or_unprintable_texts_are_not_echoed_whole(self) -> None:
        sentence = errors(start="x\n\u202e" + "y" * 5_000)["start"]
        assert len(sentence) < 200
        assert sentence.isprintable()

    @given(st.text(), st.text(), st.text(), st.text())
    def test_any_text_is_a_period_or_a_sentence(self, start: str, end: str, tz: str, preset: str) -> None:
        try:
            period = parse(start=start, end=end, tz=tz, preset=preset)
        except PeriodError as error:
            assert error.errors.keys() <= {"start", "end", "tz", "period"}
            assert all(sentence.endswith(".") for sentence in error.errors.values())
        else:
            assert period.start_at < period.end_at

    @given(st.datetimes(timezones=st.timezones() | st.none()), st.timezones(no_cache=True))
    def test_any_moment_is_a_period_or_a_sentence(self, moment: datetime, zone: ZoneInfo) -> None:
        for given_as in (
            {"start": moment.isoformat()},
            {"end": moment.isoformat()},
            {"end": f"{moment:%Y-%m-%d}"},
        ):
            try:
                parse(**given_as, tz=zone.key)
            except PeriodError as error:
                assert error.errors.keys() <= {"start", "end", "tz"}
