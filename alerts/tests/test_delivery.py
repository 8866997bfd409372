"""The outbox: every event at least once and known by its id, whatever receivers do; never more than is wanted."""

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core import mail

from alerts import delivery, egress
from alerts.delivery import SCHEDULE, deliver, remind, send_again, try_channel
from alerts.messages import Outcome
from alerts.models import AlertEvent, Channel, Delivery, Silence
from alerts.signatures import new_secret
from alerts.tests.receiver import Receiver, receiving
from alerts.tests.rules import read, rule, spend, tick
from sessions.tests import samples

pytestmark = pytest.mark.django_db

START = samples.START
MINUTE = timedelta(minutes=1)
SECRET = new_secret()


class Clock:
    """The time, which tests move."""

    def __init__(self) -> None:
        self.now = START + 20 * MINUTE

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receiver(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    settings.TELEMETRY_ALERT_HOSTS = ["127.0.0.1"]
    monkeypatch.setattr(egress, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(egress, "DEADLINE_SECONDS", 1.0)
    with receiving() as found:
        yield found


def channel(target: str, kind: str = "webhook", **more: Any) -> Channel:
    return Channel.objects.create(
        public_id=f"c-{kind}-{Channel.objects.count()}",
        name="Ops",
        kind=kind,
        target=target,
        secret=SECRET,
        **more,
    )


@pytest.fixture
def hook(receiver: Receiver) -> Channel:
    return channel(receiver.url)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    spend(tmp_path, "old", 1, 0.5)
    read(tmp_path, START + MINUTE)
    return tmp_path


def dear(root: Path, clock: Clock, *names: str) -> None:
    """Sessions of six dollars, read now."""
    for n, name in enumerate(names):
        spend(root, name, 600 + n, 6.0)
    read(root, clock.now)


def test_a_fired_alert_is_told_once_with_a_signature(
    root: Path, clock: Clock, hook: Channel, receiver: Receiver
) -> None:
    rule(channels=[hook])
    dear(root, clock, "a")
    assert (deliver(clock).sent, deliver(clock).sent) == (1, 0)
    [(headers, body)] = receiver.got
    content = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, content, sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    told = json.loads(body)
    assert told["type"] == "alert.fired"
    [event] = told["data"]["events"]
    assert (event["value"], event["threshold"], event["toState"]) == (pytest.approx(6.0), 5.0, "firing")
    assert event["sessions"][0]["id"] == samples.uid("a")
    assert "Go on" not in body.decode(), "what a person asked stays in the house"
    [row] = Delivery.objects.all()
    assert (row.state, row.attempts) == ("sent", 1)
    hook.refresh_from_db()
    assert hook.last_ok_at == clock.now


@pytest.mark.parametrize("how", [500, 404, 302, "redirect", "reset", "hang", "drip"])
def test_what_is_no_success_is_tried_again_under_the_same_id(
    root: Path, clock: Clock, hook: Channel, receiver: Receiver, how: Any
) -> None:
    rule(channels=[hook])
    dear(root, clock, "a")
    receiver.answers = [how]
    assert deliver(clock).failed == 1
    [row] = Delivery.objects.all()
    assert row.state == "waiting" and row.last_error
    assert timedelta(seconds=4) <= row.not_before - clock.now <= timedelta(seconds=6)
    assert deliver(clock).failed == 0, "not before its time"
    clock.now = row.not_before
    assert deliver(clock).sent == 1
    assert len(receiver.ids) == 2 and len(set(receiver.ids)) == 1
    hook.refresh_from_db()
    assert (hook.consecutive_failures, hook.last_error) == (0, "")


def test_the_schedule_is_kept_and_ends_and_can_be_begun_again(
    root: Path, clock: Clock, hook: Channel, receiver: Receiver
) -> None:
    rule(channels=[hook])
    dear(root, clock, "a")
    receiver.answers = [500] * (len(SCHEDULE) + 1)
    for step in SCHEDULE:
        deliver(clock)
        row = Delivery.objects.get()
        assert 0.8 * step <= (row.not_before - clock.now).total_seconds() <= 1.2 * step
        clock.now = row.not_before
    deliver(clock)
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("dead", len(SCHEDULE) + 1)
    assert deliver(clock).sent == 0
    send_again(row, clock.now)
    assert deliver(clock).sent == 1
    assert len(set(receiver.ids)) == 1


def test_a_receiver_that_asks_for_time_gets_it(
    root: Path, clock: Clock, hook: Channel, receiver: Receiver
) -> None:
    rule(channels=[hook])
    dear(root, clock, "a")
    receiver.answers, receiver.headers = [429], {"Retry-After": "120"}
    deliver(clock)
    assert Delivery.objects.get().not_before - clock.now == 2 * MINUTE


@pytest.mark.parametrize("header", ["Sun, 01 Mar 2026 10:25:00 GMT", "300"])
def test_retry_after_is_seconds_or_a_date(header: str) -> None:
    assert delivery.asked_pause(header, START + 20 * MINUTE) == 5 * MINUTE


def test_retry_after_that_is_neither_counts_for_nothing() -> None:
    assert [delivery.asked_pause(bad, START) for bad in ("", "soon", "-5", "1e9", "٣")] == [None] * 5


def test_a_receiver_that_is_gone_is_not_asked_again(
    root: Path, clock: Clock, hook: Channel, receiver: Receiver
) -> None:
    rule(channels=[hook])
    dear(root, clock, "a")
    receiver.answers = [410]
    deliver(clock)
    hook.refresh_from_db()
    assert (hook.is_active, Delivery.objects.get().state) == (False, "dead")
    assert "410" in hook.disabled_reason


def test_a_sender_that_is_killed_is_replaced(
    root: Path, clock: Clock, hook: Channel, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after sending and before writing that down, again and again: told more than once, by one id."""
    rule(channels=[hook])
    dear(root, clock, "a", "b")

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(delivery, "settle", die)
        for _ in range(20):
            with pytest.raises(KeyboardInterrupt):
                deliver(clock)
            assert deliver(clock).sent == 0, "the claim holds for a while"
            clock.now += delivery.LEASE
    assert deliver(clock).sent == 1
    assert len(receiver.got) == 21 and len(set(receiver.ids)) == 1
    told = {event["id"] for _, body in receiver.got for event in json.loads(body)["data"]["events"]}
    assert told == {str(pk) for pk in AlertEvent.objects.values_list("pk", flat=True)}


def test_a_claim_that_ran_out_is_not_settled_by_who_lost_it(root: Path, clock: Clock, hook: Channel) -> None:
    rule(channels=[hook])
    dear(root, clock, "a")
    slow = delivery._claim(clock.now)
    clock.now += delivery.LEASE
    quick = delivery._claim(clock.now)
    assert slow and quick and slow.token != quick.token
    delivery.settle(slow, Outcome(False, 500), clock.now)
    assert Delivery.objects.get().attempts == 0
    delivery.settle(quick, Outcome(True, 200), clock.now)
    assert Delivery.objects.get().state == "sent"


def test_a_storm_is_one_message_and_another_after_the_interval(
    root: Path, clock: Clock, hook: Channel, receiver: Receiver
) -> None:
    rule(channels=[hook])
    dear(root, clock, "first")
    deliver(clock)
    clock.now += MINUTE
    dear(root, clock, *[f"s{n}" for n in range(30)])
    assert deliver(clock).sent == 0
    clock.now += 5 * MINUTE
    assert deliver(clock).sent == 1
    told = json.loads(receiver.got[1][1])["data"]
    assert (len(told["events"]), told["more"]) == (10, 20)
    assert not Delivery.objects.exclude(state="sent").exists()
    assert AlertEvent.objects.count() == 31


def test_a_channel_speaks_only_so_often_and_says_what_it_left_out(
    root: Path, clock: Clock, receiver: Receiver
) -> None:
    hook = channel(receiver.url, max_per_hour=1)
    rule("One", channels=[hook])
    rule("Two", threshold=Decimal(4), channels=[hook])
    dear(root, clock, "a")
    assert deliver(clock).sent == 1
    assert Delivery.objects.filter(state="suppressed").count() == 1
    clock.now += 61 * MINUTE
    spend(root, "b", 4700, 6.0)
    read(root, clock.now)
    deliver(clock)
    assert json.loads(receiver.got[1][1])["data"]["suppressed"] == 1


def test_silence_and_snooze_record_and_do_not_send(root: Path, clock: Clock, hook: Channel) -> None:
    rule("Snoozed", channels=[hook], snoozed_until=clock.now + MINUTE)
    quiet = rule("Silenced", channels=[hook])
    Silence.objects.create(rule=quiet, starts_at=START, ends_at=clock.now + MINUTE)
    other = rule("Elsewhere", channels=[hook])
    Silence.objects.create(rule=other, matchers={"tool": "Bash"}, starts_at=START, ends_at=clock.now + MINUTE)
    dear(root, clock, "a")
    states = Delivery.objects.values_list("event__rule__name", "state", "last_error").order_by("id")
    assert list(states) == [
        ("Snoozed", "suppressed", "snoozed"),
        ("Silenced", "suppressed", "silenced"),
        ("Elsewhere", "waiting", ""),
    ]
    assert AlertEvent.objects.count() == 3


def test_what_goes_on_is_said_again_when_that_is_wanted(
    root: Path, clock: Clock, hook: Channel, receiver: Receiver
) -> None:
    rule("Day", scope="daily", channels=[hook], repeat_seconds=3600)
    dear(root, clock, "a")
    deliver(clock)
    for minutes, expected in ((30, 0), (31, 1), (5, 0), (60, 1)):
        clock.now += minutes * MINUTE
        assert remind(clock.now) == expected
    assert deliver(clock).sent == 1, "two reminders that met are one message"
    tick(START + timedelta(hours=15))
    assert remind(START + timedelta(hours=16)) == 0


def test_its_end_is_told_where_that_is_wanted(
    root: Path, clock: Clock, hook: Channel, receiver: Receiver
) -> None:
    rule("Day", scope="daily", channels=[hook], notify_resolved=True, repeat_seconds=0)
    dear(root, clock, "a")
    deliver(clock)
    clock.now = START + timedelta(hours=15)
    tick(clock.now)
    deliver(clock)
    assert [json.loads(body)["type"] for _, body in receiver.got] == ["alert.fired", "alert.resolved"]


@pytest.mark.parametrize("kind", ["slack", "discord", "ntfy"])
def test_other_services_get_their_own_shape(root: Path, clock: Clock, receiver: Receiver, kind: str) -> None:
    rule("A <b> & c", channels=[channel(receiver.url, kind)])
    dear(root, clock, "a")
    assert deliver(clock).sent == 1
    [(headers, body)] = receiver.got
    told = json.loads(body)
    assert "webhook-signature" not in headers
    text = {"slack": "text", "discord": "content", "ntfy": "message"}[kind]
    assert "$6.00" in told[text]
    if kind == "slack":
        assert "A &lt;b&gt; &amp; c" in told["text"]
    if kind == "discord":
        assert told["allowed_mentions"] == {"parse": []}
    if kind == "ntfy":
        assert (told["topic"], told["priority"]) == ("hook", 3)


def test_mail_is_handed_to_django(root: Path, clock: Clock) -> None:
    rule("Dear\u00a0one", channels=[channel("ada@example.org, bob@example.org", "email")])
    dear(root, clock, "a")
    assert deliver(clock).sent == 1
    [sent] = mail.outbox
    assert sent.to == ["ada@example.org", "bob@example.org"]
    assert sent.subject.startswith("Alert: Dear") and "$6.00" in sent.body


def test_history_is_never_sent(root: Path, clock: Clock, hook: Channel) -> None:
    dear(root, clock, "a")
    rule(channels=[hook], now=clock.now)
    tick(clock.now)
    assert AlertEvent.objects.filter(is_backfilled=True).exists()
    assert not Delivery.objects.exists()


def test_a_first_import_of_two_years_tells_nobody(
    tmp_path: Path, clock: Clock, hook: Channel, receiver: Receiver
) -> None:
    """Though rules and channel were there before the first transcript was read."""
    per_session, per_day = rule("One", channels=[hook]), rule("Day", scope="daily", channels=[hook])
    for n in range(26):
        spend(tmp_path, f"s{n}", 600 + n * 28 * 86_400, 6.0)
    clock.now = START + timedelta(days=730)
    read(tmp_path, clock.now)
    tick(clock.now)
    deliver(clock)
    told = AlertEvent.objects.filter(to_state="firing")
    assert told.filter(rule=per_session).count() == 26 and told.filter(rule=per_day).count() == 26
    assert not Delivery.objects.exists() and receiver.got == []


def test_a_trial_is_sent_once_and_says_how_it_went(hook: Channel, receiver: Receiver, clock: Clock) -> None:
    receiver.answers = [503]
    trial = try_channel(hook, clock.now)
    assert (trial.outcome.is_ok, trial.outcome.status, trial.outcome.detail) == (False, 503, "ok")
    assert json.loads(receiver.got[0][1])["type"] == "alert.test"
    assert not Delivery.objects.exists()
    assert try_channel(channel("http://127.0.0.2:8080/"), clock.now).outcome.detail.startswith(
        "This address is"
    )


def test_without_a_mail_server_the_channel_says_so(settings: Any) -> None:
    settings.MAILERS = {}
    told = try_channel(channel("ada@example.org", "email"), START).outcome
    assert (told.is_ok, told.detail) == (False, "No mail server is set; TELEMETRY_MAIL names one.")
