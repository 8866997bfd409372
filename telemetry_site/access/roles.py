"""What each page needs of a person, and in which projects somebody may do that.

A page or method that is not declared here is for administrators of the site: whoever adds one and forgets this table
opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from django.contrib.auth.models import User

from sessions.scope import Projects
from telemetry_site.access.scopes import Scope
from telemetry_site.models import Membership

Role = Membership.Role


class Need(IntEnum):
    """What somebody must be to ask for something; the greater includes the smaller."""

    ANYONE = 0  # whoever is logged in, without any role
    VIEWER = 1
    MEMBER = 2
    ADMIN = 3
    SITE = 4  # an administrator of every project


NEED_OF_ROLE: Final[Mapping[str, Need]] = {
    Role.VIEWER: Need.VIEWER,
    Role.MEMBER: Need.MEMBER,
    Role.ADMIN: Need.ADMIN,
}
# What the API needs of a token says what it needs of a person. A reading is of all transcripts of the server.
NEED_OF_SCOPE: Final[Mapping[str, Need]] = {
    Scope.METRICS_READ: Need.VIEWER,
    Scope.READ: Need.VIEWER,
    Scope.WRITE: Need.MEMBER,
    Scope.ADMIN: Need.ADMIN,
    Scope.INGEST: Need.SITE,
}

_READ_PAGES: Final = (
    *("dashboard", "activity", "explore", "compare", "correlation", "search", "go", "file-history"),
    *("feature-list", "flow", "velocity", "feature-costs", "feature-detail", "task-list", "task-detail"),
    *("document-list", "document-detail", "plan-settings"),
    *("session-list", "session-detail", "session-outline", "session-news", "session-inline", "session-jump"),
    *("session-timeline", "session-cost", "session-artifacts", "session-impact", "session-tokens"),
    *("session-tools", "session-files", "session-tree", "session-thread", "session-events", "session-line"),
    *("session-image", "session-html", "session-markdown", "session-served", "session-served-brief"),
    *("live-sessions", "data-quality", "secret-list", "sync-progress", "saved-views"),
    *("alert-list", "alert-detail", "notification-list", "notification-bell", "alerts-firing"),
    *("channel-list", "channel-detail", "silence-list", "token-list", "settings"),
)
_MEMBER_POSTS: Final = (
    *("session-decide", "alert-switch", "alert-snooze", "alert-draft", "alert-fields"),
    *("notification-read", "notification-read-all", "delivery-again", "silence-list", "silence-end"),
    *("saved-view-new", "saved-view-change", "saved-view-delete", "saved-view-restore"),
)
_MEMBER_PAGES: Final = ("alert-new", "alert-edit", "alert-delete")
_ADMIN_POSTS: Final = (
    *("channel-list", "channel-detail", "channel-test", "channel-delete"),
    *("token-create", "plan-checklists", "session-reveal"),
)

# Page by the name of its address -> method -> need.
NEEDED: Final[dict[str, dict[str, Need]]] = {
    **{name: {"GET": Need.VIEWER} for name in _READ_PAGES},
    "api-docs": {"GET": Need.ANYONE},
    # Before anybody is known, and one's own account.
    "open": {"GET": Need.ANYONE},
    "login": {"GET": Need.ANYONE, "POST": Need.ANYONE},
    "logout": {"POST": Need.ANYONE},
    "logout-everywhere": {"POST": Need.ANYONE},
    "password": {"GET": Need.ANYONE, "POST": Need.ANYONE},
    "session-columns": {"POST": Need.VIEWER},
    # Whoever holds a token may end it.
    "token-revoke": {"POST": Need.VIEWER},
    "people": {"GET": Need.ADMIN},
    "person-role": {"POST": Need.ADMIN},
    "person-new": {"POST": Need.SITE},
    "person-switch": {"POST": Need.SITE},
    "audit-log": {"GET": Need.ADMIN},
    "folder-check": {"GET": Need.SITE},
    "sync-now": {"POST": Need.SITE},
    "plan-folder-add": {"POST": Need.SITE},
}
for _name in (*_MEMBER_POSTS, *_MEMBER_PAGES):
    NEEDED.setdefault(_name, {})["POST"] = Need.MEMBER
for _name in _MEMBER_PAGES:
    NEEDED[_name]["GET"] = Need.MEMBER
for _name in _ADMIN_POSTS:
    NEEDED.setdefault(_name, {})["POST"] = Need.ADMIN


def need_of_page(name: str, method: str) -> Need:
    """What a method of a page needs of a person."""
    method = "GET" if method in ("HEAD", "OPTIONS") else method
    return NEEDED.get(name, {}).get(method, Need.SITE)


@dataclass(frozen=True, slots=True)
class Roles:
    """What somebody is: in every project, those to come included, and in single ones."""

    everywhere: Need = Need.ANYONE
    by_project: Mapping[int, Need] = field(default_factory=dict)

    def projects(self, need: Need) -> Projects:
        """The projects in which this is enough; None for every project. Nothing is read without a role."""
        need = max(need, Need.VIEWER)
        if need <= self.everywhere or (need is Need.SITE and self.is_site_administrator):
            return None
        return frozenset(key for key, role in self.by_project.items() if role >= need)

    def suffice(self, need: Need) -> bool:
        """Whether this is enough in one project at least."""
        return need is Need.ANYONE or self.projects(need) != frozenset()

    @property
    def is_site_administrator(self) -> bool:
        return self.everywhere >= Need.ADMIN


NOBODY: Final = Roles()
EVERYTHING: Final = Roles(Need.SITE)


def roles_of(user: Any) -> Roles:
    """The roles of an account; a superuser may do everything, one that is switched off nothing."""
    if not isinstance(user, User) or not user.is_active:
        return NOBODY
    if user.is_superuser:
        return EVERYTHING
    return roles_from(Membership.objects.filter(user=user).values_list("project_id", "role"))


def roles_from(rows: Iterable[tuple[int | None, str]]) -> Roles:
    """Of (project, role); None is every project."""
    needs = {project: NEED_OF_ROLE[role] for project, role in rows}
    everywhere = needs.pop(None, Need.ANYONE)
    return Roles(everywhere, {project: need for project, need in needs.items() if project is not None})
