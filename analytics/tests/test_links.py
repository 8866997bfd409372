"""Links name the same instants that the figures are of."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from analytics.links import Links, ends
from analytics.period_parameters import Preset, parse_period, preset_period
from analytics.periods import ALL_TIME_END, ALL_TIME_START, Period
from sessions.date_bounds import lower_bound, upper_bound

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
ZONES = [ZoneInfo("UTC"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/Santiago")]


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("preset", [Preset.TODAY, Preset.THIRTY_DAYS, Preset.TWELVE_MONTHS])
def test_a_link_reads_back_as_its_period(zone: ZoneInfo, preset: Preset) -> None:
    period = preset_period(preset, now=NOW, zone=zone)
    start, end = ends(period)
    assert parse_period(now=NOW, default_zone=zone, start=start, end=end) == period
    assert (lower_bound(start, zone), upper_bound(end, zone)) == (period.start_at, period.end_at)


def test_times_of_day_are_kept() -> None:
    start_at = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
    period = Period(start_at, start_at + timedelta(hours=5), ZONES[1])
    start, end = ends(period)
    assert parse_period(now=NOW, default_zone=ZONES[0], start=start, end=end, tz=ZONES[1].key) == period


def test_open_ends_are_left_out() -> None:
    everything = Period(ALL_TIME_START, ALL_TIME_END, ZONES[0])
    assert ends(everything) == ("", "")
    assert Links(everything).dashboard(project="a") == "/?period=all&project=a"
    assert parse_qs(urlsplit(Links(everything).sessions(sort_by="cost")).query) == {"sort_by": ["cost"]}


def test_project_and_zone_stay() -> None:
    period = preset_period(Preset.TODAY, now=NOW, zone=ZONES[1])
    links = Links(period, "engine", "Asia/Kathmandu")
    for address in (links.sessions(), links.dashboard(), links.preset("7d")):
        query = parse_qs(urlsplit(address).query)
        assert (query["project"], query["tz"]) == (["engine"], ["Asia/Kathmandu"])
    assert "project" not in parse_qs(urlsplit(links.dashboard(project="")).query)
