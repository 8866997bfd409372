"""What the bell shows, by API."""

from typing import Any

import pytest
from django.test import Client

from alerts.models import AlertEvent
from alerts.tests.fired import notification
from sessions.models import Project

pytestmark = pytest.mark.django_db

NOTIFICATIONS = "/api/analytics/notifications"


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


def patch(client: Client, path: str, body: str) -> Any:
    return client.patch(path, body, content_type="application/json")


def test_notifications_come_newest_first_under_the_names_older_clients_know(client: Client) -> None:
    notification("first")
    notification("second")
    newest, oldest = client.get(NOTIFICATIONS).json()
    assert (newest["alertId"], oldest["alertId"]) == ("second", "first")
    assert newest["message"] == "second fired"
    assert newest["timestamp"] == "2026-03-20T12:00:00.000Z"
    assert newest["isRead"] is False


def test_reading_one_and_all(client: Client) -> None:
    one, _, third = notification("a"), notification("b"), notification("c")
    read = patch(client, f"{NOTIFICATIONS}/{one.pk}", '{"isRead": true}')
    assert (read.status_code, read.json()["isRead"]) == (200, True)
    assert [each["alertId"] for each in client.get(f"{NOTIFICATIONS}?unread=true").json()] == ["c", "b"]
    patch(client, f"{NOTIFICATIONS}/{one.pk}", '{"isRead": false}')
    assert client.post(f"{NOTIFICATIONS}/read-all").json() == {"status": "ok", "read": 3}
    assert client.get(f"{NOTIFICATIONS}?unread=true").json() == []
    third.refresh_from_db()
    assert third.read_at is not None


def test_a_project_sees_its_own_and_those_over_all(client: Client) -> None:
    ours = Project.objects.create(key="/a", slug="ours", name="Ours")
    theirs = Project.objects.create(key="/b", slug="theirs", name="Theirs")
    for name, project in (("mine", ours), ("other", theirs), ("every", None)):
        notification(name, project)
    seen = client.get(f"{NOTIFICATIONS}?project=ours").json()
    assert [each["alertId"] for each in seen] == ["every", "mine"]
    assert client.post(f"{NOTIFICATIONS}/read-all?project=ours").json()["read"] == 2


@pytest.mark.parametrize("name", ["nobody", "1" * 30, "-1", "٣"])
def test_an_unknown_notification_is_not_found(client: Client, name: str) -> None:
    assert patch(client, f"{NOTIFICATIONS}/{name}", '{"isRead": true}').status_code == 404


def test_what_is_not_understood_is_refused(client: Client) -> None:
    one = notification("a")
    for body in ("{}", '{"isRead": "yes"}', '{"isRead": null}', '{"isRead": true, "read": 1}'):
        assert patch(client, f"{NOTIFICATIONS}/{one.pk}", body).status_code == 400
    assert client.get(f"{NOTIFICATIONS}?limit=0").status_code == 400


def test_history_is_added_to_and_never_changed() -> None:
    event = notification("a").event
    with pytest.raises(TypeError):
        event.save()
    with pytest.raises(TypeError):
        AlertEvent.objects.update(message="Never happened")
