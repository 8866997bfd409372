"""Tokens and roles in the admin. Tokens are looked at, renamed and ended there; roles are looked at alone."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from telemetry_site.access.tokens import revoke
from telemetry_site.models import ApiToken, Membership

if TYPE_CHECKING:
    TokenModelAdmin = admin.ModelAdmin[ApiToken]
    MembershipModelAdmin = admin.ModelAdmin[Membership]
else:
    TokenModelAdmin = MembershipModelAdmin = admin.ModelAdmin


@admin.register(Membership)
class MembershipAdmin(MembershipModelAdmin):
    """Roles, to look at: they are given and taken on the page *People*, which knows who may and records it."""

    list_display = ("user", "role", "project")
    list_filter = ("role",)
    search_fields = ("user__username", "project__name")
    list_select_related = ("user", "project")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(TokenModelAdmin):
    list_display = ("name", "beginning", "scopes", "owner", "expires_at", "revoked_at", "last_used_at")
    list_filter = ("revoked_at", "expires_at")
    search_fields = ("name", "beginning")
    fields = (
        *("name", "beginning", "scopes", "owner", "every_project", "projects"),
        *("created_at", "expires_at", "revoked_at", "last_used_at"),
    )
    readonly_fields = tuple(field for field in fields if field != "name")
    actions = ("revoke_chosen",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description="Revoke the chosen tokens", permissions=("change",))
    def revoke_chosen(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            revoke(token, timezone.now())
