"""What was recorded last: of each instance one event, however many there were before it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery

from alerts.models import AlertEvent, AlertInstance
from sessions.bulk import in_chunks


def last_firings(instance_ids: Iterable[int]) -> dict[int, AlertEvent]:
    """{instance: the event that last began an alert}, of those that ever had one."""
    found: dict[int, AlertEvent] = {}
    for chunk in in_chunks(sorted(instance_ids)):
        found |= _last(AlertInstance.objects.filter(pk__in=chunk), AlertEvent.objects.firings())
    return found


def last_states(rule_id: int, since: datetime, before: datetime) -> list[AlertEvent]:
    """The last event of each instance of a rule before a moment, of those since the rule means what it does."""
    events = AlertEvent.objects.filter(event_time__lt=before, evaluated_at__gte=since)
    return list(_last(AlertInstance.objects.filter(rule_id=rule_id), events).values())


def _last(instances: Any, events: Any) -> dict[int, AlertEvent]:
    mine = events.filter(instance=OuterRef("pk")).order_by("-event_time", "-id")
    keys = instances.order_by().annotate(last=Subquery(mine.values("pk")[:1])).filter(last__isnull=False)
    found = AlertEvent.objects.filter(pk__in=keys.values("last")).select_related("instance")
    return {event.instance_id: event for event in found}
