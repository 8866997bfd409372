"""Silences by API: begun, seen, ended, and refused in words."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from alerts.models import AlertInstance, Silence
from alerts.recording import matches
from alerts.tests.fired import fired_rule
from sessions.models import Project

pytestmark = pytest.mark.django_db

SILENCES = "/api/analytics/silences"


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


def in_hours(hours: float) -> str:
    return (timezone.now() + timedelta(hours=hours)).isoformat()


def begin(client: Client, **more: Any) -> Any:
    body = {"endsAt": in_hours(4), **more}
    return client.post(SILENCES, json.dumps(body), content_type="application/json")


def test_a_silence_begins_is_seen_and_ends(client: Client) -> None:
    fired_rule("budget", Project.objects.create(key="/a", slug="ours", name="Ours"))
    made = begin(client, alertId="budget", matchers={"tool": "Bash"}, comment="Moving")
    assert made.status_code == 201
    told = made.json()
    assert (told["alertId"], told["project"], told["matchers"]) == ("budget", None, {"tool": "Bash"})
    assert (told["silenceState"], told["comment"]) == ("active", "Moving")
    later = begin(client, project="ours", startsAt=in_hours(2)).json()
    assert later["silenceState"] == "coming"
    assert [each["id"] for each in client.get(SILENCES).json()] == [later["id"], told["id"]]
    assert client.get(f"{SILENCES}/{told['id']}").json() == told
    for each in (told, later):
        assert client.delete(f"{SILENCES}/{each['id']}").json() == {"status": "ok", "id": each["id"]}
    [left] = client.get(SILENCES).json()
    assert (left["id"], left["silenceState"]) == (told["id"], "ended")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"alertId": "nobody"}, "alertId"),
        ({"project": "nowhere"}, "project"),
        ({"endsAt": "2020-01-01T00:00:00Z"}, "endsAt"),
        ({"endsAt": "9999-01-01T00:00:00Z"}, "endsAt"),
        ({"endsAt": "soon"}, "endsAt"),
        ({"startsAt": "2999-01-01T00:00:00Z"}, "endsAt"),
        ({"matchers": {"colour": "red"}}, "matchers"),
        ({"matchers": {"tool": "a\nb"}}, "matchers"),
        ({"matchers": {"tool": "a", "project": "b", "branch": "c"}}, "matchers"),
        ({"comment": "x" * 501}, "comment"),
        ({"until": 5}, "until"),
    ],
)
def test_what_cannot_be_a_silence_is_refused_by_name(
    client: Client, more: dict[str, Any], field: str
) -> None:
    refused = begin(client, **more)
    assert (refused.status_code, list(refused.json()["errors"])) == (400, [field])
    assert not Silence.objects.exists()


@pytest.mark.parametrize("name", ["nobody", "1" * 30, "-1", "٣"])
def test_an_unknown_silence_is_not_found(client: Client, name: str) -> None:
    assert client.get(f"{SILENCES}/{name}").status_code == 404
    assert client.delete(f"{SILENCES}/{name}").status_code == 404


def test_a_page_begins_a_silence_of_one_group(client: Client) -> None:
    rule = fired_rule("tools")
    given = {"about": "rule:tools", "hours": "1", "dimension": "tool", "value": "Bash"}
    assert client.post("/alerts/silences", given).status_code == 302
    one = Silence.objects.get()
    for tool, silent in (("Bash", True), ("Edit", False)):
        assert matches(one, AlertInstance(rule=rule, group={"tool": tool})) is silent
    assert "tool Bash" in client.get("/alerts/silences").text
    assert client.post("/alerts/silences", given | {"value": ""}).status_code == 400
    assert client.post("/alerts/silences", given | {"dimension": ""}).status_code == 400
    assert Silence.objects.count() == 1
