"""Alerts in the admin: to look at, and to switch, snooze and try. What is history cannot be changed here either."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.http import HttpRequest
from django.utils import timezone

from alerts.channel_editing import change_channel
from alerts.delivery import Trial, send_again, try_channel
from alerts.editing import change_rule
from alerts.models import (
    AlertEvent,
    AlertInstance,
    AlertRule,
    AlertRuleRevision,
    Channel,
    Delivery,
    Silence,
)
from alerts.states import State
from alerts.wording import amount

DAY = timedelta(days=1)


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at: what is written here follows rules that the admin does not know."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class Operated(ReadOnly):
    """To look at, with actions for what may be done to it by who may change it."""

    def has_operate_permission(self, request: HttpRequest) -> bool:
        name = get_permission_codename("change", self.opts)
        return bool(request.user.has_perm(f"{self.opts.app_label}.{name}"))


class RevisionInline(admin.TabularInline):  # type: ignore[type-arg]
    model = AlertRuleRevision
    extra = 0
    can_delete = False
    fields = readonly_fields = ("version", "action", "changed_at", "changed_by", "content")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(AlertRule)
class AlertRuleAdmin(Operated):
    """Rules are written by page and API, which check the whole and keep a revision; so do the actions here."""

    list_display = (
        "name",
        "state",
        "project",
        "metric",
        "operator",
        "threshold",
        "scope",
        "last",
        "updated_at",
    )
    list_filter = (
        "is_active",
        "severity",
        "scope",
        "condition",
        "metric",
        ("deleted_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("project",)
    search_fields = ("name", "public_id")
    inlines = (RevisionInline,)
    actions = ("switch_on", "switch_off", "snooze_for_a_day", "wake", "send_samples")

    def get_queryset(self, request: HttpRequest) -> Any:
        return AlertRule.objects.with_firing()

    @admin.display(description="state", ordering="firing")
    def state(self, rule: Any) -> str:
        if rule.deleted_at:
            return "deleted"
        if not rule.is_active:
            return State.PAUSED
        if rule.error:
            return State.ERROR
        snoozed = ", snoozed" if rule.snoozed_until and rule.snoozed_until > timezone.now() else ""
        return f"firing for {rule.firing}{snoozed}" if rule.firing else f"{State.OK}{snoozed}"

    @admin.display(description="last value", ordering="last_value")
    def last(self, rule: AlertRule) -> str:
        return "" if rule.last_value is None else amount(rule.definition, rule.last_value)

    @admin.action(description="Switch the chosen rules on", permissions=("operate",))
    def switch_on(self, request: HttpRequest, chosen: Any) -> None:
        self._change(request, chosen, {"is_active": True})

    @admin.action(description="Switch the chosen rules off", permissions=("operate",))
    def switch_off(self, request: HttpRequest, chosen: Any) -> None:
        self._change(request, chosen, {"is_active": False})

    @admin.action(description="Snooze the chosen rules for a day", permissions=("operate",))
    def snooze_for_a_day(self, request: HttpRequest, chosen: Any) -> None:
        self._change(request, chosen, {"snoozed_until": timezone.now() + DAY})

    @admin.action(description="Wake the chosen rules", permissions=("operate",))
    def wake(self, request: HttpRequest, chosen: Any) -> None:
        self._change(request, chosen, {"snoozed_until": None})

    @admin.action(description="Send a sample on the channels of the chosen rules", permissions=("operate",))
    def send_samples(self, request: HttpRequest, chosen: Any) -> None:
        now = timezone.now()
        for rule in chosen.filter(deleted_at=None):
            for channel in rule.channels.filter(is_active=True):
                say_trial(self, request, try_channel(channel, now, rule.name))

    def _change(self, request: HttpRequest, chosen: Any, values: dict[str, Any]) -> None:
        by, now = str(request.user), timezone.now()
        present = list(chosen.filter(deleted_at=None))
        for rule in present:
            change_rule(rule, values, None, now=now, by=by)
        self.message_user(request, f"{len(present)} rules stand as you asked.")


@admin.register(AlertInstance)
class AlertInstanceAdmin(ReadOnly):
    """How each group of each rule stands."""

    list_display = ("rule", "group", "subject", "limit", "state", "since", "value", "severity")
    list_filter = ("state", "severity", "rule")
    list_select_related = ("rule",)
    search_fields = ("subject", "rule__name")


@admin.register(AlertEvent)
class AlertEventAdmin(ReadOnly):
    list_display = ("event_time", "rule", "from_state", "to_state", "reason", "value", "is_backfilled")
    list_filter = ("to_state", "reason", "severity", "is_backfilled", "is_late", "rule")
    search_fields = ("message",)
    list_select_related = ("rule",)
    date_hierarchy = "event_time"


@admin.register(Channel)
class ChannelAdmin(Operated):
    """Secrets and addresses with tokens in them are shown to nobody."""

    list_display = (
        "name",
        "kind",
        "project",
        "is_active",
        "last_ok_at",
        "consecutive_failures",
        "last_error",
    )
    list_filter = ("kind", "is_active")
    list_select_related = ("project",)
    search_fields = ("name",)
    exclude = ("secret", "previous_secret", "target")
    actions = ("switch_on", "switch_off", "send_samples")

    @admin.action(description="Switch the chosen channels on", permissions=("operate",))
    def switch_on(self, request: HttpRequest, chosen: Any) -> None:
        self._change(request, chosen, is_active=True)

    @admin.action(description="Switch the chosen channels off", permissions=("operate",))
    def switch_off(self, request: HttpRequest, chosen: Any) -> None:
        self._change(request, chosen, is_active=False)

    @admin.action(description="Send a sample on the chosen channels", permissions=("operate",))
    def send_samples(self, request: HttpRequest, chosen: Any) -> None:
        for channel in chosen:
            say_trial(self, request, try_channel(channel, timezone.now()))

    def _change(self, request: HttpRequest, chosen: Any, *, is_active: bool) -> None:
        for channel in chosen:
            change_channel(channel, {"is_active": is_active})
        self.message_user(request, f"{len(chosen)} channels stand as you asked.")


def say_trial(page: Operated, request: HttpRequest, trial: Trial) -> None:
    """How a sample went, as a notice."""
    outcome = trial.outcome
    status = f"HTTP {outcome.status}" if outcome.status else outcome.detail
    word = "took the sample" if outcome.is_ok else "did not take the sample"
    level = messages.SUCCESS if outcome.is_ok else messages.ERROR
    page.message_user(request, f"{trial.channel.name} {word}. {status}".strip(), level)


@admin.register(Delivery)
class DeliveryAdmin(Operated):
    list_display = ("created_at", "channel", "event", "state", "attempts", "last_error", "sent_at")
    list_filter = ("state", "channel")
    list_select_related = ("channel", "event")
    actions = ("send_again",)

    @admin.action(description="Send the chosen deliveries again", permissions=("operate",))
    def send_again(self, request: HttpRequest, chosen: Any) -> None:
        for delivery in chosen:
            send_again(delivery, timezone.now())


@admin.register(Silence)
class SilenceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("__str__", "project", "rule", "starts_at", "ends_at", "comment")
