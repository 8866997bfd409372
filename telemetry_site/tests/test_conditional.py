"""A version of the data for every answer: it changes when an answer may, and only who may read is told it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from sessions.models import SyncRun
from sessions.tests import samples as s
from telemetry_site.conditional import conditional
from telemetry_site.data_version import data_version
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@conditional
def answer(request: object) -> HttpResponse:
    return HttpResponse("an answer")


def ask(**headers: str) -> HttpResponse:
    request = RequestFactory().get("/api/x", headers=headers)
    request.user = AnonymousUser()
    response = answer(request)
    assert isinstance(response, HttpResponse)
    return response


def test_the_version_follows_the_data(tmp_path: Path) -> None:
    versions = [data_version(NOW)]
    for n in range(2):
        s.append(tmp_path, s.main_path(), s.line(s.reply(f"r{n}", n)))
        sync([tmp_path], now=NOW)
        versions.append(data_version(NOW))
    sync([tmp_path], now=NOW)
    assert data_version(NOW) == versions[-1]
    assert len(set(versions)) == 3


def test_quiet_data_keeps_its_version_for_a_quarter() -> None:
    SyncRun.objects.create(started_at=NOW, heartbeat_at=NOW, state="done")
    later = NOW + timedelta(hours=1)
    assert data_version(later) == data_version(later + timedelta(minutes=14))
    assert data_version(later) != data_version(later + timedelta(minutes=15))


def test_sessions_that_may_be_active_are_asked_for_every_minute() -> None:
    SyncRun.objects.create(started_at=NOW, heartbeat_at=NOW, state="done")
    assert data_version(NOW) != data_version(NOW + timedelta(minutes=1))


def test_the_same_version_is_answered_without_the_view() -> None:
    first = ask()
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = ask(**{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert ask(**{"If-None-Match": 'W/"older"'}).status_code == 200


def test_without_a_database_the_view_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(now: datetime) -> str:
        raise DatabaseError

    monkeypatch.setattr("telemetry_site.conditional.data_version", fail)
    assert "ETag" not in ask().headers


@override_settings(IS_TEAM=True)
def test_where_people_log_in_strangers_learn_no_version() -> None:
    assert "ETag" not in ask().headers
