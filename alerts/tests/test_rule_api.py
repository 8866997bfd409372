"""Rules by API: what is taken, what is refused and how, and what is kept of a change."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts import editing
from alerts.models import AlertEvent, AlertInstance, AlertRule, AlertRuleRevision, Channel
from alerts.states import State
from sessions.models import Project

pytestmark = pytest.mark.django_db

ALERTS = "/api/analytics/alerts"
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
LEGACY = {"name": "Dear", "metric": "session_cost", "operator": ">", "threshold": 10.5}
ROLLING = LEGACY | {"scope": "rolling", "windowSeconds": 1800}
RATE = ROLLING | {"metric": "tool_error_rate", "threshold": 20, "groupBy": ["tool"]}


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


@pytest.fixture
def engine() -> Project:
    return Project.objects.create(key="/engine", slug="engine", name="Engine")


def send(client: Client, method: str, path: str, body: Any = None, **more: Any) -> Any:
    return client.generic(
        method, path, body if isinstance(body, str) else as_text(body), "application/json", **more
    )


def as_text(body: Any) -> str:
    return "" if body is None else json.dumps(body)


def made(client: Client, **more: Any) -> dict[str, Any]:
    response = send(client, "POST", ALERTS, LEGACY | more)
    assert response.status_code == 201, response.content
    body: dict[str, Any] = response.json()
    return body


def refused(response: Any, status: int = 400) -> dict[str, list[str]]:
    assert response.status_code == status, response.content
    assert set(response.json()) == {"detail", "errors"} and response.json()["detail"]
    errors: dict[str, list[str]] = response.json()["errors"]
    return errors


def test_an_older_client_makes_changes_and_deletes_a_rule(client: Client) -> None:
    body = made(client, id="alert-new")
    assert {name: body[name] for name in ("id", "name", "metric", "operator", "threshold")} == {
        "id": "alert-new",
        **LEGACY,
    }
    assert (body["isActive"], body["scope"]) == (True, "session")
    changed = send(client, "PATCH", f"{ALERTS}/alert-new", {"threshold": 42, "isActive": False}).json()
    assert (changed["threshold"], changed["isActive"], changed["state"]) == (42.0, False, "paused")
    assert [rule["id"] for rule in client.get(ALERTS).json()] == ["alert-new"]
    gone = send(client, "DELETE", f"{ALERTS}/alert-new")
    assert (gone.status_code, gone.json()) == (200, {"status": "ok", "id": "alert-new"})
    assert client.get(ALERTS).json() == []
    refused(send(client, "DELETE", f"{ALERTS}/alert-new"), 404)
    assert made(client, id="alert-new")["version"] == 1


def test_a_rule_gets_an_id_and_defaults_that_follow_from_metric_and_scope(client: Client) -> None:
    session = made(client, metric="cost_threshold")
    assert session["id"].startswith("alert-") and session["metric"] == "session_cost"
    assert (session["repeatSeconds"], session["notifyResolved"]) == (0, False)
    rate = send(client, "POST", ALERTS, RATE | {"name": "Errors"}).json()
    assert (rate["aggregation"], rate["minSamples"], rate["noData"]) == ("ratio", 20, "ok")
    assert (rate["repeatSeconds"], rate["notifyResolved"], rate["unit"]) == (14400, True, "percent")
    weekly = made(client, name="Week", metric="total_tokens", scope="weekly")
    assert (weekly["metric"], weekly["aggregation"], weekly["noData"]) == ("session_tokens", "sum", "zero")
    moved = send(client, "PATCH", f"{ALERTS}/{rate['id']}", {"metric": "tool_call_count", "scope": "daily"})
    assert moved.json()["aggregation"] == "sum" and moved.json()["windowSeconds"] is None


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"treshold": 1}, "treshold"),
    "boolean threshold": ({"threshold": True}, "threshold"),
    "text threshold": ({"threshold": "1e999"}, "threshold"),
    "threshold too long": ({"threshold": 1e30}, "threshold"),
    "negative cost": ({"threshold": -1}, "threshold"),
    "cost beyond reason": ({"threshold": 1e12 + 1}, "threshold"),
    "rate above 100 percent": (RATE | {"threshold": 101}, "threshold"),
    "operator": ({"operator": "!!"}, "operator"),
    "metric": ({"metric": "speed"}, "metric"),
    "no metric of quality": ({"metric": "avg_quality"}, "metric"),
    "scope": ({"scope": "??"}, "scope"),
    "scope of a metric": ({"metric": "session_count"}, "scope"),
    "aggregation of a metric": (RATE | {"aggregation": "sum"}, "aggregation"),
    "window too short": (ROLLING | {"windowSeconds": 300}, "windowSeconds"),
    "window too long": (ROLLING | {"windowSeconds": 32 * 86400}, "windowSeconds"),
    "window too long for percentiles": (
        ROLLING | {"metric": "tool_duration_p95", "windowSeconds": 2 * 86400},
        "windowSeconds",
    ),
    "window of a session": ({"windowSeconds": 900}, "windowSeconds"),
    "recovery on the breach side": (ROLLING | {"recoveryThreshold": 11}, "recoveryThreshold"),
    "recovery above the first step": (
        ROLLING | {"steps": [5], "recoveryThreshold": 8},
        "recoveryThreshold",
    ),
    "warning beyond the threshold": (ROLLING | {"warnThreshold": 11}, "warnThreshold"),
    "step beyond the threshold": ({"steps": [5, 11]}, "steps"),
    "waiting in a session": ({"forSeconds": 60}, "forSeconds"),
    "waiting half a minute": (ROLLING | {"forSeconds": 30}, "forSeconds"),
    "waiting for weeks": (ROLLING | {"keepFiringSeconds": 8 * 86400}, "keepFiringSeconds"),
    "change of a session": ({"condition": "change"}, "condition"),
    "deviations beyond reason": (ROLLING | {"condition": "anomaly", "threshold": 50}, "threshold"),
    "dimension": (ROLLING | {"groupBy": ["tool"]}, "groupBy"),
    "three dimensions": (RATE | {"groupBy": ["tool", "agent", "branch"]}, "groupBy"),
    "filter dimension": ({"filters": {"host": ["a"]}}, "filters"),
    "empty filter": ({"filters": {"model": []}}, "filters"),
    "project in a filter": ({"filters": {"project": ["Nobody's"]}}, "filters"),
    "empty name": ({"name": "  "}, "name"),
    "control character": ({"name": "a\x07b"}, "name"),
    "text turned around": ({"name": "a\u202eb"}, "name"),
    "lone surrogate": ({"note": "\ud800"}, "note"),
    "NUL": ({"note": "a\x00b"}, "note"),
    "id": ({"id": "a/b"}, "id"),
    "id of dots": ({"id": ".."}, "id"),
    "id of a path": ({"id": "preview"}, "id"),
    "channel": ({"channels": ["nowhere"]}, "channels"),
    "project": ({"project": "nowhere"}, "project"),
    "zone": ({"scope": "daily", "timeZone": "Mars/Olympus"}, "timeZone"),
    "link": ({"link": "ftp://example.org"}, "link"),
    "word for a flag": ({"isActive": "yes"}, "isActive"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_refused_by_name(client: Client, case: str) -> None:
    body, field = BAD[case]
    assert list(refused(send(client, "POST", ALERTS, LEGACY | body))) == [field]
    assert not AlertRule.objects.exists()


def test_numbers_that_are_none_are_refused(client: Client) -> None:
    for text in ("NaN", "Infinity", "1e999"):
        body = as_text(LEGACY).replace("10.5", text)
        refused(send(client, "POST", ALERTS, body))


def test_the_error_says_what_would_do(client: Client) -> None:
    errors = refused(send(client, "POST", ALERTS, LEGACY | {"operator": "=", "threshold": -3}))
    assert ">=" in errors["operator"][0]
    [sentence] = refused(send(client, "POST", ALERTS, RATE | {"threshold": 250}))["threshold"]
    assert "0" in sentence and "100 percent" in sentence
    assert "session_cost" in refused(send(client, "POST", ALERTS, LEGACY | {"metric": "x"}))["metric"][0]


def test_only_json_is_taken(client: Client) -> None:
    refused(client.post(ALERTS, LEGACY), 415)
    refused(send(client, "POST", ALERTS, "[1]"))
    refused(client.get(f"{ALERTS}?sort=name"))
    refused(client.get(f"{ALERTS}?project=nowhere"), 404)


def test_ids_and_names_are_given_once(client: Client, engine: Project) -> None:
    made(client, id="a")
    refused(send(client, "POST", ALERTS, LEGACY | {"id": "a", "name": "Other"}), 409)
    refused(send(client, "POST", ALERTS, LEGACY | {"name": "dEAR"}), 409)
    other = made(client, project="engine")
    assert other["project"] == "engine"
    third = made(client, name="Third")
    refused(send(client, "PATCH", f"{ALERTS}/{third['id']}", {"name": "dear"}), 409)


def test_a_project_has_only_so_many_rules(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editing, "MOST_RULES", 1)
    made(client)
    refused(send(client, "POST", ALERTS, LEGACY | {"name": "Second"}), 409)


def test_a_stale_writer_is_refused_and_one_without_a_version_wins(client: Client) -> None:
    rule = f"{ALERTS}/{made(client)['id']}"
    read = client.get(rule).headers["ETag"]
    assert send(client, "PATCH", rule, {"threshold": 6}, headers={"if-match": read}).json()["version"] == 2
    refused(send(client, "PATCH", rule, {"threshold": 7}, headers={"if-match": read}), 412)
    refused(send(client, "PATCH", rule, {"threshold": 7}, headers={"if-match": "soon"}), 412)
    refused(send(client, "DELETE", rule, headers={"if-match": '"1"'}), 412)
    assert send(client, "PATCH", rule, {"threshold": 7}).json()["version"] == 3
    revisions = AlertRuleRevision.objects.values_list("version", "content__threshold")
    assert [(version, float(threshold)) for version, threshold in revisions] == [(1, 10.5), (2, 6), (3, 7)]


def test_saying_the_same_again_makes_no_version(client: Client) -> None:
    rule = made(client)
    same = send(client, "PATCH", f"{ALERTS}/{rule['id']}", {"name": "Dear", "threshold": 10.5})
    assert same.json()["version"] == 1
    assert AlertRuleRevision.objects.count() == 1


def test_null_clears_what_may_be_empty_and_nothing_else(client: Client) -> None:
    rule = send(client, "POST", ALERTS, ROLLING | {"warnThreshold": 5}).json()
    where = f"{ALERTS}/{rule['id']}"
    assert send(client, "PATCH", where, {"warnThreshold": None}).json()["warnThreshold"] is None
    assert set(refused(send(client, "PATCH", where, {"name": None, "threshold": None}))) == {
        "name",
        "threshold",
    }
    refused(send(client, "PATCH", where, {"windowSeconds": None}))
    refused(send(client, "PATCH", f"{ALERTS}/nowhere", {"threshold": 1}), 404)


def test_a_channel_serves_its_project_and_does_not_show_itself_to_others(
    client: Client, engine: Project
) -> None:
    Channel.objects.create(
        public_id="ours", project=engine, name="Ours", kind="webhook", target="https://a.example"
    )
    Channel.objects.create(public_id="all", name="All", kind="webhook", target="https://b.example")
    assert made(client, project="engine", channels=["ours", "all"])["channels"] == ["all", "ours"]
    [sentence] = refused(send(client, "POST", ALERTS, LEGACY | {"channels": ["ours"]}))["channels"]
    assert sentence == "There is no channel ours for this rule."


def firing_instance(rule: AlertRule) -> AlertInstance:
    return AlertInstance.objects.create(
        rule=rule, subject="s", limit=rule.threshold, severity="warning", state=State.FIRING, since=NOW
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c, where: send(c, "PATCH", where, {"threshold": 3}), "rule_changed"),
        (lambda c, where: send(c, "PATCH", where, {"isActive": False}), "paused"),
        (lambda c, where: send(c, "DELETE", where), "rule_deleted"),
    ],
)
def test_a_change_of_meaning_ends_what_was_known(
    client: Client, change: Callable[[Client, str], Any], reason: str
) -> None:
    rule = AlertRule.objects.get(public_id=made(client)["id"])
    instance = firing_instance(rule)
    where = f"{ALERTS}/{rule.public_id}"
    assert client.get(where).json()["state"] == "firing"
    assert change(client, where).status_code == 200
    instance.refresh_from_db()
    assert instance.state == "ok"
    [event] = client.get(f"{where}/events").json()["items"]
    assert (event["fromState"], event["toState"], event["reason"]) == ("firing", "ok", reason)
    assert event["ruleVersion"] == 2


def test_another_name_or_a_snooze_does_not(client: Client) -> None:
    rule = AlertRule.objects.get(public_id=made(client)["id"])
    firing_instance(rule)
    body = {"name": "Very dear", "snoozedUntil": "2026-04-01T00:00:00Z", "severity": "critical"}
    changed = send(client, "PATCH", f"{ALERTS}/{rule.public_id}", body).json()
    assert (changed["state"], changed["version"]) == ("firing", 2)
    assert not AlertEvent.objects.exists()


def test_the_list_costs_the_same_for_one_rule_and_for_many(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(ALERTS).status_code == 200
        return len(found)

    made(client)
    few = queries()
    for n in range(5):
        made(client, name=f"Rule {n}")
    assert queries() == few


def test_an_unchanged_list_is_not_sent_again(client: Client) -> None:
    made(client)
    first = client.get(ALERTS)
    again = client.get(ALERTS, headers={"if-none-match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    made(client, name="Second")
    assert client.get(ALERTS, headers={"if-none-match": first.headers["ETag"]}).status_code == 200
