"""`manage.py up`: where it listens, what it refuses, and that it stops cleanly whoever ends it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from telemetry_site import server
from telemetry_site.launch import has_browser
from telemetry_site.server import CannotServe, address_of, listen, refuse_exposure

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_taken_port_is_a_sentence_when_it_was_asked_for(taken: int) -> None:
    with pytest.raises(
        CannotServe, match=f"Cannot listen on port {taken} of 127.0.0.1: Address already in use"
    ):
        listen("127.0.0.1", taken)


def test_a_taken_port_is_passed_over_when_it_was_not(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "DEFAULT_PORT", taken)
    with listen("127.0.0.1", None) as listener:
        assert taken < listener.getsockname()[1] < taken + server.PORTS_TO_TRY


def test_an_impossible_port_is_a_sentence() -> None:
    with pytest.raises(CannotServe, match="port 99999"):
        listen("127.0.0.1", 99999)


def test_ipv6_addresses_are_written_with_brackets() -> None:
    with listen("::1", 0) as listener:
        assert address_of(listener) == f"http://[::1]:{listener.getsockname()[1]}/"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "127.0.0.2", "ledger.example"])
def test_local_mode_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(CannotServe, match="without a login"):
        refuse_exposure(host, mode="local")
    refuse_exposure(host, mode="team")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_needs_no_permission(host: str) -> None:
    refuse_exposure(host, mode="local")


def test_a_browser_opens_only_where_somebody_would_see_it() -> None:
    assert has_browser({"DISPLAY": ":0"}, "linux")
    assert has_browser({}, "darwin")
    assert not has_browser({}, "linux")
    assert not has_browser({"DISPLAY": ":0", "CI": "true"}, "linux")
    assert not has_browser({"DISPLAY": ":10", "SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"}, "linux")


class Running:
    """`manage.py up` on a free port, with a data folder and a config folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.environ = os.environ | {
            "DJANGO_SETTINGS_MODULE": "telemetry_site.settings",
            "TELEMETRY_DATA_DIR": str(folder / "data"),
            "DATABASE_URL": "",
            "CLAUDE_CONFIG_DIR": str(folder / "claude"),
        }
        (folder / "claude" / "projects" / "-home-ada-ledger").mkdir(parents=True)
        self.process = subprocess.Popen(
            [sys.executable, ROOT / "manage.py", "up", "--port=0", "--no-browser", *options],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []
        self.address = self.wait_for("Agent Ledger is at ").split()[4]

    def wait_for(self, start: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            if line.startswith(start):
                return line
        raise AssertionError(f"it ended without saying {start!r}: {self.said}")

    def health(self) -> int:
        with urlopen(f"{self.address}api/health", timeout=60) as answer:
            return int(answer.status)

    def end(self) -> int:
        rest, _ = self.process.communicate(timeout=60)
        self.said += rest.splitlines()
        return self.process.returncode


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    up = Running(tmp_path)
    yield up
    if up.process.poll() is None:
        up.process.kill()
        up.process.communicate()


def stops_answering(address: str) -> bool:
    for _ in range(600):
        try:
            urlopen(f"{address}api/health", timeout=5).close()
        except (URLError, OSError):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_at_once_and_stops_cleanly(running: Running, number: signal.Signals) -> None:
    assert running.health() == 200
    running.process.send_signal(number)
    assert running.end() == 0
    assert running.said[-1] == "Stopped; everything read so far is saved."
    assert not [line for line in running.said if "Traceback" in line]
    assert stops_answering(running.address)


def test_what_appears_later_is_read(running: Running, tmp_path: Path) -> None:
    running.wait_for("Found no transcripts")
    line = (
        '{"type":"user","uuid":"u1","parentUuid":null,"sessionId":"11111111-2222-3333-4444-555555555555",'
        '"timestamp":"2026-01-02T03:04:05.000Z","cwd":"/home/ada/ledger","version":"2.0.0",'
        '"message":{"role":"user","content":"Hello"}}\n'
    )
    folder = tmp_path / "claude/projects/-home-ada-ledger"
    (folder / "11111111-2222-3333-4444-555555555555.jsonl").write_text(line)
    assert total_sessions(running) == 1


def total_sessions(running: Running) -> int:
    """As soon as it is not 0 any more, or after a minute."""

    for _ in range(300):
        with urlopen(f"{running.address}api/analytics/overview", timeout=60) as answer:
            total = int(json.load(answer)["kpis"]["sessionCount"])
        if total:
            return total
        time.sleep(0.2)
    return 0


def test_killing_it_ends_its_server_too(running: Running) -> None:
    assert running.health() == 200
    running.process.kill()
    running.process.wait(timeout=60)
    assert stops_answering(running.address)


def test_a_server_that_dies_is_said_and_is_a_failure(tmp_path: Path) -> None:
    up = Running(tmp_path, "--no-sync")
    children = Path(f"/proc/{up.process.pid}/task/{up.process.pid}/children")
    if not children.exists():
        up.process.kill()
        pytest.skip("finding a child process needs /proc")
    assert up.health() == 200
    os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
    assert up.end() == 1
    assert up.said[-1].startswith("The web server ended by itself")
