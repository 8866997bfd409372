"""Which period is shown, what it is compared with, and what the calendar holds."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics.activity import activity
from analytics.dashboard import Days, dashboard, latest_data_at
from analytics.links import Links
from analytics.period_parameters import Preset, preset_period
from analytics.periods import Period
from analytics.tests.ledger import NOW, asked, by_default, read, working_session
from sessions.models import AgentSession
from sessions.tests import samples

pytestmark = pytest.mark.django_db

UTC_ZONE = ZoneInfo("UTC")
LATER = datetime(2026, 9, 1, tzinfo=UTC)


def thirty_days(now: datetime) -> Period:
    return preset_period(Preset.THIRTY_DAYS, now=now, zone=UTC_ZONE)


def test_an_empty_database_is_empty() -> None:
    page = dashboard(by_default(thirty_days(NOW)), now=NOW)
    assert page.is_empty
    assert page.panels is None
    assert latest_data_at(None) is None


def test_the_default_stays_where_it_holds_something(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    page = dashboard(by_default(thirty_days(NOW)), now=NOW)
    assert not page.was_moved
    assert page.days == Days(date(2026, 2, 19), date(2026, 3, 20))
    assert page.compared == Days(date(2026, 1, 20), date(2026, 2, 18))


def test_the_default_moves_to_the_last_days_of_data(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    page = dashboard(by_default(thirty_days(LATER)), now=LATER)
    assert page.was_moved
    assert page.days == Days(date(2026, 1, 31), date(2026, 3, 1))
    assert page.panels
    assert page.panels.session_count == 1


def test_a_period_that_was_asked_for_never_moves(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    page = dashboard(asked(thirty_days(LATER)), now=LATER)
    assert page.panels is None
    assert page.elsewhere
    assert page.elsewhere.latest_on == date(2026, 3, 1)
    assert page.elsewhere.days == Days(date(2026, 1, 31), date(2026, 3, 1))


def test_all_has_nothing_before_it(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"), working_session("b", 2))
    page = dashboard(asked(preset_period(Preset.ALL, now=NOW, zone=UTC_ZONE)), now=NOW)
    assert page.compared is None
    assert page.days == Days(date(2026, 3, 1), date(2026, 3, 3))
    assert str(page.days) == "1 Mar 2026 – 3 Mar 2026"


def test_changes_are_against_the_days_before(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"), working_session("b", 1), working_session("c", 1))
    start = samples.START.replace(hour=0) + timedelta(days=1)
    page = dashboard(asked(Period(start, start + timedelta(days=1), UTC_ZONE)), now=NOW)
    assert page.panels
    sessions = next(tile for tile in page.panels.tiles if tile.label == "Sessions")
    assert (sessions.value, sessions.change.text.replace("\xa0", " ")) == (2, "+100 %")


def test_recent_sessions_are_the_latest_of_the_period(tmp_path: Path) -> None:
    read(tmp_path, *(working_session(f"s{day}", day) for day in range(12)))
    start = samples.START.replace(hour=0)
    page = dashboard(asked(Period(start, start + timedelta(days=11), UTC_ZONE)), now=NOW)
    assert page.panels
    assert [row.session.title for row in page.panels.recent] == [
        f"Work on s{day}" for day in range(10, 0, -1)
    ]


def test_the_calendar_is_the_last_year_of_data(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"), working_session("b", 2))
    latest_at = latest_data_at(None)
    assert latest_at
    found = activity(latest_at, UTC_ZONE, projects=None, links=Links(thirty_days(LATER)))
    assert len(found.cells) == 365
    assert found.cells[-1].day == date(2026, 3, 3)
    assert [(day.name, day.usage.responses) for day in found.active] == [
        ("Tue 3 Mar 2026", 2),
        ("Sun 1 Mar 2026", 2),
    ]
    assert found.busiest
    assert found.busiest.day == date(2026, 3, 3)
    assert found.busiest.href == "/?period=custom&start=2026-03-03&end=2026-03-03"


def test_sessions_without_a_response_still_have_a_latest_day(tmp_path: Path) -> None:
    read(tmp_path, (samples.main_path("a"), [samples.prompt("p", 0)]))
    assert AgentSession.objects.count() == 1
    assert latest_data_at(None) == samples.START
    page = dashboard(asked(thirty_days(NOW)), now=NOW)
    assert page.panels
    assert page.panels.session_count == 1
    assert page.panels.cost.table.rows
