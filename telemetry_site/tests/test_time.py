"""Times as they come: days of 23, 24 and 25 hours, leap days, the far past and future, and clocks that go back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F
from django.utils import timezone

from alerts.models import AlertEvent, Notification
from alerts.tests.rules import rule, spend, tick
from analytics.periods import ALL_TIME_END, ALL_TIME_START, BucketKind, Period
from analytics.selectors import overview
from analytics.series import series
from sessions.leases import LEASE_FOR, Lease, is_held
from sessions.models import AgentSession, SyncRun, ToolCall
from sessions.tests import samples as s
from telemetry_site.doctor.reading import clocks
from telemetry_site.pipeline import sync
from telemetry_site.tests.asking import ask
from telemetry_site.tests.filled import Kept
from telemetry_site.verification import database_digest, verify

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = ["America/New_York", "Europe/Berlin", "Pacific/Chatham", "Asia/Kolkata"]
# Around each of these days there is work every three hours: leap days, changes of clocks, and a year ahead.
DAYS = [
    datetime(2020, 2, 29, tzinfo=UTC),
    datetime(2024, 2, 29, tzinfo=UTC),
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2027, 6, 1, tzinfo=UTC),
]
# Of a clock that was never set: no agent wrote before 2020, so what it says of the time counts for nothing.
UNSET = datetime(1970, 1, 2, tzinfo=UTC)
OUTPUT = 10
# Of a response's tokens those that count as a session's: what went in and came out.
TOKENS = 3 + OUTPUT


def seconds_of(moment: datetime) -> float:
    return (moment - s.START).total_seconds()


def around(day: datetime) -> Iterator[dict[str, Any]]:
    """Three days of a session, with results that come before their calls, as from a clock that goes back."""
    name = f"{day:%Y%m%d}"
    yield s.prompt(f"{name}p", seconds_of(day - DAY), name)
    for step in range(24):
        at, call_id = seconds_of(day - DAY + step * 3 * HOUR), f"toolu_{name}{step}"
        yield s.reply(f"{name}r{step}", at, name, output=OUTPUT, blocks=[s.call(call_id)])
        yield s.answer(f"{name}a{step}", at + (-600 if step % 2 else 5), call_id, name)


@pytest.fixture(scope="class")
def read(request: pytest.FixtureRequest, kept: Kept) -> Path:
    def fill(folder: Path) -> None:
        files = {s.main_path(f"{day:%Y%m%d}"): s.lines(around(day)) for day in [*DAYS, UNSET]}
        s.write(folder, files)
        sync([folder], now=NOW)
        assert verify() == []

    return kept.fill(request, fill)


def tokens(period: Period) -> int:
    return overview(period).usage.tokens


@pytest.mark.usefixtures("read")
class TestWhatWasRead:
    @pytest.mark.parametrize("zone", ZONES)
    def test_days_add_up_to_the_whole_wherever_they_are(self, zone: str) -> None:
        whole = 0
        for day in DAYS:
            period = Period(day - 3 * DAY, day + 4 * DAY, ZoneInfo(zone))
            days = series("session_tokens", period, BucketKind.DAILY)
            assert sum(point.value or 0 for point in days) == tokens(period) == 24 * TOKENS
            whole += tokens(period)
        ever = Period(ALL_TIME_START, ALL_TIME_END, ZoneInfo(zone))
        assert sum(point.value or 0 for point in series("session_tokens", ever, BucketKind.MONTHLY)) == whole
        assert tokens(ever) == whole + 24 * TOKENS, "what has no time is on no day, and counts in the whole"

    def test_what_has_no_time_is_told(self) -> None:
        [said] = [each for each in clocks(NOW) if "no time" in each.sentence]
        assert "24 responses" in said.sentence

    def test_a_leap_day_is_a_day_of_its_own(self) -> None:
        zone = ZoneInfo("UTC")
        for year in (2020, 2024):
            period = Period(datetime(year, 2, 28, tzinfo=UTC), datetime(year, 3, 2, tzinfo=UTC), zone)
            found = series("session_tokens", period, BucketKind.DAILY)
            assert len(found) == 3 and len({point.value for point in found}) == 1

    def test_nothing_lasted_less_than_no_time(self) -> None:
        assert not ToolCall.objects.filter(elapsed_ms__lt=0).exists()
        assert not ToolCall.objects.filter(execution_ms__lt=0).exists()
        assert not AgentSession.objects.filter(ended_at__lt=F("started_at")).exists()
        addresses = ["/api/sessions", "/api/analytics/overview", "/api/ingest/status"]
        addresses += [f"/api/sessions/{s.uid(f'{day:%Y%m%d}')}" for day in DAYS]
        for address in addresses:
            answer = ask(address)
            assert (answer.status_code, list(negative(answer.json()))) == (200, []), address


def negative(told: Any, name: str = "") -> Iterator[str]:
    """The names of numbers below 0. None of what is asked here can be: counts, sizes, money and durations."""
    if isinstance(told, dict):
        for key, part in told.items():
            yield from negative(part, f"{name}.{key}")
    elif isinstance(told, list):
        for part in told:
            yield from negative(part, name)
    elif isinstance(told, int | float) and told < 0:
        yield f"{name}: {told}"


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"scope": "rolling", "window_seconds": 3600},
        {"scope": "daily"},
        {"scope": "monthly"},
    ],
    ids=["session", "rolling", "daily", "monthly"],
)
def test_what_is_yet_to_come_fires_when_it_has(tmp_path: Path, more: dict[str, Any]) -> None:
    spend(tmp_path, "old", 1, 0.5)
    sync([tmp_path], now=NOW)
    rule(**more)
    to_come = NOW + 365 * DAY
    spend(tmp_path, "ahead", seconds_of(to_come), 9.0)
    for now in (NOW + HOUR, NOW + DAY, to_come - HOUR):
        sync([tmp_path], now=now)
        tick(now)
        assert not AlertEvent.objects.filter(to_state="firing").exists()
        assert not Notification.objects.exists()
    come = to_come + 2 * HOUR
    tick(come)
    assert AlertEvent.objects.filter(to_state="firing", event_time__lte=come).count() == 1


def test_a_clock_that_goes_back_during_a_run_changes_no_figure_and_tells_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(tmp_path, "old", 1, 0.5)
    sync([tmp_path], now=NOW)
    rule()
    spend(tmp_path, "a", seconds_of(NOW - HOUR), 9.0)
    monkeypatch.setattr(timezone, "now", lambda: NOW - 2 * HOUR)
    sync([tmp_path], now=NOW)
    spend(tmp_path, "a", seconds_of(NOW - 3 * HOUR), 9.0)
    for now in (NOW - 2 * HOUR, NOW - HOUR, NOW, NOW + HOUR):
        monkeypatch.setattr(timezone, "now", lambda now=now: now)
        sync([tmp_path], now=now)
        tick(now)
        assert list(negative(ask("/api/ingest/status").json())) == []
    assert Notification.objects.filter(event__to_state="firing").count() == 1
    assert verify() == []
    before = database_digest()
    AgentSession.objects.all().update(stale=True)
    sync([tmp_path], now=NOW + HOUR)
    assert database_digest() == before


def test_a_run_that_died_before_the_clock_went_back_holds_up_nobody() -> None:
    """It would otherwise for as long as the clock went back."""
    later = NOW + 5 * HOUR
    Lease("sync", "elsewhere:1", later).__enter__()
    SyncRun.objects.create(started_at=later, heartbeat_at=later)
    assert is_held("sync", later) and SyncRun.objects.get().is_alive(later)
    assert not is_held("sync", NOW) and not SyncRun.objects.get().is_alive(NOW)
    with Lease("sync", "here:1", NOW):
        assert is_held("sync", NOW + LEASE_FOR / 2)
