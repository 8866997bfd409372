"""What fires now, as a terminal, a prompt or a hook asks."""

from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Q

from alerts.definition import Scope
from alerts.models import AlertEvent, AlertInstance
from alerts.querysets.history import last_firings
from sessions.api_fields import iso


@dataclass(frozen=True, slots=True)
class Firing:
    """One group of a rule that fires."""

    rule: str
    name: str
    severity: str
    message: str
    subject: str
    since: str | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def firing_now(*, rule_id: str | None = None, session_id: str | None = None) -> list[Firing]:
    """What fires, the gravest first; of a session: its own alerts and those about stretches of time."""
    found = AlertInstance.objects.firing().filter(rule__deleted_at=None, rule__is_active=True)
    if rule_id:
        found = found.filter(rule__public_id=rule_id)
    if session_id:
        found = found.filter(~Q(rule__scope=Scope.SESSION) | Q(subject=session_id))
    instances = list(found.select_related("rule").gravest_first())
    last = last_firings(each.pk for each in instances)
    return [_firing(each, last.get(each.pk)) for each in instances]


def _firing(instance: AlertInstance, event: AlertEvent | None) -> Firing:
    return Firing(
        rule=instance.rule.public_id,
        name=instance.rule.name,
        severity=instance.severity,
        message=event.message if event else instance.rule.name,
        subject=instance.subject,
        since=iso(instance.since),
    )
