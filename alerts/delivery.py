"""Sending what is in the outbox: each event at least once, under an id by which a receiver knows it again.

A sender claims rows for a while, so that one that is killed is replaced by the next. Nothing is sent from inside a
transaction, and nothing is marked as sent before it was.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from uuid import uuid4

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from alerts.messages import Message, Outcome, message_of, sample_message, send
from alerts.models import AlertEvent, AlertInstance, AlertRule, Channel, Delivery
from alerts.recording import GROUP_INTERVAL, enqueue

LEASE = timedelta(seconds=60)
# Seconds from one attempt to the next; after the last, a row is given up and can be sent again by hand.
SCHEDULE = (5, 300, 1_800, 7_200, 18_000, 36_000)
JITTER = 0.2
LONGEST_PAUSE = timedelta(hours=24)
GONE = 410
MOST_AT_ONCE = 1000
OVER_CAP = "over the number of messages per hour"

Clock = Callable[[], datetime]


@dataclass(slots=True)
class DeliveryReport:
    """Messages of one round."""

    sent: int = 0
    failed: int = 0


def deliver(clock: Clock = timezone.now, *, stop: Callable[[], bool] = lambda: False) -> DeliveryReport:
    """Send everything that is due now, a message per channel and rule; returns when nothing is."""
    report = DeliveryReport()
    while not stop():
        batch = _claim(clock())
        if batch is None:
            return report
        if batch.rows:
            outcome = send(batch.channel, batch.message(), clock())
            settle(batch, outcome, clock())
            report.sent += outcome.is_ok
            report.failed += not outcome.is_ok
    return report


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that go out as one message. `token` is the claim: without it nothing is settled."""

    token: str
    channel: Channel
    rows: list[Delivery]
    suppressed: int = 0

    def message(self) -> Message:
        events = {row.event_id: row.event for row in self.rows}
        return message_of(self.rows[0].message_id, list(events.values()), suppressed=self.suppressed)


def _claim(now: datetime) -> Batch | None:
    """The next rows to send; a batch without rows when they had to wait; None when nothing is due."""
    due = Delivery.objects.due(now).filter(channel__is_active=True)
    head = due.select_related("event__rule", "channel").order_by("not_before", "id").first()
    if head is None:
        return None
    channel, rule = head.channel, head.event.rule
    mine = due.filter(channel=channel, event__rule=rule, message_id=head.message_id)
    keys = list(mine.order_by("not_before", "id").values_list("pk", flat=True)[:MOST_AT_ONCE])
    if not head.message_id and _must_wait(channel, rule, keys, now):
        return Batch("", channel, [])
    token = uuid4().hex
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    claim = {"claimed_until": now + LEASE, "claimed_by": token, "last_attempt_at": now}
    if not head.message_id:
        claim["message_id"] = f"msg_{uuid4().hex}"
    claimed = Delivery.objects.waiting().filter(free, pk__in=keys)
    claimed.update(**claim)
    rows = list(
        Delivery.objects.filter(claimed_by=token).select_related("event__rule", "event__instance", "channel")
    )
    return Batch(token, channel, rows, _suppressed_since_last(channel))


def _must_wait(channel: Channel, rule: AlertRule, keys: list[int], now: datetime) -> bool:
    """Whether new rows are put off into one message with what follows, or left out as too many."""
    mine = Delivery.objects.filter(channel=channel, event__rule=rule).exclude(message_id="")
    last = mine.filter(last_attempt_at__gt=now - GROUP_INTERVAL).order_by("last_attempt_at").first()
    if last is not None and last.last_attempt_at is not None:
        Delivery.objects.waiting().filter(pk__in=keys).update(
            not_before=last.last_attempt_at + GROUP_INTERVAL
        )
        return True
    hour = now - timedelta(hours=1)
    spoken = Delivery.objects.messages_since([channel.pk], hour).get(channel.pk, 0)
    of_rule = len(set(mine.filter(last_attempt_at__gte=hour).values_list("message_id", flat=True)))
    if spoken < channel.max_per_hour and of_rule < rule.max_per_hour:
        return False
    Delivery.objects.waiting().filter(pk__in=keys).update(
        state=Delivery.State.SUPPRESSED, last_error=OVER_CAP, last_attempt_at=now
    )
    return True


