"""Who asks, and in which projects he may do what a request is for: said once for pages, API and files."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from sessions.scope import Projects, both
from telemetry_site.access.roles import EVERYTHING, NEED_OF_SCOPE, Need, Roles, need_of_page, roles_of
from telemetry_site.access.scopes import scope_needed
from telemetry_site.middleware import GetResponse


@dataclass
class Asker:
    """Whoever sent a request that needs `need`. Local mode has no accounts: everybody may do everything."""

    request: HttpRequest
    need: Need
    _token_owners: dict[int, Roles] = field(default_factory=dict)

    @cached_property
    def roles(self) -> Roles:
        """Those of the person who is logged in."""
        return roles_of(self.request.user) if settings.IS_TEAM else EVERYTHING

    def roles_with(self, token: Any) -> Roles:
        """Those that count: a token is worth no more than its owner is, and one of the site is worth itself."""
        if token is None:
            return self.roles
        if not settings.IS_TEAM or token.owner_id is None:
            return EVERYTHING
        if token.pk not in self._token_owners:
            self._token_owners[token.pk] = roles_of(token.owner)
        return self._token_owners[token.pk]

    def projects(self, token: Any = None) -> Projects:
        """The projects in which the request may do what it is for; None for every project."""
        limit: Projects = getattr(token, "project_ids", None)
        return both(limit, self.roles_with(token).projects(self.need))

    def may(self, need: Need, project_id: int | None = None) -> bool:
        """Whether the person may do something: in one project, or for None in any at all."""
        if project_id is None:
            return self.roles.suffice(need)
        projects = self.roles.projects(need)
        return projects is None or project_id in projects

    def may_reveal(self, project_id: int | None) -> bool:
        """Whether the person may see what is masked in a project; in none, as an administrator of the site."""
        return self.may(Need.SITE) if project_id is None else self.may(Need.ADMIN, project_id)

    @property
    def is_site_administrator(self) -> bool:
        return self.roles.is_site_administrator


class RoleGate:
    """Refuses pages to people whose role is too small everywhere; what is another project's is for the views."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> None:
        match = request.resolver_match
        route, name = (match.route, match.view_name) if match else ("", "")
        method = request.method or ""
        asker = Asker(request, _need(route, name, method))
        request.asker = asker  # type: ignore[attr-defined]
        is_page = not hasattr(view, "cls") and getattr(view, "login_required", True)
        is_ours = settings.IS_TEAM and is_page and match and "admin" not in match.app_names
        if is_ours and request.user.is_authenticated and not asker.roles.suffice(asker.need):
            raise PermissionDenied(refusal_of(asker.need))


def _need(route: str, name: str, method: str) -> Need:
    """What a request needs of a person. The API has one table for tokens and people."""
    is_api = route.startswith("api/") and name != "api-docs"
    if is_api or route == "metrics":
        return NEED_OF_SCOPE[scope_needed(route.removeprefix("api/"), method)]
    return need_of_page(name, method)


def refusal_of(need: Need) -> str:
    """A sentence for somebody whose roles do not suffice."""
    return {
        Need.ANYONE: "Log in first.",
        Need.VIEWER: "You are not a member of any project; ask an administrator to add you to one.",
        Need.MEMBER: "This needs the role member in one of your projects.",
        Need.ADMIN: "This needs the role admin in one of your projects.",
        Need.SITE: "This is for administrators of the whole site.",
    }[need]


def asker_of(request: HttpRequest) -> Asker:
    """Who sent a request; one that did not pass the gate needs what an undeclared page needs."""
    asker: Asker | None = getattr(request, "asker", None)
    return asker or Asker(request, Need.SITE)
