"""Questions about rules, instances, events, notifications and deliveries themselves."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NoReturn

from django.db import models
from django.db.models import Case, Count, Max, Q, Value, When

from sessions.scope import Projects, in_projects


def of_projects(silences: Any, projects: Projects) -> Any:
    """Silences about projects or about rules of theirs."""
    return silences.filter(in_projects(projects) | in_projects(projects, "rule__project"))


class AlertRuleQuerySet(models.QuerySet[Any]):
    def present(self) -> Any:
        """Without deleted ones."""
        return self.filter(deleted_at=None)

    def evaluated(self) -> Any:
        """Those that are looked at: present and not switched off."""
        return self.present().filter(is_active=True)

    def seen_from(self, projects: Projects) -> Any:
        """The rules of projects, and those over all projects."""
        return self if projects is None else self.filter(in_projects(projects) | Q(project=None))

    def readable(self, projects: Projects) -> Any:
        """The rules of projects alone: one over all projects tells of those that may not be read."""
        return self.filter(in_projects(projects))

    def with_firing(self) -> Any:
        """Each with `firing`: the groups for which it fires now."""
        holds = Q(instances__state__in=("firing", "recovering"))
        return self.annotate(firing=Count("instances", filter=holds))

    def standing(self) -> dict[str, Any]:
        """What tells one state of the rules from another."""
        return self.aggregate(rules=Count("id"), last=Max("updated_at"), judged=Max("last_evaluated_at"))


# States from which "firing" is news; from recovering it is the same alert going on.
FRESH = ("ok", "pending", "no_data", "error", "paused")


class AlertInstanceQuerySet(models.QuerySet[Any]):
    def readable(self, projects: Projects) -> Any:
        """Those of the rules of projects alone: one over all projects tells of those that may not be read."""
        return self.filter(in_projects(projects, "rule__project"))

    def firing(self) -> Any:
        """Those that hold now; one that is recovering is not over yet."""
        return self.filter(state__in=("firing", "recovering"))

    def unsettled(self) -> Any:
        """Those that are anything but well."""
        return self.exclude(state="ok")

    def gravest_first(self) -> Any:
        """By severity, and of one severity the latest first."""
        gravity = Case(
            When(severity="critical", then=Value(0)), When(severity="warning", then=Value(1)), default=2
        )
        return self.order_by(gravity, "-since", "-id")

    def counts_by_rule(self) -> dict[int, int]:
        """{rule: instances}, of rules that have any."""
        return dict(self.order_by().values_list("rule_id").annotate(n=Count("id")))

    def counts_by_state(self) -> list[tuple[str, str, int]]:
        """(severity, state, instances) of the rules that are there."""
        present = self.filter(rule__deleted_at=None).order_by()
        counted = present.values_list("severity", "state").annotate(n=Count("id"))
        return sorted((severity, state, n) for severity, state, n in counted)


class ChannelQuerySet(models.QuerySet[Any]):
    def seen_from(self, projects: Projects) -> Any:
        """Those that rules of projects may use: their own, and those that serve every project."""
        return self if projects is None else self.filter(in_projects(projects) | Q(project=None))


class AlertEventQuerySet(models.QuerySet[Any]):
    """Events are history: they are read and added."""

    def update(self, **more: Any) -> NoReturn:
        raise TypeError("Alert events are history and cannot be changed.")

    def firings(self) -> Any:
        """Events that began an alert."""
        return self.filter(to_state="firing", from_state__in=FRESH)

    def counts_by_rule(self) -> dict[int, int]:
        """{rule: events}, of rules that have any."""
        return dict(self.order_by().values_list("rule_id").annotate(n=Count("id")))


class NotificationQuerySet(models.QuerySet[Any]):
    def unread(self) -> Any:
        return self.filter(is_read=False)

    def seen_from(self, projects: Projects) -> Any:
        """What rules of projects said, and those over all projects."""
        if projects is None:
            return self
        return self.filter(in_projects(projects, "event__rule__project") | Q(event__rule__project=None))

    def readable(self, projects: Projects) -> Any:
        """What rules of projects said; one over all projects tells of those that may not be read."""
        return self.filter(in_projects(projects, "event__rule__project"))


class DeliveryQuerySet(models.QuerySet[Any]):
    def waiting(self) -> Any:
        return self.filter(state="waiting")

    def readable(self, projects: Projects) -> Any:
        """Of what rules of projects said."""
        return self.filter(in_projects(projects, "event__rule__project"))

    def due(self, now: datetime) -> Any:
        """Rows that may be sent now and that nobody is sending."""
        free = Q(claimed_until=None) | Q(claimed_until__lte=now)
        return self.waiting().filter(free, not_before__lte=now)

    def messages_since(self, channel_ids: Iterable[int], since: datetime) -> dict[int, int]:
        """{channel: messages that were sent or tried since}."""
        tried = self.filter(channel_id__in=channel_ids, last_attempt_at__gte=since).exclude(message_id="")
        return dict(tried.order_by().values_list("channel_id").annotate(n=Count("message_id", distinct=True)))

    def counts_by_state(self) -> list[tuple[str, str, int]]:
        """(channel kind, state, deliveries)."""
        counted = self.order_by().values_list("channel__kind", "state").annotate(n=Count("id"))
        return sorted((kind, state, n) for kind, state, n in counted)