def _suppressed_since_last(channel: Channel) -> int:
    """How many were left out since the channel last spoke: the next message says so."""
    left_out = Delivery.objects.filter(channel=channel, state=Delivery.State.SUPPRESSED, last_error=OVER_CAP)
    return (
        left_out.filter(last_attempt_at__gte=channel.last_ok_at).count()
        if channel.last_ok_at
        else left_out.count()
    )


def settle(batch: Batch, outcome: Outcome, now: datetime) -> None:
    """Write down how an attempt went. A claim that ran out meanwhile belongs to another."""
    with transaction.atomic():
        rows = Delivery.objects.waiting().filter(claimed_by=batch.token)
        attempts = max(row.attempts for row in batch.rows) + 1
        values = {"attempts": attempts, "claimed_until": None, "claimed_by": ""}
        if outcome.is_ok:
            rows.update(**values, state=Delivery.State.SENT, sent_at=now, last_error="")
        elif outcome.status == GONE or attempts > len(SCHEDULE):
            rows.update(**values, state=Delivery.State.DEAD, last_error=_reason(outcome))
        else:
            pause = pause_after(attempts, outcome.retry_after, now)
            rows.update(**values, not_before=now + pause, last_error=_reason(outcome))
        note_health(batch.channel, outcome, now)


def pause_after(attempts: int, retry_after: str, now: datetime) -> timedelta:
    """How long to wait after so many attempts: the schedule's step, give or take a fifth, or what was asked for."""
    step = SCHEDULE[min(attempts, len(SCHEDULE)) - 1]
    pause = timedelta(seconds=step * random.uniform(1 - JITTER, 1 + JITTER))
    asked = asked_pause(retry_after, now)
    return max(pause, asked) if asked else pause


def asked_pause(header: str, now: datetime) -> timedelta | None:
    """What Retry-After says, in seconds or as a date; None for what is neither."""
    if header.isascii() and header.isdecimal() and len(header) < 8:
        return min(timedelta(seconds=int(header)), LONGEST_PAUSE)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    return min(max(at - now, timedelta()), LONGEST_PAUSE)


def note_health(channel: Channel, outcome: Outcome, now: datetime) -> None:
    """What the channel's page says of how it does. A receiver that is gone for good is not asked again."""
    mine = Channel.objects.filter(pk=channel.pk)
    if outcome.is_ok:
        mine.update(last_ok_at=now, consecutive_failures=0, last_error="")
        return
    failures = channel.consecutive_failures + 1
    mine.update(last_failed_at=now, last_error=_reason(outcome), consecutive_failures=failures)
    if outcome.status == GONE:
        mine.update(is_active=False, disabled_reason="The receiver answered 410: it is gone.")


def _reason(outcome: Outcome) -> str:
    said = f"HTTP {outcome.status}" if outcome.status else ""
    return f"{said} {outcome.detail}".strip()[:500]


def remind(now: datetime) -> int:
    """Say again what still holds, for rules that want it; returns how many rows were written."""
    written = 0
    for rule in AlertRule.objects.evaluated().filter(repeat_seconds__gt=0, channels__isnull=False).distinct():
        for instance in AlertInstance.objects.filter(rule=rule).firing():
            began = AlertEvent.objects.filter(instance=instance, is_backfilled=False).firings()
            event = began.order_by("-event_time", "-id").first()
            times = int((now - event.evaluated_at).total_seconds()) // rule.repeat_seconds if event else 0
            told = event and Delivery.objects.filter(event=event, sequence__gte=times).exists()
            if event and times and not told:
                written += enqueue(rule, [event], now, sequence=times)
    return written


def send_again(delivery: Delivery, now: datetime) -> None:
    """Try a row that was given up, or left out, once more from the beginning."""
    Delivery.objects.filter(
        pk=delivery.pk, state__in=(Delivery.State.DEAD, Delivery.State.SUPPRESSED)
    ).update(
        state=Delivery.State.WAITING,
        attempts=0,
        not_before=now,
        claimed_until=None,
        claimed_by="",
        last_error="",
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """How a test message went."""

    channel: Channel
    outcome: Outcome
    elapsed_ms: int


def try_channel(channel: Channel, now: datetime, name: str = "") -> Trial:
    """Send a marked sample, once."""
    began = monotonic()
    outcome = send(channel, sample_message(f"msg_{uuid4().hex}", name or channel.name), now)
    note_health(channel, outcome, now)
    return Trial(channel, outcome, int((monotonic() - began) * 1000))
