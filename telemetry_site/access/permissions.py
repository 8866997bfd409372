"""What an asker may do: a person what his roles say, a token what its scopes say and its owner may."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from telemetry_site.access.asking import asker_of, refusal_of
from telemetry_site.access.authentication import CHALLENGE
from telemetry_site.access.scopes import grants, scope_needed
from telemetry_site.models import ApiToken


class ScopeMissing(PermissionDenied):
    """The token is valid and was not made for this."""

    def __init__(self, needed: str) -> None:
        super().__init__(f"This needs a token with the scope {needed}.")
        # DRF writes it into WWW-Authenticate, as RFC 6750 wants it.
        self.auth_header = f'{CHALLENGE}, error="insufficient_scope", scope="{needed}"'


class MayAsk(BasePermission):
    """In local mode everyone on this machine may ask; in team mode people who are logged in, and tokens."""

    def has_permission(self, request: Request, view: Any) -> bool:
        token = request.auth
        if isinstance(token, ApiToken):
            if (needed := missing_scope(token, request._request)) is not None:
                raise ScopeMissing(needed)
        elif settings.IS_TEAM and not request.user.is_authenticated:
            return False
        asker = asker_of(request._request)
        if not asker.roles_with(token).suffice(asker.need):
            raise PermissionDenied(refusal_of(asker.need))
        return True


def missing_scope(token: ApiToken, request: HttpRequest) -> str | None:
    """The scope a token lacks for a request; None when it has it."""
    match = request.resolver_match
    needed = scope_needed(match.route.removeprefix("api/") if match else "", request.method or "")
    return None if grants(token.scopes, needed) else needed
