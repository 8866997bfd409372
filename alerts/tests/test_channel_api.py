"""Channels by API: what is taken, what is never shown, and trials."""

import json
from typing import Any

import pytest
from django.test import Client

from alerts.models import Channel, Delivery
from alerts.tests.fired import FIRED_AT, notification
from alerts.tests.receiver import Receiver
from alerts.tests.rules import rule

pytestmark = pytest.mark.django_db

CHANNELS = "/api/analytics/channels"
HOOK = {"name": "Ops", "kind": "webhook", "target": "https://hooks.example.org/T0/secret-part"}


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


def send(client: Client, method: str, path: str, body: Any = None) -> Any:
    return client.generic(method, path, "" if body is None else json.dumps(body), "application/json")


def test_a_channel_shows_its_secret_once_and_its_address_never(client: Client) -> None:
    made = send(client, "POST", CHANNELS, HOOK)
    assert made.status_code == 201
    secret, where = made.json()["secret"], f"{CHANNELS}/{made.json()['id']}"
    assert secret.startswith("whsec_")
    for answer in (made, client.get(CHANNELS), client.get(where)):
        assert "secret-part" not in answer.text
    assert secret not in client.get(where).text
    assert client.get(where).json()["target"] == "https://hooks.example.org/…"
    assert send(client, "DELETE", where).json()["status"] == "ok"
    assert client.get(where).status_code == 404


def test_a_new_secret_leaves_the_one_before_valid(client: Client) -> None:
    made = send(client, "POST", CHANNELS, HOOK).json()
    fresh = "whsec_" + "QUJD" * 10
    assert send(client, "PATCH", f"{CHANNELS}/{made['id']}", {"secret": fresh}).status_code == 200
    channel = Channel.objects.get()
    assert (channel.secret, channel.previous_secret) == (fresh, made["secret"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"target": "http://127.0.0.1/"}, "target"),
        ({"target": "http://169.254.169.254/latest"}, "target"),
        ({"kind": "email", "target": "nobody"}, "target"),
        ({"kind": "email", "target": "a@example.org\nBcc: b@example.org"}, "target"),
        ({"kind": "pager"}, "kind"),
        ({"secret": "whsec_short"}, "secret"),
        ({"secret": "hunter2" * 10}, "secret"),
        ({"maxPerHour": 0}, "maxPerHour"),
        ({"project": "nowhere"}, "project"),
        ({"url": "x"}, "url"),
    ],
)
def test_what_cannot_be_is_refused_by_name(client: Client, body: dict[str, Any], field: str) -> None:
    response = send(client, "POST", CHANNELS, HOOK | body)
    assert (response.status_code, list(response.json()["errors"])) == (400, [field])
    assert not Channel.objects.exists()


def test_a_trial_says_how_it_went(client: Client, receiver: Receiver) -> None:
    made = send(client, "POST", CHANNELS, HOOK | {"target": receiver.url}).json()
    receiver.answers = [500]
    told = send(client, "POST", f"{CHANNELS}/{made['id']}/test").json()
    assert (told["ok"], told["status"], told["detail"]) == (False, 500, "ok")
    dear = rule(channels=list(Channel.objects.all()))
    [of_rule] = send(client, "POST", f"/api/analytics/alerts/{dear.public_id}/test").json()
    assert (of_rule["ok"], of_rule["channel"]) == (True, made["id"])


def test_what_was_given_up_can_be_sent_again(client: Client) -> None:
    channel = Channel.objects.create(public_id="c", name="Ops", kind="webhook", target=HOOK["target"])
    row = Delivery.objects.create(
        event=notification("dear").event,
        channel=channel,
        state="dead",
        attempts=7,
        created_at=FIRED_AT,
        not_before=FIRED_AT,
    )
    [listed] = client.get(f"{CHANNELS}/c/deliveries").json()["items"]
    assert (listed["deliveryState"], listed["attempts"]) == ("dead", 7)
    again = send(client, "POST", f"/api/analytics/deliveries/{row.pk}/again").json()
    assert (again["deliveryState"], again["attempts"]) == ("waiting", 0)
    assert send(client, "POST", "/api/analytics/deliveries/999999/again").status_code == 404
