"""The pages of channels and silences: a secret shown once, trials, sending again, and times of silence."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from alerts.models import Channel, Delivery, Silence
from alerts.tests.fired import notification
from alerts.tests.receiver import Receiver
from alerts.tests.rules import rule
from sessions.models import Project

pytestmark = pytest.mark.django_db

HOOK = {
    "name": "Ops <b>",
    "kind": "webhook",
    "target": "https://hooks.example.org/T0/givesaccess",
    "isActive": "on",
}
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{40,}")
HTMX = {"hx-request": "true"}


@pytest.fixture
def here() -> Client:
    return Client(headers={"host": "localhost"})


def test_a_channel_is_made_and_its_secret_shown_once(here: Client) -> None:
    assert "No channel yet" in here.get("/alerts/channels").text
    made = here.post("/alerts/channels", HOOK)
    (secret,) = set(SECRET.findall(made.text))
    assert "no-store" in made.headers["Cache-Control"] and "Ops &lt;b&gt;" in made.text
    place = f"/alerts/channels/{Channel.objects.get().public_id}"
    for page in (here.get("/alerts/channels"), here.get(place)):
        assert secret not in page.text and "givesaccess" not in page.text
    assert "https://hooks.example.org/…" in here.get(place).text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": ""}, "may not be blank"),
        ({"kind": "pigeon"}, "not a valid choice"),
        ({"target": "http://127.0.0.1:9/x"}, "127.0.0.1"),
        ({"kind": "email", "target": "nobody"}, "Enter e-mail addresses"),
        ({"maxPerHour": "many"}, "valid integer"),
        ({"secret": "short"}, "A secret is whsec_"),
        ({"project": "nowhere"}, "There is no project"),
    ],
)
def test_what_cannot_be_a_channel_is_explained(here: Client, changed: dict[str, str], sentence: str) -> None:
    refused = here.post("/alerts/channels", HOOK | changed)
    assert refused.status_code == 400
    assert sentence in refused.text
    assert not Channel.objects.exists()


def test_a_change_keeps_the_address_and_what_is_known_of_its_health(here: Client) -> None:
    here.post("/alerts/channels", HOOK)
    Channel.objects.update(consecutive_failures=3, last_error="HTTP 500")
    channel = Channel.objects.get()
    place = f"/alerts/channels/{channel.public_id}"
    here.post(place, HOOK | {"name": "Renamed", "target": "", "maxPerHour": "9"})
    changed = Channel.objects.get()
    assert (changed.name, changed.target, changed.max_per_hour) == ("Renamed", channel.target, 9)
    assert (changed.secret, changed.consecutive_failures) == (channel.secret, 3)
    assert "failing" in here.get("/alerts/channels").text
    assert "Renamed" in here.get("/alerts").text
    here.post(place, {"name": "Renamed", "kind": "webhook"})
    assert not Channel.objects.get().is_active
    here.post(f"{place}/delete")
    assert here.get(place).status_code == 404


def test_a_sample_says_how_it_went(here: Client, receiver: Receiver) -> None:
    here.post("/alerts/channels", HOOK | {"target": receiver.url})
    place = f"/alerts/channels/{Channel.objects.get().public_id}/test"
    assert "The sample was taken: HTTP 204" in here.post(place, headers=HTMX).text
    receiver.answers = [500]
    assert "The sample was not taken: HTTP 500" in here.post(place).text
    assert len(receiver.got) == 2
    assert here.get(place).status_code == 405


def test_what_was_given_up_is_sent_again(here: Client) -> None:
    here.post("/alerts/channels", HOOK)
    channel, event, now = Channel.objects.get(), notification("budget").event, timezone.now()
    dead = Delivery.objects.create(
        event=event, channel=channel, state="dead", created_at=now, not_before=now, last_error="HTTP 500"
    )
    page = here.get(f"/alerts/channels/{channel.public_id}").text
    assert "given up" in page and "HTTP 500" in page and "budget fired" in page
    row = here.post(f"/alerts/deliveries/{dead.pk}/again", headers=HTMX).text
    assert row.lstrip().startswith(f'<tr id="delivery-{dead.pk}"') and "waiting" in row
    dead.refresh_from_db()
    assert dead.state == "waiting"
    assert here.post("/alerts/deliveries/77/again").status_code == 404


def test_silences_begin_and_end(here: Client) -> None:
    made = rule()
    Project.objects.create(key="/a", slug="bakery", name="Bakery")
    about = f"rule:{made.public_id}"
    assert (
        here.post("/alerts/silences", {"about": about, "hours": "4", "comment": "Moving"}).status_code == 302
    )
    one = Silence.objects.get()
    assert (one.rule, one.ends_at - one.starts_at) == (made, timedelta(hours=4))
    assert "“Dear” is silent until" in here.get("/alerts").text
    here.post("/alerts/silences", {"about": "project:bakery", "hours": "1"})
    here.post("/alerts/silences", {"about": "", "hours": "1"})
    page = here.get("/alerts/silences").text
    assert "Rules of Bakery" in page and "Every rule" in page and "Moving" in page
    here.post(f"/alerts/silences/{one.pk}/end")
    assert "“Dear” is silent" not in here.get("/alerts").text
    assert "Those that are over" in here.get("/alerts/silences").text


@pytest.mark.parametrize(
    "asked",
    [
        {"about": "rule:nobody", "hours": "1"},
        {"about": "project:nowhere", "hours": "1"},
        {"about": "anything", "hours": "1"},
        {"about": "", "hours": "99999999"},
        {"about": "", "hours": "1", "comment": "x" * 501},
        {"about": "", "hours": "1", "comment": "a\0b"},
    ],
)
def test_a_silence_that_cannot_be_is_refused(here: Client, asked: dict[str, str]) -> None:
    assert here.post("/alerts/silences", asked).status_code == 400
    assert not Silence.objects.exists()


def test_changes_are_posted_with_our_word() -> None:
    strict = Client(headers={"host": "localhost"}, enforce_csrf_checks=True)
    asked = ["channels", "channels/x", "channels/x/test", "channels/x/delete", "deliveries/1/again"]
    asked += ["silences", "silences/1/end"]
    assert {strict.post(f"/alerts/{address}").status_code for address in asked} == {403}
