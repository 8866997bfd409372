from django.contrib import admin
from django.http import HttpRequest

from alerts.models import AlertEvent, AlertRule, AlertRuleRevision, Channel, Delivery, Silence


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """To look at: what is written here follows rules that the admin does not know."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class RevisionInline(admin.TabularInline):  # type: ignore[type-arg]
    model = AlertRuleRevision
    extra = 0
    can_delete = False
    fields = readonly_fields = ("version", "action", "changed_at", "changed_by", "content")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(AlertRule)
class AlertRuleAdmin(ReadOnly):
    """Rules are changed by page and API, which check the whole and keep a revision."""

    list_display = ("name", "project", "metric", "operator", "threshold", "scope", "is_active", "updated_at")
    list_filter = ("is_active", "scope", "metric", "severity")
    search_fields = ("name", "public_id")
    inlines = (RevisionInline,)


@admin.register(AlertEvent)
class AlertEventAdmin(ReadOnly):
    list_display = ("event_time", "rule", "from_state", "to_state", "reason", "value", "is_backfilled")
    list_filter = ("to_state", "reason", "severity", "is_backfilled")
    search_fields = ("message",)
    list_select_related = ("rule",)
    date_hierarchy = "event_time"


@admin.register(Channel)
class ChannelAdmin(ReadOnly):
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
    search_fields = ("name",)
    exclude = ("secret", "previous_secret", "target")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ("created_at", "channel", "event", "state", "attempts", "last_error", "sent_at")
    list_filter = ("state", "channel")
    list_select_related = ("channel", "event")


@admin.register(Silence)
class SilenceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("__str__", "project", "rule", "starts_at", "ends_at", "comment")
