"""How far behind reading is: seen on disk, written down once in a quarter of an hour, told over time."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics.models import ReadingLevel
from analytics.periods import BucketKind, Period
from analytics.reading_levels import observe_reading
from analytics.series import series
from sessions.parsers.discovery import roots_of
from sessions.scope import only
from sessions.tests import samples
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db

START = samples.START
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def write(root: Path, name: str, at: datetime) -> Path:
    """A transcript that was last written to at a moment."""
    path = samples.main_path(name)
    samples.append(root, path, samples.lines([samples.prompt(f"{name}-{at}", 0, name, text="Go on")]))
    file = root / "projects" / path
    os.utime(file, (at.timestamp(), at.timestamp()))
    return file


def look(root: Path, now: datetime) -> tuple[int, int]:
    """Minutes of lag, and transcripts at risk."""
    assert observe_reading(roots_of([str(root)]), now)
    row = ReadingLevel.objects.latest("quarter")
    return row.lag_seconds // 60, row.at_risk


def test_what_is_read_does_not_wait_and_what_came_after_does(tmp_path: Path) -> None:
    write(tmp_path, "a", START - 10 * DAY)
    assert look(tmp_path, START) == (10 * 24 * 60, 0), "nobody ever read it"
    sync([tmp_path], now=START + 10 * MINUTE)
    assert look(tmp_path, START + 15 * MINUTE) == (0, 0)
    write(tmp_path, "a", START + 50 * MINUTE)
    write(tmp_path, "old", START - 9 * DAY)
    assert look(tmp_path, START + 60 * MINUTE) == (45, 0), "nothing waited 45 minutes ago"
    write(tmp_path, "a", START + 100 * MINUTE)
    assert look(tmp_path, START + 120 * MINUTE) == (105, 0), "further lines make the first wait no shorter"
    sync([tmp_path], now=START + 125 * MINUTE)
    assert look(tmp_path, START + 135 * MINUTE) == (0, 0)


def test_a_transcript_that_is_deleted_soon_unread_is_at_risk(tmp_path: Path) -> None:
    for name, days in (("a", 26), ("b", 28), ("c", 40)):
        write(tmp_path, name, START - days * DAY)
    assert look(tmp_path, START)[1] == 2
    (tmp_path / "settings.json").write_text(json.dumps({"cleanupPeriodDays": 35}))
    assert look(tmp_path, START + 15 * MINUTE)[1] == 1
    for told in ('{"cleanupPeriodDays": "soon"}', "[1]", "{", "[" * 100_000):
        (tmp_path / "settings.json").write_text(told)
        ReadingLevel.objects.all().delete()
        assert look(tmp_path, START)[1] == 2
    sync([tmp_path], now=START + 20 * MINUTE)
    assert look(tmp_path, START + 30 * MINUTE) == (0, 0)


def test_what_cannot_be_read_goes_on_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a", START - DAY)
    sync([tmp_path], now=START)
    assert look(tmp_path, START + 15 * MINUTE) == (0, 0)
    write(tmp_path, "a", START + 20 * MINUTE)

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("sessions.reading_run.read_source", refuse)
    sync([tmp_path], now=START + 30 * MINUTE)
    assert look(tmp_path, START + 60 * MINUTE) == (45, 0)


def test_it_is_looked_at_once_in_a_quarter_and_unknown_in_between(tmp_path: Path) -> None:
    write(tmp_path, "a", START - DAY)
    roots = roots_of([str(tmp_path)])
    assert observe_reading(roots, START + MINUTE)
    assert not observe_reading(roots, START + 14 * MINUTE)
    assert not observe_reading(roots_of([str(tmp_path / "nowhere")]), START + DAY)
    sync([tmp_path], now=START + 16 * MINUTE)
    assert observe_reading(roots, START + 45 * MINUTE)
    period = Period(START - 15 * MINUTE, START + 60 * MINUTE, ZoneInfo("UTC"))
    points = series("reading_lag", period, BucketKind.QUARTER_HOUR)
    assert [point.value for point in points] == [86_460, None, None, 0, None]
    [hour, _] = series("reading_lag", period, BucketKind.HOURLY)[:2]
    assert hour.value == 86_460
    assert [point.value for point in series("reading_lag", period, BucketKind.HOURLY, projects=only(1))] == [
        None,
        None,
    ]
