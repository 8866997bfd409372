"""Tokens in the admin: to look at, rename and end. They are made where they can be shown once."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from telemetry_site.access.tokens import revoke
from telemetry_site.models import ApiToken

if TYPE_CHECKING:
    TokenModelAdmin = admin.ModelAdmin[ApiToken]
else:
    TokenModelAdmin = admin.ModelAdmin


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
