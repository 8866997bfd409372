"""Asking for a run: it goes on elsewhere, and never twice."""

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sessions.leases import Lease
from telemetry_site.tests.asking import ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were started, instead of starting them."""
    commands: list[list[str]] = []

    class Run:
        def __init__(self, command: list[str], **options: Any) -> None:
            assert options["stdin"] == options["stdout"] == subprocess.DEVNULL
            commands.append(command)

        def wait(self) -> int:
            return 0

    monkeypatch.setattr("telemetry_site.sync_request.Popen", Run)
    return commands


def test_a_run_is_started_in_a_process_of_its_own(started: list[list[str]]) -> None:
    response = ask("/api/ingest/sync", method="POST")
    assert response.status_code == 202
    assert response.json() == {
        "state": "started",
        "detail": "A run was started.",
        "status": "/api/ingest/status",
    }
    [[program, manage, command]] = started
    assert (program, command) == (sys.executable, "sync")
    assert (
        subprocess.run([program, manage, "help", command], check=False, capture_output=True).returncode == 0
    )


def test_a_run_under_way_is_said_and_not_doubled(started: list[list[str]]) -> None:
    with Lease("sync", "elsewhere:1", timezone.now()):
        response = ask("/api/ingest/sync", method="POST", body={})
    assert (response.status_code, response.json()["state"]) == (202, "running")
    assert started == []


def test_the_lease_of_a_run_that_died_holds_nobody_up(started: list[list[str]]) -> None:
    with Lease("sync", "elsewhere:1", timezone.now() - timedelta(hours=1)):
        assert ask("/api/ingest/sync", method="POST").json()["state"] == "started"
    assert len(started) == 1


def test_what_is_not_understood_is_refused(started: list[list[str]]) -> None:
    body = ask("/api/ingest/sync", method="POST", body={"force": True})
    assert (body.status_code, list(body.json()["errors"])) == (400, ["force"])
    parameter = ask("/api/ingest/sync?force=true", method="POST")
    assert (parameter.status_code, list(parameter.json()["errors"])) == (400, ["force"])
    assert ask("/api/ingest/sync", method="POST", body=[1]).status_code == 400
    assert started == []
