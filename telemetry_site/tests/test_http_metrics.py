"""This server's own answers: counted by route and class of status, never by address."""

import os
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from prometheus_client import Counter
from prometheus_client.values import MultiProcessValue

from analytics.prometheus.registry import PREFIX, Scrape
from analytics.tests.scraped import value
from telemetry_site import gunicorn_config, http_metrics
from telemetry_site.http_metrics import HttpMetrics, http_families

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"}, raise_request_exception=False)


def answers(view: str, code: str) -> float:
    return value("http_requests_total", view=view, code=code) or 0


def test_answers_are_counted_by_route_and_class_of_status(client: Client) -> None:
    route = "/api/sessions/<str:session_id>"
    before = answers(route, "4xx"), answers("/api/health", "2xx"), answers("(no route)", "4xx")
    client.get("/api/sessions/one")
    client.get("/api/sessions/two/")
    client.get("/api/health")
    client.get("/wp-admin/setup.php")
    client.get("/api/health", headers={"host": "elsewhere.example"})
    after = answers(route, "4xx"), answers("/api/health", "2xx"), answers("(no route)", "4xx")
    assert [now - then for now, then in zip(after, before, strict=True)] == [2, 1, 2]


def test_durations_are_told_per_route(client: Client) -> None:
    client.get("/api/health")
    count = value("http_request_duration_seconds_count", view="/api/health")
    assert count and count == value("http_request_duration_seconds_bucket", view="/api/health", le="+Inf")
    assert (value("http_request_duration_seconds_sum", view="/api/health") or 0) > 0


def test_what_failed_without_an_answer_of_a_view_has_no_route() -> None:
    before = answers("(no route)", "5xx")
    HttpMetrics(lambda _: HttpResponse(status=503))(RequestFactory().get("/anything"))
    assert answers("(no route)", "5xx") == before + 1


def test_workers_share_a_folder_that_lives_as_long_as_their_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(http_metrics.SHARED_FOLDER, "")
    gunicorn_config.on_starting(None)
    folder = Path(os.environ[http_metrics.SHARED_FOLDER])
    assert folder.stat().st_mode & 0o777 == 0o700
    gunicorn_config.on_exit(None)
    assert not folder.exists()
    assert http_metrics.SHARED_FOLDER not in os.environ


def test_a_scrape_adds_up_what_all_workers_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(http_metrics.SHARED_FOLDER, str(tmp_path))
    for worker in (101, 102):
        monkeypatch.setattr(
            "prometheus_client.metrics.values.ValueClass", MultiProcessValue(lambda w=worker: w)
        )
        Counter(f"{PREFIX}http_requests_total", "Answers.", ["view", "code"], registry=None).labels(
            "/", "2xx"
        ).inc(2)
    (family,) = http_families(Scrape(now=None))  # type: ignore[arg-type]
    assert [(sample.labels, sample.value) for sample in family.samples] == [
        ({"view": "/", "code": "2xx"}, 4.0)
    ]


def test_a_folder_that_was_tidied_away_is_made_again(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    monkeypatch.setenv(http_metrics.SHARED_FOLDER, str(folder))
    assert client.get("/api/health").status_code == 200
    assert folder.is_dir()
    folder.rmdir()
    assert client.get("/metrics").status_code == 200


def test_an_answer_that_cannot_be_counted_is_given_all_the_same(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(http_metrics.SHARED_FOLDER, str(tmp_path / "absent" / "folder"))
    assert client.get("/api/health").status_code == 200
