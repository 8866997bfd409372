"""What fires now, as a terminal, a prompt or a hook asks."""

from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Q

from alerts.definition import Scope
from alerts.models import AlertEvent, AlertInstance
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
    instances = list(found.select_related("rule").order_by("-since", "-id"))
    messages = _messages(instances)
    ranks = {"critical": 0, "warning": 1, "info": 2}
    told = [_firing(each, messages.get(each.pk, "")) for each in instances]
    return sorted(told, key=lambda each: ranks[each.severity])


def _messages(instances: list[AlertInstance]) -> dict[int, str]:
    """{instance: what its last firing said}."""
    events = AlertEvent.objects.filter(instance__in=[each.pk for each in instances]).firings()
    return dict(events.order_by("event_time", "id").values_list("instance_id", "message"))


def _firing(instance: AlertInstance, message: str) -> Firing:
    return Firing(
        rule=instance.rule.public_id,
        name=instance.rule.name,
        severity=instance.severity,
        message=message or instance.rule.name,
        subject=instance.subject,
        since=iso(instance.since),
    )
