"""Alerts in a terminal: listing, checking with an exit code, the hook that stops an agent, and sending."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from alerts.delivery import deliver
from alerts.models import AlertEvent, Channel
from alerts.tests.receiver import Receiver
from alerts.tests.rules import read, rule, spend
from sessions.tests import samples
from telemetry_site import alert_loop

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def firing(tmp_path: Path) -> None:
    """One dear session and one that is not, both going on."""
    ago = (timezone.now() - samples.START).total_seconds() - 600
    spend(tmp_path, "old", ago - 9, 0.1)
    read(tmp_path, timezone.now())
    rule(now=timezone.now() - timedelta(hours=1))
    spend(tmp_path, "dear", ago, 6.0)
    spend(tmp_path, "cheap", ago, 1.0)
    read(tmp_path, timezone.now())


def test_checking_ends_with_two_when_anything_fires(firing: None) -> None:
    status, said = run("alerts", "check", "--exit-code")
    assert status == 2 and "warning: Dear: cost $6.00" in said
    assert run("alerts", "check")[0] == 0
    assert run("alerts", "check", "--exit-code", "--session", samples.uid("cheap"))[0] == 0
    status, said = run("alerts", "check", "--exit-code", "--json", "--session", samples.uid("dear"))
    [told] = json.loads(said)
    assert (status, told["subject"]) == (2, samples.uid("dear"))


def test_listing_says_each_rule_in_words(firing: None) -> None:
    rule("Errors", metric="tool_error_rate", threshold=Decimal(20), scope="rolling", window_seconds=1800)
    status, said = run("alerts", "list")
    assert status == 0
    assert "firing" in said and "Cost of a session is above $5.00" in said
    assert "Tool error rate of the last 30 minutes is above 20" in said
    told = {each["name"]: each["state"] for each in json.loads(run("alerts", "list", "--json")[1])}
    assert told == {"Dear": "firing", "Errors": "ok"}


def test_evaluating_and_delivering_once(firing: None, settings: Any) -> None:
    assert run("evaluate_alerts")[1].endswith("0 alerts began.\n")
    assert json.loads(run("evaluate_alerts", "--json")[1])["fired"] == 0
    assert run("deliver") == (0, "Sent 0 messages, 0 failed, 0 rows wait.\n")


def test_the_loop_evaluates_and_sends_and_survives_trouble(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = Channel.objects.create(public_id="c", name="Ops", kind="webhook", target=receiver.url)
    ago = (timezone.now() - samples.START).total_seconds() - 60
    spend(tmp_path, "old", ago - 9, 0.1)
    read(tmp_path, timezone.now())
    rule(channels=[hook])
    spend(tmp_path, "dear", ago, 6.0)
    read(tmp_path, timezone.now())
    troubles = [RuntimeError("no luck")]

    def unlucky(**more: Any) -> Any:
        if troubles:
            raise troubles.pop()
        return deliver(**more)

    monkeypatch.setattr("telemetry_site.alert_loop.deliver", unlucky)
    monkeypatch.setattr("telemetry_site.alert_loop.close_old_connections", lambda: None)
    passes: list[float] = []
    alert_loop.keep_alerting(lambda: bool(receiver.got) or len(passes) > 5, passes.append)
    assert len(receiver.got) == 1
    assert AlertEvent.objects.firings().count() == 1
    over = Event()
    over.set()
    alert_loop.keep_alerting(over.is_set, over.wait)


@pytest.mark.one_database("sqlite")
def test_the_hook_stops_the_agent_whose_session_is_too_dear(tmp_path: Path) -> None:
    """Everything as it is installed: processes of their own and a database in a file."""
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/ledger.sqlite3",
        "DJANGO_SETTINGS_MODULE": "telemetry_site.settings",
        "TELEMETRY_DATA_DIR": str(tmp_path / "data"),
    }

    def manage(*arguments: str) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)

    def hook(session: str) -> tuple[int, str]:
        told = json.dumps({"session_id": samples.uid(session), "tool_name": "Bash"})
        done = subprocess.run(
            [ROOT / "bin/alert-hook"],
            input=told,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stderr

    ago = (timezone.now() - samples.START).total_seconds() - 600
    spend(tmp_path, "dear", ago, 6.0)
    manage("sync", "--claude", str(tmp_path))
    manage("shell", "-v0", "-c", "from alerts.tests.rules import rule; rule()")
    status, said = hook("dear")
    assert status == 2 and "$6.00" in said
    environment["DATABASE_URL"] = "sqlite:////nowhere/at/all.sqlite3"
    assert hook("dear") == (0, "")
