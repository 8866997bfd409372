"""Every page there is, as the URL configuration has it: a new one cannot stay out of the walks by being forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from alerts.models import AlertRule, Channel, Delivery, Notification, Silence
from sessions.models import AgentSession, Project
from tasks.models import Document, ProjectTask
from telemetry_site.models import ApiToken, SavedView
from telemetry_site.tests.asking import routes


def first(model: type[Model], attribute: str = "pk") -> Callable[[], Any]:
    """How to name the first row of a model."""
    return lambda: getattr(model._default_manager.order_by("pk")[:1].get(), attribute)


def busiest_session() -> str:
    """The session with the most lines, which has the most to show."""
    found: AgentSession = AgentSession.objects.order_by("-entry_count", "pk")[:1].get()
    return found.public_id


def busiest_feature() -> int:
    """The feature with the most tasks."""
    named = ProjectTask.objects.filter(feature__isnull=False).order_by("pk").values_list("feature", flat=True)
    return int(Counter(named).most_common(1)[0][0])


def of_busiest_feature(model: type[Model]) -> Callable[[], Any]:
    """The first row of a model that belongs to it."""
    return lambda: model._default_manager.filter(feature=busiest_feature()).order_by("pk")[:1].get().pk


# A value for every argument of a route. A new argument needs a line here, or the walks fail with its name.
ARGUMENTS: dict[str, Callable[[], Any]] = {
    "public_id": busiest_session,
    "seq": lambda: 1,
    "number": lambda: 0,
    "way": lambda: "next",
    "kind": lambda: "prompt",
    "feature_id": busiest_feature,
    "task_id": of_busiest_feature(ProjectTask),
    "document_id": of_busiest_feature(Document),
    "project_id": first(Project),
    "alert_id": first(AlertRule, "public_id"),
    "channel_id": first(Channel, "public_id"),
    "delivery_id": first(Delivery),
    "silence_id": first(Silence),
    "notification_id": first(Notification),
    "view_id": first(SavedView),
    "token_id": first(ApiToken),
    "user_id": first(User),
    "code": lambda: "used",
}

# Not on every line there is one.
FILES = {"session-image"}


@dataclass(frozen=True)
class Place:
    """Where a browser can go. A region is a part of a page, which a page asks for."""

    name: str
    address: str
    is_region: bool


def named_routes() -> Iterator[URLPattern]:
    """Every route of ours but those of the API; the admin has `admin_pages`."""
    for route, pattern in routes(get_resolver()):
        if pattern.name and not route.startswith("admin/") and not hasattr(pattern.callback, "cls"):
            yield pattern


def address_of(pattern: URLPattern) -> str:
    values = {argument: ARGUMENTS[argument]() for argument in pattern.pattern.converters}
    return reverse(str(pattern.name), kwargs=values)


def every_place() -> list[Place]:
    """Every page and region of a filled database, each once: what answers a GET with HTML, if by leading there. Forms
    that only take a POST and files are neither; anything else fails at once.
    """
    client = Client(headers={"host": "localhost"})
    found: dict[str, Place] = {}
    for pattern in named_routes():
        if place := _looked_at(client, pattern):
            found.setdefault(place.address, place)
    return list(found.values())


def _looked_at(client: Client, pattern: URLPattern) -> Place | None:
    address = address_of(pattern)
    response = client.get(address, follow=True)
    is_file = response.headers.get("Content-Disposition", "").startswith("attachment")
    if response.status_code == 405 or is_file or pattern.name in FILES:
        return None
    assert response.status_code == 200, (address, response.status_code)
    led_to = response.request["PATH_INFO"]
    # Whoever is logged in is not sent there.
    arrived = address if led_to == reverse("login") else led_to
    return Place(str(pattern.name), arrived, is_region=b"<html" not in response.content)


def admin_pages() -> list[str]:
    """The lists of the admin, and a row of each."""
    found = [reverse("admin:index")]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found.append(reverse(f"{name}_changelist"))
        if row := model._default_manager.first():
            found.append(reverse(f"{name}_change", args=[row.pk]))
    return found
