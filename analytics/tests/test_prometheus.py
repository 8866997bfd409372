"""A scrape: valid in both formats, chosen by Accept, whole or an error, and for each asker what is theirs."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest as as_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from analytics.label_values import PLACES
from analytics.prometheus import registry
from analytics.prometheus.exposition import (
    END,
    OPENMETRICS,
    TEXT,
    Write,
    as_text,
    expose,
    prefers_openmetrics,
)
from analytics.prometheus.registry import Scrape
from analytics.prometheus.totals import Counter
from analytics.tests import passkey_plans
from analytics.tests.ledger import read, working_session
from analytics.tests.scraped import samples_of, scrape, total, value
from sessions.models import Project
from sessions.tests import samples as s

pytestmark = pytest.mark.django_db

ADDRESS = "/api/analytics/export/prometheus"
# What Prometheus 2.42 sends.
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    read(tmp_path, working_session("a"), working_session("b", model='acme "coder"\\\n1'))
    return tmp_path


def test_both_addresses_tell_the_same_families(client: Client, ledger: Path) -> None:
    one, other = client.get(ADDRESS), client.get("/metrics")
    assert (one.status_code, one.headers["Content-Type"]) == (200, TEXT)
    names = {key[0] for key in samples_of(one.content.decode())}
    assert names <= {key[0] for key in samples_of(other.content.decode())}
    assert {"tokens_total", "cost_usd_total", "build_info", "db_size_bytes"} <= names
    assert one.headers["Cache-Control"] == "no-store"


def test_every_family_stands_together_once_with_help_and_type(client: Client, ledger: Path) -> None:
    lines = client.get(ADDRESS).content.decode().split("\n")
    assert lines.pop() == ""
    kinds = [line.split(" ", 3) for line in lines if line.startswith("# TYPE")]
    helped = [line.split(" ", 3) for line in lines if line.startswith("# HELP")]
    assert [line[2] for line in kinds] == [line[2] for line in helped]
    assert len({line[2] for line in kinds}) == len(kinds)
    assert all(line[3] for line in helped)
    at = ""
    for line in lines:
        if line.startswith("# HELP"):
            at = line.split(" ")[2]
        elif not line.startswith("#"):
            assert line.startswith(at)


def test_openmetrics_is_there_for_those_who_prefer_it(client: Client, ledger: Path) -> None:
    answer = client.get(ADDRESS, headers={"accept": PROMETHEUS})
    assert answer.headers["Content-Type"] == OPENMETRICS
    assert {"Accept", "Accept-Encoding"} <= set(answer.headers["Vary"].split(", "))
    text = answer.content.decode()
    assert text.endswith("# EOF\n")
    # The strict parser refuses interleaved, repeated and misnamed families.
    told = {f.name for f in openmetrics_families(text)}
    plain = {f.name for f in text_families(client.get(ADDRESS).content.decode())}
    assert told - {"agent_ledger_build"} == plain - {"agent_ledger_build_info"}


@pytest.mark.parametrize(
    ("accept", "preferred"),
    [
        ("", False),
        ("*/*", False),
        ("text/html,application/xhtml+xml", False),
        (PROMETHEUS, True),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", True),
        ("application/openmetrics-text;version=0.0.1", False),
        ("application/openmetrics-text;version=2.0.0", False),
        ("application/openmetrics-text;version=nonsense;q=x", False),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.8", False),
        ("application/openmetrics-text;q=0", False),
        ("text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5", False),
    ],
)
def test_the_format_is_the_one_that_is_rated_highest(accept: str, preferred: bool) -> None:
    assert prefers_openmetrics(accept) is preferred


def test_answers_are_compressed_for_those_who_accept_it(client: Client, ledger: Path) -> None:
    answer = client.get(ADDRESS, headers={"accept-encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"agent_ledger_tokens_total" in gzip.decompress(answer.content)


def test_label_values_are_escaped(ledger: Path) -> None:
    assert value("tokens_total", project="engine", model='acme "coder"\\\n1', type="output") == 150


def test_an_empty_database_has_families_and_no_figures(client: Client) -> None:
    told = scrape()
    assert value("ingest_errors_total", reason="file") == 0
    assert not [key for key in told if key[0] in ("tokens_total", "tasks", "ingest_lag_seconds")]
    assert b"# TYPE agent_ledger_tokens_total counter" in client.get(ADDRESS).content


@pytest.mark.parametrize("address", [ADDRESS, "/metrics"])
def test_without_a_database_a_scrape_fails_with_a_sentence(
    client: Client, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def fail(*args: Any, **more: Any) -> None:
        raise DatabaseError("disk I/O error")

    monkeypatch.setattr("django.db.models.query.QuerySet._iterator", fail)
    monkeypatch.setattr("django.db.models.sql.compiler.SQLCompiler.execute_sql", fail)
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert answer.content.startswith(b"The metrics cannot be told")


def test_unknown_parameters_and_methods_are_refused(client: Client) -> None:
    answer = client.get(ADDRESS + "?project=engine")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["project"])
    assert client.post(ADDRESS).status_code == 405


def test_plans_are_told_by_state(tmp_path: Path) -> None:
    passkey_plans.project_with_plans(tmp_path)
    assert (total("tasks", state="done"), total("tasks", state="in-progress")) == (2, 1)
    assert total("features") == 1
    assert {key for key in scrape() if key[0] == "features" and ("project", "other") in key[1]} == set()


def test_what_has_no_price_and_was_not_understood_is_told(ledger: Path) -> None:
    assert total("unpriced_tokens") == 2 * (3 + 100) + 150
    assert value("unpriced_models") == 1
    s.append(ledger, s.main_path("a"), b"{broken\n")
    read(ledger)
    assert total("ingest_quarantined_lines") == 1
    assert value("ingest_lines_total", outcome="quarantined") == 1


def test_the_reading_tells_when_it_last_succeeded_and_how_long_it_took(ledger: Path) -> None:
    now = timezone.now().timestamp()
    assert 0 <= now - (value("ingest_last_success_timestamp_seconds") or 0) < 600
    assert (value("ingest_sync_duration_seconds") or 0) > 0
    assert value("data_until_timestamp_seconds") == s.at_ms(10) / 1000
    lag = value("ingest_lag_seconds")
    assert lag == pytest.approx((value("ingest_last_success_timestamp_seconds") or 0) - s.at_ms(10) / 1000)


def test_no_more_projects_than_there_are_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PLACES, "project", 2)
    for n in range(3):
        records = [s.reply(f"r{n}", n, f"s{n}", output=10 + n) | {"cwd": f"/home/ada/p{n}"}]
        read(tmp_path, (s.main_path(f"s{n}", f"-home-ada-p{n}"), records))
    outputs = {
        n: value("tokens_total", project=n, model=s.MODEL, type="output") for n in ("p0", "p1", "p2", "other")
    }
    assert outputs == {"p0": 10, "p1": 11, "p2": None, "other": 12}
    assert value("dropped_label_values_total", label="project") == 1


def test_who_may_read_some_projects_learns_of_no_other(tmp_path: Path) -> None:
    pump = [s.reply("c1", 9, "c", blocks=[s.call("toolu_c", "Secret")]) | {"cwd": "/home/ada/pump"}]
    read(tmp_path, working_session("a"), (s.main_path("c", "-home-ada-pump"), pump))
    mine = scrape(frozenset(Project.objects.filter(slug="engine").values_list("pk", flat=True)))
    assert {dict(labels).get("project", "engine") for _, labels in mine} == {"engine"}
    assert not [name for name, _ in mine if name.startswith(("http_", "ingest_", "db_"))]
    assert "tool_duration_seconds_count" not in {name for name, _ in mine}
    assert not [key for key in scrape(frozenset()) if "project" in dict(key[1])]


def test_queries_do_not_grow_with_rows(tmp_path: Path) -> None:
    counts = []
    for n in range(2):
        read(tmp_path, *(working_session(f"{n}{m}", model=f"acme-{n}-{m}") for m in range(1 + 2 * n)))
        with CaptureQueriesContext(connection) as queries:
            expose(Scrape(timezone.now()))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 20


def extra(_: Scrape) -> list[Metric]:
    return [GaugeMetricFamily("agent_ledger_extra", "Of another app.", value=7)]


@pytest.fixture
def extra_family() -> Iterator[None]:
    name = f"{__name__}.{extra.__name__}"
    registry.register(name)
    registry.register(name)
    yield
    del registry._builders[name]


def test_other_apps_add_families_of_their_own(extra_family: None) -> None:
    assert value("extra") == 7


@pytest.mark.parametrize("write", [generate_latest, as_openmetrics])
def test_lines_of_stored_counters_are_the_library_s(write: Write) -> None:
    """Thousands of lines are written here, and not by prometheus_client."""
    values = [["a", 'b "c"\\d\ne'], ["", "é→"]]
    counter = Counter("stored", "probes", "Something\nto try.", ("project", "agent"), per_unit=10**9)
    ours = counter.family(
        {"stored": [(orjson.dumps(v).decode(), n) for v, n in zip(values, (3, 10**12), strict=True)]}
    )
    theirs = CounterMetricFamily("agent_ledger_probes", "Something\nto try.", labels=["project", "agent"])
    for labels, figure in zip(values, (3, 10**12), strict=True):
        theirs.add_metric(labels, figure / 10**9)
    registry = CollectorRegistry()
    registry.register(type("Probes", (), {"collect": lambda _: [theirs]})())
    assert as_text([ours], write) == write(registry).removesuffix(END)
