"""The settings say what is set up and found, to whoever may know it; reading is asked for by those who may."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils import timezone

from sessions.models import Project, SyncRun
from sessions.tests import samples as s
from telemetry_site.pipeline import sync
from telemetry_site.tests.people import person

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def here() -> Client:
    return Client(headers={"host": "localhost"})


@pytest.fixture
def transcripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of Claude Code with one transcript, which is where this installation looks."""
    s.write(tmp_path, {s.main_path("a"): s.lines([s.prompt("p", 0, "a"), s.reply("r", 1, "a")])})
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))
    return tmp_path


def test_a_folder_is_checked_for_what_was_not_read(here: Client, transcripts: Path) -> None:
    before = here.get("/settings/folders", headers=HTMX).text
    assert str(transcripts) in before and "1 to read" in before and "<html" not in before
    sync([transcripts], now=timezone.now())
    after = here.get("/settings/folders").text
    assert "all read" in after and "Claude Code deletes transcripts here 30 days after" in after


def test_what_will_be_deleted_unread_is_said(here: Client, transcripts: Path) -> None:
    (transcripts / "settings.json").write_text('{"cleanupPeriodDays": 9}')
    old = (timezone.now() - timedelta(days=8)).timestamp()
    os.utime(transcripts / "projects" / s.main_path("a"), (old, old))
    page = here.get("/settings/folders").text
    assert "1 transcript will soon be deleted" in page and "deletes transcripts here 9 days after" in page


def test_a_folder_that_is_not_there_is_said(
    here: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "nowhere"))
    assert "does not exist" in here.get("/settings/folders").text


def test_everything_that_is_set_has_its_place(here: Client, transcripts: Path) -> None:
    sync([transcripts], now=timezone.now())
    page = here.get("/settings").text
    project = Project.objects.get()
    assert project.name in page and project.root_path in page
    assert "UTC" in page and "The built-in price book alone" in page and "No rule watches" in page
    with override_settings(TELEMETRY_PRICES=Path("/srv/prices.toml")):
        assert "/srv/prices.toml" in here.get("/settings").text


def test_a_server_tells_paths_to_its_administrators_alone(transcripts: Path) -> None:
    sync([transcripts], now=timezone.now())
    with override_settings(IS_TEAM=True, TELEMETRY_PRICES=Path("/srv/prices.toml")):
        reader = logged_in(person("ada", "admin", Project.objects.get()))
        page = reader.get("/settings").text
        assert "/srv" not in page and Project.objects.get().root_path not in page and "SQLite" not in page
        assert reader.get("/settings/folders").status_code == 403
        assert reader.post("/settings/read").status_code == 403
        assert "/srv" not in reader.get("/quality").text
        staff = logged_in(person("ben", "admin", everywhere=True))
        assert staff.get("/settings/folders").status_code == 200


def logged_in(user: User) -> Client:
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    return client


def test_reading_is_asked_for_and_followed(here: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("telemetry_site.settings_views.ask_for_sync", asked.append)
    assert here.post("/settings/read")["Location"] == "/progress"
    assert len(asked) == 1
    now = timezone.now()
    SyncRun.objects.create(started_at=now, heartbeat_at=now, files_total=8, files_done=2, bytes_total=100)
    region = here.get("/progress?whole", headers=HTMX).text
    assert "2 of 8 files" in region and "<html" not in region
    SyncRun.objects.update(state="done", finished_at=now)
    assert "No reading is under way" in here.get("/progress?whole", headers=HTMX).text
    assert here.get("/progress", headers=HTMX).status_code == 286
