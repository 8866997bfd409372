"""A real Prometheus server scrapes a real server of ours, around a sync and a rebuild."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from analytics.tests.ledger import working_session
from sessions.tests import samples as s
from telemetry_site.tests.test_prometheus_files import FOLDER, panel_queries, rule_queries
from telemetry_site.tests.test_server import ROOT, Running

STORED = '{__name__=~"agent_ledger_.+_(total|bucket|count|sum)",__name__!~"agent_ledger_http_.+"}'
# What a browser puts in their place.
VARIABLES = {"$project": ".*", "$__range": "10m", "$__rate_interval": "10m"}
CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: agent-ledger
    static_configs: [{{targets: ["{target}"]}}]
"""


class Prometheus:
    """A Prometheus server on a free port of this machine."""

    def __init__(self, folder: Path, target: str) -> None:
        program = shutil.which("prometheus")
        if program is None:
            pytest.skip("prometheus: not installed (Debian's package `prometheus`)")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        rules = FOLDER / "agent-ledger-rules.yml"
        (folder / "prometheus.yml").write_text(CONFIGURATION.format(rules=rules, target=target))
        self.log = (folder / "prometheus.log").open("w")
        self.process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address={self.address}",
            ],
            stdout=self.log,
            stderr=self.log,
        )

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The samples a query gives now; [] as long as the server is not up."""
        try:
            found: list[dict[str, Any]] = self._get("query", query=query)["result"]
        except (ConnectionError, URLError):
            assert self.process.poll() is None, "Prometheus ended by itself"
            return []
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Every rule, with what came of its last evaluation."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, what: str, **asked: str) -> Any:
        with urlopen(f"http://{self.address}/api/v1/{what}?{urlencode(asked)}", timeout=30) as answer:
            body = json.load(answer)
        assert body["status"] == "success", (asked, body)
        return body["data"]

    def number(self, query: str) -> float:
        """The one value of a query; 0 where there is none."""
        return sum(float(sample["value"][1]) for sample in self.ask(query))

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def eventually(told: Callable[[], bool]) -> None:
    """Wait for something that other processes do; a minute is far more than it takes."""
    for _ in range(300):
        if told():
            return
        time.sleep(0.2)
    raise AssertionError("It did not come about.")


def append(folder: Path, *names: str, **more: Any) -> None:
    for name in names:
        path, records = working_session(name, **more)
        s.append(folder / "claude", path, s.lines(records))


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate()


@pytest.fixture
def prometheus(tmp_path: Path, up: Running) -> Iterator[Prometheus]:
    server = Prometheus(tmp_path, up.address.removeprefix("http://").rstrip("/"))
    yield server
    server.end()


def rebuild(up: Running) -> None:
    """Derive everything again in a process of its own; the lease may be with the server for a moment."""

    def done() -> bool:
        command = [sys.executable, str(ROOT / "manage.py"), "rebuild"]
        return subprocess.run(command, env=up.environ, capture_output=True, check=False).returncode == 0

    eventually(done)


def test_no_counter_falls_and_every_panel_answers(
    prometheus: Prometheus, up: Running, tmp_path: Path
) -> None:
    output = 'sum(agent_ledger_tokens_total{type="output"})'
    append(tmp_path, "a", "b")
    append(tmp_path, "c", model="acme-coder-1")
    eventually(lambda: prometheus.number(output) == 450)
    before = prometheus.number(f"count({STORED})")

    # Whichever worker answers tells what all of them did.
    assert {up.health() for _ in range(20)} == {200}
    eventually(lambda: prometheus.number('sum(agent_ledger_http_requests_total{view="/api/health"})') == 20)

    rebuild(up)
    append(tmp_path, "d")
    eventually(lambda: prometheus.number(output) == 600)

    assert before > 40
    assert prometheus.number(f"count({STORED})") >= before
    assert prometheus.ask(f"resets({STORED}[10m]) > 0") == []

    for query, _ in panel_queries():
        for name, value in VARIABLES.items():
            query = query.replace(name, value)
        assert prometheus.ask(query) or "agent_ledger_tasks" in query or "agent_ledger_features" in query, (
            query
        )
    eventually(lambda: {rule["health"] for rule in prometheus.rules()} == {"ok"})
    assert len(prometheus.rules()) == len(list(rule_queries()))
