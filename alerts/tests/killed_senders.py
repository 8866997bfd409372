"""Senders that are killed, for real: a program of its own, since a killed process takes its database along with it.

    python -m alerts.tests.killed_senders DATABASE_URL KILLS [trouble]

Fills an empty database with rules that fired, starts a sender, kills it with SIGKILL somewhere in its work, and begins
again until so many were killed; then lets one finish. Prints what a receiver saw, as JSON. With `trouble` the receiver
answers half of the messages with errors, resets, requests to wait, or not at all.
"""

import base64
import hmac
import json
import os
import random
import signal
import sys
import tempfile
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alerts.tests.receiver import Receiver

RULES = 60
# A sender that died holds its rows for so long; long enough for one that lives to send and settle.
LEASE = timedelta(seconds=0.5)
KILLED_WITHIN_SECONDS = 0.02
# What a receiver in trouble answers, more often than not; and how soon the next attempt is made here.
TROUBLES: tuple[Any, ...] = (500, 503, "reset", "hang", 429, 204, 204)
ATTEMPTS, NEXT_ATTEMPT_SECONDS, TIMEOUT_SECONDS = 100, 0.05, 0.1
STUCK_SECONDS = 5.0
SECRET = "whsec_" + "QUJD" * 10


def prepare(url: str) -> None:
    """Bring an empty database up to date."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "telemetry_site.settings",
        "DATABASE_URL": url,
        "TELEMETRY_DATA_DIR": tempfile.mkdtemp(prefix="agent-ledger-tests-"),
        "TELEMETRY_ALERT_HOSTS": "127.0.0.1",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def fire(url: str) -> None:
    """Rules that fired, each with an event to be told."""
    from django.utils import timezone

    from alerts.models import Channel
    from alerts.recording import enqueue
    from alerts.tests.fired import fired_rule

    now = timezone.now()
    hook = Channel.objects.create(
        public_id="hook", name="Ops", kind="webhook", target=url, secret=SECRET, max_per_hour=1000
    )
    for n in range(RULES):
        rule = fired_rule(f"rule-{n}", at=now)
        rule.channels.add(hook)
        enqueue(rule, rule.events.all(), now)


def kill_one(receiver: "Receiver") -> bool:
    """Start a sender and kill it about when its first or second message arrives; whether it was still at work."""
    from django.db import connections

    from alerts.delivery import deliver

    connections.close_all()
    enough, deadline = len(receiver.got) + random.randint(1, 2), time.monotonic() + STUCK_SECONDS
    child = os.fork()
    if not child:
        deliver()
        os._exit(0)
    while len(receiver.got) < enough and time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.WIFSIGNALED(status)
        time.sleep(0.001)
    time.sleep(random.uniform(0, KILLED_WITHIN_SECONDS))
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    """Whether a receiver that knows the secret would believe the message."""
    said = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    told = base64.b64encode(hmac.digest(key, said, "sha256")).decode()
    return f"v1,{told}" in headers["webhook-signature"].split()


def told(receiver: "Receiver", kills: int) -> dict[str, Any]:
    from alerts.models import AlertEvent, Delivery

    messages: dict[str, set[str]] = {}
    for headers, body in receiver.got:
        events = ",".join(event["id"] for event in json.loads(body)["data"]["events"])
        messages.setdefault(headers["webhook-id"], set()).add(events)
    return {
        "kills": kills,
        "forged": sum(not is_signed(headers, body) for headers, body in receiver.got),
        "accepted": receiver.accepted,
        "requests": len(receiver.got),
        "messages": {name: sorted(events) for name, events in messages.items()},
        "events": sorted(str(pk) for pk in AlertEvent.objects.values_list("pk", flat=True)),
        "unsent": Delivery.objects.exclude(state="sent").count(),
    }


def in_trouble(receiver: "Receiver") -> None:
    """Let the receiver fail as often as not, and senders try again at once and often enough."""
    from alerts import delivery, egress

    delivery.SCHEDULE = (NEXT_ATTEMPT_SECONDS,) * ATTEMPTS  # type: ignore[assignment]
    egress.TIMEOUT_SECONDS, egress.DEADLINE_SECONDS = TIMEOUT_SECONDS, 2 * TIMEOUT_SECONDS
    receiver.answers = [random.choice(TROUBLES) for _ in range(RULES // 2)]
    receiver.headers = {"Retry-After": "1"}


def main(url: str, kills: int, *, has_trouble: bool) -> None:
    prepare(url)
    from alerts import delivery
    from alerts.models import Delivery
    from alerts.tests.receiver import receiving

    delivery.LEASE = LEASE
    with receiving() as receiver:
        receiver.pause_seconds = 0.015
        if has_trouble:
            in_trouble(receiver)
        fire(receiver.url)
        done = 0
        while done < kills:
            done += kill_one(receiver)
        while Delivery.objects.waiting().exists():
            delivery.deliver()
            time.sleep(0.05)
        print(json.dumps(told(receiver, done)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), has_trouble="trouble" in sys.argv[3:])
