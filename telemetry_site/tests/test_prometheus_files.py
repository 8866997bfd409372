"""The dashboard and the rules speak of metrics and labels that a scrape really has."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

from analytics.prometheus.registry import PREFIX
from analytics.tests import passkey_plans
from analytics.tests.ledger import read, working_session
from sessions.tests import samples as s
from telemetry_site.tests.filled import filled

pytestmark = pytest.mark.django_db

FOLDER = Path(__file__).resolve().parents[2] / "docs/prometheus"
DASHBOARD = json.loads((FOLDER / "agent-ledger-dashboard.json").read_text("utf-8"))
RULES = yaml.safe_load((FOLDER / "agent-ledger-rules.yml").read_text("utf-8"))

NAME = re.compile(rf"{PREFIX}[a-z0-9_]+")
SELECTOR = re.compile(r"([a-z][a-z0-9_:]*)\{([^}]*)\}")
MATCHER = re.compile(r'([a-z_]+)(=~|!~|!=|=)"([^"]*)"')
GROUPING = re.compile(r"\bby \(([^)]*)\)")
# Of Prometheus itself, and what one rule makes for another.
NOT_OURS = {"up", *(r["record"] for g in RULES["groups"] for r in g["rules"] if "record" in r)}


def panel_queries() -> Iterator[tuple[str, str]]:
    """(query, legend) of every panel."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"], target["legendFormat"]


def rule_queries() -> Iterator[str]:
    for group in RULES["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]


@pytest.fixture(scope="module")
def scraped(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A scrape of a database that has something of everything."""
    with filled(django_db_blocker, lambda: fill(tmp_path_factory.mktemp("work"))):
        client = Client(headers={"host": "localhost"})
        client.get("/api/health")
        yield client.get("/metrics").content.decode()


def fill(folder: Path) -> None:
    passkey_plans.project_with_plans(folder)
    read(folder, working_session("a"), working_session("b", model="acme-coder-1"))
    s.append(folder, s.main_path("a"), b"{broken\n")
    read(folder)


@pytest.fixture(scope="module")
def labels(scraped: str) -> dict[str, dict[str, set[str]]]:
    """{metric: {label: values}} of a scrape; histograms under the names of their samples."""
    found: dict[str, dict[str, set[str]]] = {}
    for line in scraped.splitlines():
        if line.startswith("# TYPE"):
            # A family may have no sample, such as the write-ahead log's size on PostgreSQL.
            found.setdefault(line.split(" ")[2], {})
        elif not line.startswith("#"):
            name = line.partition("{")[0].partition(" ")[0]
            told = found.setdefault(name, {})
            for label, value in re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', line):
                told.setdefault(label, set()).add(value)
    return found


def unknown_in(query: str, labels: dict[str, dict[str, set[str]]]) -> list[str]:
    """The metrics, labels and label values of a query that no scrape has."""
    names = set(NAME.findall(query)) - {name.partition(":")[0] for name in NOT_OURS}
    problems = sorted(names - labels.keys())
    for name, inside in SELECTOR.findall(query):
        for label, operator, value in MATCHER.findall(inside) if name not in NOT_OURS else []:
            values = labels.get(name, {}).get(label)
            if values is None:
                problems.append(f"{name} has no label {label}")
            elif operator == "=" and label not in ("project", "code") and value not in values:
                problems.append(f"{name} has no {label} {value}")
    grouped = {label.strip() for inside in GROUPING.findall(query) for label in inside.split(",")}
    known = {label for name in names for label in labels.get(name, {})}
    return problems + [f"{query} groups by {label}" for label in sorted(grouped - known)]


def test_every_panel_asks_for_what_is_there(labels: dict[str, dict[str, set[str]]]) -> None:
    queries = list(panel_queries())
    assert len(queries) > 20
    assert [problem for query, _ in queries for problem in unknown_in(query, labels)] == []


def test_every_legend_names_a_label_that_the_query_keeps() -> None:
    wrong = [
        (query, name)
        for query, legend in panel_queries()
        for name in re.findall(r"{{(\w+)}}", legend)
        if not any(name in inside for inside in GROUPING.findall(query))
    ]
    assert wrong == []


def test_every_rule_asks_for_what_is_there(labels: dict[str, dict[str, set[str]]]) -> None:
    assert [problem for query in rule_queries() for problem in unknown_in(query, labels)] == []


def test_a_wrong_query_would_be_found(labels: dict[str, dict[str, set[str]]]) -> None:
    assert unknown_in("agent_ledger_token_total", labels) == ["agent_ledger_token_total"]
    assert unknown_in('agent_ledger_tokens_total{kind="input"}', labels) != []
    assert unknown_in('agent_ledger_tokens_total{type="inputs"}', labels) != []
    assert unknown_in("sum by (tool) (agent_ledger_tokens_total)", labels) != []


def test_the_projects_to_choose_from_are_those_of_a_metric(labels: dict[str, dict[str, set[str]]]) -> None:
    choices: list[Any] = [
        v["query"]["query"] for v in DASHBOARD["templating"]["list"] if v["type"] == "query"
    ]
    assert choices == ["label_values(agent_ledger_tokens_total, project)"]
    assert "project" in labels["agent_ledger_tokens_total"]


def test_panels_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_the_page_lists_every_metric(scraped: str) -> None:
    page = (FOLDER / "README.md").read_text("utf-8")
    listed = {
        name for line in page.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line)
    }
    families = {
        line.split(" ")[2].removeprefix(PREFIX) for line in scraped.splitlines() if line.startswith("# TYPE")
    }
    assert families - listed == set()


def promtool(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool: not installed (Debian's package `prometheus` has it)")
    return subprocess.run([found, *arguments], input=given, capture_output=True, text=True, check=False)


def test_promtool_has_nothing_to_say_of_a_scrape(scraped: str) -> None:
    told = promtool("check", "metrics", given=scraped)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_promtool_accepts_the_rules() -> None:
    told = promtool("check", "rules", str(FOLDER / "agent-ledger-rules.yml"))
    assert told.returncode == 0, told.stderr
    assert f"SUCCESS: {len(list(rule_queries()))} rules found" in told.stdout
