"""What runs now: only sessions with work under way and a recent record, of one project where one is named."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from sessions.models import AgentSession
from sessions.tests import samples as s
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Client:
    return Client(headers={"host": "localhost"})


def read_open_session(folder: Path) -> AgentSession:
    """A session whose last record, of a minute ago, leaves work open."""
    at = (timezone.now() - timedelta(minutes=1) - s.START).total_seconds()
    s.write(folder, {s.main_path("a"): s.lines([s.prompt("p", at, "a", text="Fill the tank")])})
    sync([folder], now=timezone.now())
    return AgentSession.objects.get()


def test_an_open_session_is_shown_with_a_way_to_it(here: Client, tmp_path: Path) -> None:
    session = read_open_session(tmp_path)
    page = here.get("/live").text
    assert "Fill the tank" in page and f"/sessions/{session.public_id}" in page
    assert session.project is not None
    assert "Fill the tank" in here.get("/live", {"project": session.project.slug}).text
    assert "Nothing runs right now in this project" in here.get("/live", {"project": "other"}).text


def test_a_session_without_recent_records_is_over(here: Client, tmp_path: Path) -> None:
    session = read_open_session(tmp_path)
    AgentSession.objects.update(ended_at=timezone.now() - timedelta(minutes=11))
    page = here.get("/live", headers={"HX-Request": "true"}).text
    assert session.public_id not in page and "Nothing runs right now" in page
    assert "<html" not in page and 'hx-trigger="every 10s"' in page
