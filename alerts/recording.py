"""Writing changes of state down: each once, with its event, what the bell shows, and what is to be sent, together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q

from alerts.definition import Scope
from alerts.keys import event_key, group_key
from alerts.models import AlertEvent, AlertInstance, AlertRule, Channel, Delivery, Notification, Silence
from alerts.replay import Place, Transition
from alerts.states import ALARMED, Reason, Standing, State

# Older than this when it is noticed, a change is history.
STALE_AFTER = timedelta(hours=24)
# After a first message, what follows within this time goes into one more.
GROUP_INTERVAL = timedelta(minutes=5)


# What stands for the evaluation of a rule itself, beside its sessions and windows.
EVALUATION = "!evaluation"


@dataclass(frozen=True, slots=True)
class Told:
    """A transition with what people are told of it."""

    transition: Transition
    message: str
    evidence: dict[str, Any] = field(default_factory=dict)
    session_id: int | None = None


class Recorder:
    """Writes the changes of one rule that were noticed at one moment; callers hold the transaction."""

    def __init__(self, rule: AlertRule, now: datetime, *, is_first_import: bool = False) -> None:
        self._rule, self._now, self._is_first_import = rule, now, is_first_import
        self._events: list[AlertEvent] = []
        self._instances: dict[Place, AlertInstance] = {}

    def record(self, told: Sequence[Told], *, is_late: bool = False) -> list[AlertEvent]:
        """Events for the changes that are new; what was recorded before is not recorded again."""
        self._load(told)
        for each in told:
            event = self._event(each, is_late)
            if event is not None:
                self._events.append(event)
        written = self._write()
        self._events = []
        return written

    def _load(self, told: Sequence[Told]) -> None:
        places = {each.transition.place for each in told} - set(self._instances)
        if not places:
            return
        rows = AlertInstance.objects.filter(rule=self._rule, subject__in={place[1] for place in places})
        wanted = {(self._group_key(place), place[1], place[2]): place for place in places}
        for row in rows:
            place = wanted.get((row.group_key, row.subject, row.limit))
            if place:
                self._instances[place] = row
        sessions = {each.transition.place: each for each in told}
        missing = [self._instance(sessions[place]) for place in places if place not in self._instances]
        # Another process may have made one meanwhile: then that one is taken.
        AlertInstance.objects.bulk_create(missing, ignore_conflicts=True)
        if missing:
            self._load_made(wanted)

    def _load_made(self, wanted: dict[tuple[str, str, Any], Place]) -> None:
        for row in AlertInstance.objects.filter(rule=self._rule, subject__in={key[1] for key in wanted}):
            place = wanted.get((row.group_key, row.subject, row.limit))
            if place:
                self._instances[place] = row

    def _instance(self, told: Told) -> AlertInstance:
        change = told.transition
        group, subject, limit = change.place
        return AlertInstance(
            rule=self._rule,
            group=dict(zip(self._rule.group_by, group, strict=False)),
            group_key=self._group_key(change.place),
            subject=subject,
            limit=limit,
            session_id=told.session_id,
            severity=change.severity,
        )

    def _group_key(self, place: Place) -> str:
        return group_key(dict(zip(self._rule.group_by, place[0], strict=False)))

    def _event(self, told: Told, is_late: bool) -> AlertEvent | None:
        """The change as an event, when the instance still is what the change began from."""
        change, instance = told.transition, self._instances[told.transition.place]
        if not is_late and not self._move(instance, change):
            return None
        return AlertEvent(
            rule=self._rule,
            instance=instance,
            dedupe_key=self._key(instance, change),
            from_state=change.before,
            to_state=change.after,
            reason=change.reason,
            severity=change.severity,
            message=told.message,
            value=stored(change.value),
            threshold=stored(change.threshold),
            samples=change.samples,
            rule_version=self._rule.version,
            evidence=told.evidence,
            event_time=change.at,
            evaluated_at=self._now,
            is_late=is_late,
            is_backfilled=self._is_backfilled(change),
        )

    def _move(self, instance: AlertInstance, change: Transition) -> bool:
        """The conditional update: of two processes that saw the same change, one makes it."""
        values = {
            "state": change.after,
            "since": change.at,
            "value": stored(change.value),
            "samples": change.samples,
            "severity": change.severity,
            "evaluated_at": self._now,
        }
        moved = AlertInstance.objects.filter(pk=instance.pk, state=change.before, since=instance.since)
        if not moved.update(**values):
            return False
        for name, value in values.items():
            setattr(instance, name, value)
        return True

    def settle(self, standings: dict[Place, Standing]) -> None:
        """After late data: instances stand as the whole story says, whatever was recorded on the way."""
        for place, standing in standings.items():
            instance = self._instances.get(place)
            if instance is not None and (instance.state, instance.since) != (standing.state, standing.since):
                values = {"state": standing.state, "since": standing.since, "evaluated_at": self._now}
                AlertInstance.objects.filter(pk=instance.pk).update(**values)

    def _key(self, instance: AlertInstance, change: Transition) -> str:
        """A session fires once, whenever that is found to have been; anything else once per moment."""
        is_of_session = self._rule.scope == Scope.SESSION and change.place[1] != EVALUATION
        moment = "" if is_of_session else change.at.isoformat()
        meaning = self._rule.meaning_version
        return event_key(self._rule.pk, meaning, instance.pk, change.before, change.after, moment)

    def _is_backfilled(self, change: Transition) -> bool:
        grace = timedelta() if self._rule.scope == Scope.SESSION else GRACE
        before_rule = change.at < self._rule.effective_from - grace
        return self._is_first_import or before_rule or change.at < self._now - STALE_AFTER

    def _write(self) -> list[AlertEvent]:
        keys = [event.dedupe_key for event in self._events]
        known = set(AlertEvent.objects.filter(dedupe_key__in=keys).values_list("dedupe_key", flat=True))
        unique = {event.dedupe_key: event for event in self._events if event.dedupe_key not in known}
        events = list(unique.values())
        AlertEvent.objects.bulk_create(events, batch_size=500)
        notable = [event for event in events if is_notable(self._rule, event)]
        Notification.objects.bulk_create(
            [
                Notification(
                    event=event,
                    is_read=event.is_backfilled,
                    read_at=self._now if event.is_backfilled else None,
                )
                for event in notable
            ],
            batch_size=500,
        )
        enqueue(self._rule, [event for event in notable if not event.is_backfilled], self._now)
        return events


# A slot is judged at its end and named by its beginning, which may lie before the rule was made.
GRACE = timedelta(hours=1)


PLACES = Decimal("0.000001")


def stored(value: Decimal | None) -> Decimal | None:
    """A value as columns keep it: rounded here, half to even, since databases round differently."""
    return None if value is None else value.quantize(PLACES)


def is_notable(rule: AlertRule, event: AlertEvent) -> bool:
    """Whether somebody should see it: an alert began, ended where that is asked for, or has nothing to judge."""
    if event.to_state == State.FIRING:
        return event.from_state not in ALARMED
    if event.to_state in (State.NO_DATA, State.ERROR):
        return True
    ended = event.from_state in ALARMED and event.to_state == State.OK
    told = (Reason.RECOVERED, Reason.WINDOW_CLOSED, Reason.SESSION_ENDED)
    return ended and rule.notify_resolved and event.reason in told


def enqueue(rule: AlertRule, events: Iterable[AlertEvent], now: datetime, *, sequence: int = 0) -> int:
    """Write what is to be sent of these events, with them; returns how many rows."""
    events = list(events)
    channels = list(rule.channels.filter(is_active=True)) if events else []
    silences = list(active_silences(rule, now)) if channels else []
    rows = [
        _delivery(rule, event, channel, silences, now, sequence) for channel in channels for event in events
    ]
    Delivery.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    return len(rows)


def _delivery(
    rule: AlertRule,
    event: AlertEvent,
    channel: Channel,
    silences: list[Silence],
    now: datetime,
    sequence: int,
) -> Delivery:
    quiet = ""
    if rule.snoozed_until and rule.snoozed_until > now:
        quiet = "snoozed"
    elif any(matches(silence, event.instance) for silence in silences):
        quiet = "silenced"
    state = Delivery.State.SUPPRESSED if quiet else Delivery.State.WAITING
    return Delivery(
        event=event,
        channel=channel,
        sequence=sequence,
        state=state,
        created_at=now,
        not_before=now,
        last_error=quiet,
    )


def active_silences(rule: AlertRule, now: datetime) -> Any:
    """Silences in force that may be about a rule."""
    mine = Q(rule=rule) | Q(rule=None)
    project = Q(project=None) | Q(project_id=rule.project_id)
    return Silence.objects.filter(mine, project, starts_at__lte=now, ends_at__gt=now)


def matches(silence: Silence, instance: AlertInstance) -> bool:
    """Whether a silence is about an instance's group."""
    return all(instance.group.get(name) == value for name, value in silence.matchers.items())
