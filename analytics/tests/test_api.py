"""The API's answers about numbers: names, types, refusals, and that a second question costs nothing."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.selectors import BREAKDOWN_DIMENSIONS
from analytics.series import ANSWERED
from analytics.tests.ledger import read, working_session
from sessions.models import Project
from sessions.tests import samples as s
from telemetry_site.tests.filled import Kept

pytestmark = pytest.mark.django_db

OVERVIEW, SERIES, BREAKDOWN = "/api/analytics/overview", "/api/analytics/series", "/api/analytics/breakdown"
KPIS = {
    *("sessionCost", "sessionTokens", "sessionCount", "sessionDurationAvg", "taskVelocity"),
    *("taskCompletionPct", "featureProgress", "toolCallCount", "toolSuccessRate", "inputTokens"),
    *("outputTokens", "cacheReadTokens", "cacheCreationTokens", "cacheHitRate", "unpricedTokens"),
    *("partialOutputResponses", "activeSeconds", "subagentSessionCount", "costPerCompletedTask"),
}


@pytest.fixture
def client() -> Client:
    """Names the host it asks for, which is checked before everything."""
    return Client(headers={"host": "localhost"})


@pytest.fixture(scope="class")
def two_days(request: pytest.FixtureRequest, kept: Kept) -> None:
    """A session on each of two days, the second by a model nobody has a price for."""
    unpriced = working_session("b", day=1, model="acme-coder-1")
    kept.fill(request, lambda folder: read(folder, working_session("a"), unpriced))


def get(client: Client, path: str, **asked: Any) -> Any:
    """The body of a good answer."""
    response = client.get(path, asked)
    assert response.status_code == 200, response.content
    return response.json()


def refused(client: Client, path: str, status: int = 400, /, **asked: Any) -> dict[str, list[str]]:
    """The errors of a refusal, which always has a sentence."""
    response = client.get(path, asked)
    assert response.status_code == status, response.content
    body = response.json()
    assert set(body) == {"detail", "errors"}
    assert body["detail"].endswith(".")
    errors: dict[str, list[str]] = body["errors"]
    return errors


def test_overview_has_the_names_it_promises(client: Client, two_days: None) -> None:
    body = get(client, OVERVIEW, start="2026-03-02", end="2026-03-02")
    assert set(body) == {"kpis", "topModels", "generatedAt", "range"}
    assert set(body["kpis"]) == KPIS | {"previous"}
    assert set(body["kpis"]["previous"]) == KPIS
    assert body["range"] == {"start": "2026-03-02T00:00:00.000Z", "end": "2026-03-03T00:00:00.000Z"}
    assert body["generatedAt"].endswith("Z")


def test_overview_is_of_the_range_asked_for(client: Client, two_days: None) -> None:
    kpis = get(client, OVERVIEW, start="2026-03-02", end="2026-03-02")["kpis"]
    assert (kpis["sessionTokens"], kpis["unpricedTokens"], kpis["sessionCost"]) == (156, 356, None)
    assert (kpis["previous"]["sessionTokens"], kpis["previous"]["sessionCost"]) == (156, 0.002328)


def test_what_is_unknown_is_null_and_what_is_nothing_is_zero(client: Client, two_days: None) -> None:
    kpis = get(client, OVERVIEW)["kpis"]
    assert kpis["previous"] is None
    assert (kpis["taskVelocity"], kpis["costPerCompletedTask"]) == (None, None)
    empty = get(client, OVERVIEW, start="2020-01-01", end="2020-01-31")["kpis"]
    assert (empty["sessionCost"], empty["sessionTokens"], empty["toolSuccessRate"]) == (0, 0, None)


def test_top_models_say_what_they_used(client: Client, two_days: None) -> None:
    first = {"name": "acme-coder-1", "usage": 1, "tokens": 156, "cost": None}
    second = {"name": s.MODEL, "usage": 1, "tokens": 156, "cost": 0.002328}
    assert get(client, OVERVIEW)["topModels"] == [first, second]


def test_a_series_has_every_bucket(client: Client, two_days: None) -> None:
    body = get(client, SERIES, metric="session_tokens", start="2026-03-01", end="2026-03-03")
    days = [(item["captured_at"], item["value"]) for item in body["items"]]
    assert days == [(f"2026-03-0{n}T00:00:00.000Z", value) for n, value in ((1, 156), (2, 156), (3, 0))]
    assert (body["total"], body["offset"], body["limit"]) == (3, 0, 500)
    assert all(set(item) == {"captured_at", "value"} for item in body["items"])


def test_a_page_of_a_series_says_how_many_there_are(client: Client, two_days: None) -> None:
    body = get(client, SERIES, metric="session_cost", offset=1, limit=1)
    assert (len(body["items"]), body["total"], body["offset"], body["limit"]) == (1, 2, 1, 1)
    assert body["items"][0]["value"] is None


def test_a_grouped_series_names_its_groups(client: Client, two_days: None) -> None:
    body = get(client, SERIES, metric="session_tokens", period="monthly", group_by="model")
    assert {item["metadata"]["model"]: item["value"] for item in body["items"]} == {
        s.MODEL: 156,
        "acme-coder-1": 156,
    }


@pytest.mark.parametrize("period", ["hourly", "daily", "weekly", "monthly"])
@pytest.mark.parametrize("metric", sorted(ANSWERED))
def test_every_metric_is_answered(client: Client, two_days: None, metric: str, period: str) -> None:
    assert get(client, SERIES, metric=metric, period=period)["items"]


def test_a_session_has_its_timeline(client: Client, tmp_path: Path) -> None:
    usages = [s.usage(20, input=10, read=0), s.usage(15, input=5, read=7)]
    records = [
        s.reply(f"t{n}", n, tokens=tokens, blocks=[s.call(f"toolu_{n}")]) for n, tokens in enumerate(usages)
    ]
    read(tmp_path, (s.main_path(), [s.prompt("p", 0), *records]))
    body = get(client, SERIES, metric="session_tokens", session_id=s.uid("a"), period="point")
    assert (body["total"], [item["value"] for item in body["items"]]) == (2, [30, 50])
    assert body["items"][1]["metadata"] == {
        "stepTokens": 20,
        "inputTokens": 5,
        "outputTokens": 15,
        "cacheReadTokens": 7,
        "cacheCreationTokens": 0,
        "agent": "claude-code",
        "model": s.MODEL,
    }


def test_an_empty_database_answers(client: Client) -> None:
    assert get(client, OVERVIEW)["kpis"]["sessionCost"] == 0
    assert get(client, SERIES, metric="session_cost")["items"] == []
    assert get(client, SERIES, metric="session_cost", start="2026-03-01", end="2026-03-02")["total"] == 2
    assert get(client, BREAKDOWN)["items"] == []


def test_an_unknown_session_has_no_timeline(client: Client) -> None:
    refused(client, SERIES, 404, metric="session_tokens", session_id="nobody", period="point")


def test_an_unknown_metric_is_told_the_valid_ones(client: Client) -> None:
    [sentence] = refused(client, SERIES, metric="sesion_cost")["metric"]
    assert all(metric in sentence for metric in ANSWERED)


def test_a_metric_of_plans_is_unknown_without_any(client: Client, two_days: None) -> None:
    items = get(client, SERIES, metric="task_velocity")["items"]
    assert [item["value"] for item in items] == [None, None]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({}, "metric"),
        ({"metric": "session_cost", "period": "yearly"}, "period"),
        ({"metric": "session_cost", "period": "point"}, "period"),
        ({"metric": "session_cost", "session_id": "x"}, "metric"),
        ({"metric": "session_tokens", "session_id": "x", "period": "daily"}, "period"),
        ({"metric": "session_tokens", "group_by": "colour"}, "group_by"),
        ({"metric": "session_cost", "limit": "0"}, "limit"),
        ({"metric": "session_cost", "limit": "1001"}, "limit"),
        ({"metric": "session_cost", "offset": "-1"}, "offset"),
        ({"metric": "session_cost", "offset": "9" * 30}, "offset"),
        ({"metric": "session_cost", "start": "yesterday"}, "start"),
        ({"metric": "session_cost", "start": "2026-03-02", "end": "2026-03-01"}, "end"),
        ({"metric": "session_cost", "tz": "Mars/Olympus"}, "tz"),
        ({"metric": "session_cost", "colour": "red"}, "colour"),
        ({"metric": "session_cost\x00"}, "metric"),
        (
            {"metric": "session_cost", "period": "hourly", "start": "2000-01-01", "end": "2030-01-01"},
            "period",
        ),
    ],
)
def test_what_is_wrong_is_refused_by_name(client: Client, asked: dict[str, Any], named: str) -> None:
    assert named in refused(client, SERIES, **asked)


def test_a_parameter_given_twice_is_refused(client: Client) -> None:
    assert client.get(f"{OVERVIEW}?tz=UTC&tz=Europe/Berlin").json()["errors"].keys() == {"tz"}


@pytest.mark.parametrize("dimension", BREAKDOWN_DIMENSIONS)
def test_parts_add_up_to_the_overview(client: Client, two_days: None, dimension: str) -> None:
    items = get(client, BREAKDOWN, dimension=dimension)["items"]
    kpis = get(client, OVERVIEW)["kpis"]
    if items[0]["tokens"] is None:
        assert sum(item["count"] for item in items) == kpis["toolCallCount"]
        assert all(item["cost"] is None for item in items)
    else:
        assert sum(item["tokens"] for item in items) == kpis["sessionTokens"]
        assert sum(item["cacheReadTokens"] for item in items) == kpis["cacheReadTokens"]
        assert round(sum(item["cost"] or 0 for item in items), 6) == kpis["sessionCost"]
    assert sum(item["share"] for item in items) == pytest.approx(100)


def test_tools_have_errors_and_times(client: Client, two_days: None) -> None:
    items = get(client, BREAKDOWN, dimension="tool", sort="name")["items"]
    tools = [{k: i[k] for k in ("name", "count", "errors", "successRate", "totalMs", "p95Ms")} for i in items]
    assert tools == [
        {"name": "Bash", "count": 2, "errors": 0, "successRate": 100, "totalMs": 4000, "p95Ms": 2000},
        {"name": "Edit", "count": 2, "errors": 2, "successRate": 0, "totalMs": 2000, "p95Ms": 1000},
    ]


def test_breakdown_pages_and_refuses(client: Client, two_days: None) -> None:
    body = get(client, BREAKDOWN, offset=1, limit=1)
    assert (len(body["items"]), body["total"]) == (1, 2)
    assert "model" in refused(client, BREAKDOWN, dimension="colour")["dimension"][0]
    assert "sort" in refused(client, BREAKDOWN, sort="size")


def test_a_project_narrows_by_id_and_slug(client: Client, tmp_path: Path) -> None:
    path, records = working_session("b", folder="-home-ada-other")
    read(tmp_path, working_session("a"), (path, [r | {"cwd": "/home/ada/other"} for r in records]))
    for project in Project.objects.all():
        for name in (project.pk, project.slug):
            assert get(client, OVERVIEW, project=name)["kpis"]["sessionTokens"] == 156
    refused(client, OVERVIEW, 404, project="nowhere")


@pytest.mark.parametrize("path", [OVERVIEW, BREAKDOWN, f"{SERIES}?metric=session_cost"])
def test_a_trailing_slash_changes_nothing(client: Client, two_days: None, path: str) -> None:
    bare, _, query = path.partition("?")
    with_slash, without = client.get(f"{bare}/?{query}").json(), client.get(path).json()
    assert with_slash.keys() == without.keys()
    assert with_slash.get("items") == without.get("items")


def test_the_same_answer_is_not_sent_twice(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    first = client.get(OVERVIEW)
    again = client.get(OVERVIEW, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    read(tmp_path, working_session("b", day=1))
    changed = client.get(OVERVIEW, headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, changed.json()["kpis"]["sessionCount"]) == (200, 2)


def test_answers_are_compressed_for_those_who_ask(client: Client, two_days: None) -> None:
    response = client.get(OVERVIEW, headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response.headers["Vary"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_answers_are_only_read(client: Client, method: str) -> None:
    assert getattr(client, method)(OVERVIEW).status_code == 405


QUESTIONS = [
    OVERVIEW,
    f"{SERIES}?metric=session_cost&group_by=model",
    *(f"{BREAKDOWN}?dimension={dimension}" for dimension in BREAKDOWN_DIMENSIONS),
]


def test_more_data_is_not_more_queries(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"), working_session("b", day=1))
    few = [_queries(client, path) for path in QUESTIONS]
    more = [working_session(name, day, model=f"model-{name}") for day, name in enumerate("cdef", 2)]
    read(tmp_path, *more)
    assert [_queries(client, path) for path in QUESTIONS] == few


def _queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)
