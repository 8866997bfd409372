"""Showing what is masked: for whom, once, recorded first, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client, override_settings

from sessions.models import Project, TranscriptEntry
from sessions.tests import samples as s
from sessions.tests.fake_secrets import fake
from sessions.tests.transcripts import found, read
from telemetry_site.models import AuditEntry
from telemetry_site.tests.people import logged_in, person

pytestmark = pytest.mark.django_db

SECRET = fake("npm_token")


@pytest.fixture
def address(tmp_path: Path) -> str:
    """The line that holds the secret."""
    read(tmp_path, a=[s.prompt("p1", 1, text=f"Take {SECRET}"), s.reply("r1", 2)])
    seq = TranscriptEntry.objects.order_by("seq")[0].seq
    return f"/sessions/{found('a').public_id}/lines/{seq}"


@pytest.fixture
def here() -> Client:
    return Client(headers={"host": "localhost"})


def test_a_line_is_masked_until_it_is_asked_for_and_masked_again_after(address: str, here: Client) -> None:
    assert SECRET not in here.get(address).text and "Show what is masked" in here.get(address).text
    shown = here.post(f"{address}/reveal")
    assert SECRET in shown.text and "no-store" in shown.headers["Cache-Control"]
    assert "ETag" not in shown.headers
    for way in ("", "?download"):
        assert SECRET.encode() not in b"".join(here.get(address + way))
    assert here.get(f"{address}/reveal").status_code == 405


def test_every_time_is_recorded_and_the_record_holds_no_secret(address: str, here: Client) -> None:
    here.post(f"{address}/reveal")
    here.post(f"{address}/reveal")
    entries = list(AuditEntry.objects.filter(action="secret revealed").values())
    assert len(entries) == 2 and SECRET not in repr(entries)
    assert entries[0]["subject"] == f"{found('a').public_id}, line 1: 1 masked"
    assert entries[0]["project"] == Project.objects.get().slug


def test_nothing_is_shown_that_could_not_be_recorded(
    address: str, here: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(AuditEntry, "save", refuse)
    answer = here.post(f"{address}/reveal")
    assert answer.status_code == 503 and SECRET not in answer.text


def test_it_is_for_the_admins_of_its_project_and_can_be_switched_off(address: str) -> None:
    project, other = Project.objects.get(), Project.objects.create(key="/o", slug="o", name="o")
    with override_settings(IS_TEAM=True):
        askers = {
            "viewer": person("viewer", "viewer", project),
            "member": person("member", "member", project),
            "admin": person("admin", "admin", project),
            "foreign": person("foreign", "admin", other),
        }
        clients = {name: logged_in(user) for name, user in askers.items()}
        statuses = {name: client.post(f"{address}/reveal").status_code for name, client in clients.items()}
        assert statuses == {"viewer": 403, "member": 403, "admin": 200, "foreign": 404}
        assert "Show what is masked" not in clients["member"].get(address).text
        with override_settings(TELEMETRY_REVEAL=False):
            assert clients["admin"].post(f"{address}/reveal").status_code == 403
            assert "Show what is masked" not in clients["admin"].get(address).text


def test_another_site_cannot_ask_for_it(address: str) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    assert strict.post(f"{address}/reveal").status_code == 403
    assert strict.post(f"{address}/reveal", headers={"origin": "https://evil.example"}).status_code == 403
