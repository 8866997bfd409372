"""Every route and method, as the URL configuration has them, asked by nine kinds of people and programs.

The answers are held against `who_may_what.txt`, where a change of rights shows as a change of a line. After a change
that is meant, `WRITE_WHO_MAY_WHAT=1 bin/test --sqlite telemetry_site/tests/test_who_may_what.py` writes it anew.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver

from alerts.models import Delivery, Notification
from sessions.models import Project
from sessions.tests import samples as s
from telemetry_site.access.tokens import create_token
from telemetry_site.models import SavedView
from telemetry_site.tests.asking import METHODS, routes
from telemetry_site.tests.people import logged_in, person
from telemetry_site.tests.team_server import team_server
from telemetry_site.tests.test_bound_tokens import Names, work

pytestmark = pytest.mark.django_db

TABLE = Path(__file__).parent / "who_may_what.txt"
PRINCIPALS = (
    *("local", "nobody", "viewer", "member", "admin"),
    *("metrics-token", "read-token", "write-token", "foreign-admin"),
)
FIXED = {"seq": "1", "number": "0", "way": "next", "kind": "prompt", "user_id": "0", "view_id": "0"}
FIXED |= {"token_id": "0", "code": "nothing"}
KEYS: dict[str, Any] = {"notification_id": Notification, "delivery_id": Delivery, "project_id": Project}
# What some routes must be told before they look for anything.
QUERIES = {"api/sessions/<str:session_id>/raw": "?seq=1"}
BODIES = {"api/sessions/<str:session_id>/links": {"featureId": "passkey-login-v1", "decision": "linked"}}
Ask = Callable[[str, str, Any], Any]


def all_routes() -> Iterator[tuple[str, tuple[str, ...]]]:
    """(route, methods) of everything that is served, but the admin, whose own rules hold there."""
    for route, pattern in routes(get_resolver()):
        view = getattr(pattern.callback, "cls", None)
        if route.startswith("admin/") or (route.endswith("/") and view is not None):
            continue
        methods = ("GET", "POST") if view is None else METHODS
        yield route, tuple(m for m in methods if view is None or hasattr(view, m.lower()))


def address(route: str, names: Names) -> str:
    def value(part: re.Match[str]) -> str:
        name = part.group(1)
        if name in FIXED:
            return FIXED[name]
        if name == "public_id":
            return names.session
        if name in KEYS:
            return str(KEYS[name].objects.order_by("pk")[0].pk)
        found = names.of_part(name)
        return next(each for each in found if each.isdecimal() or name not in ("feature_id", "task_id"))

    return "/" + re.sub(r"<\w+:(\w+)>", value, route) + QUERIES.get(route, "")


def outcome(answer: Any) -> str:
    """What an answer says of rights: everything that is not a refusal is the view's own business."""
    to_login = answer.status_code == 302 and "login" in answer.headers["Location"]
    if to_login:
        return "login"
    return {401: "401", 403: "403", 404: "404", 405: "-"}.get(answer.status_code, "yes")


def asked(client: Client, secret: str = "") -> Ask:
    sent = {"host": "localhost"} | ({"authorization": f"Bearer {secret}"} if secret else {})

    cookies = copy(client.cookies)

    def ask(method: str, place: str, body: Any) -> Any:
        # What a request changes is taken back, a log-in that ends included: each is asked of the same world.
        client.cookies = copy(cookies)
        with transaction.atomic():
            answer = client.generic(
                method, place, json.dumps(body), content_type="application/json", headers=sent
            )
            transaction.set_rollback(True)
        return answer

    return ask


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read and nothing is sent."""
    monkeypatch.setattr("telemetry_site.sync_api.ask_for_sync", lambda now: True)
    monkeypatch.setattr("telemetry_site.settings_views.ask_for_sync", lambda now: True)
    for view in ("channel_views", "channel_api"):
        monkeypatch.setattr(f"alerts.{view}.try_channel", _no_trial)


def _no_trial(*_: Any, **__: Any) -> Any:
    raise PermissionError("nothing is sent here")


def told(names: Names, principals: dict[str, Ask]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for route, methods in all_routes():
        place = address(route, names)
        body = BODIES.get(route, {})
        for method in methods:
            answers = [_outcome(ask, method, place, body) for ask in principals.values()]
            found[f"{method} /{route}"] = answers
    return found


def _outcome(ask: Ask, method: str, place: str, body: Any) -> str:
    try:
        return outcome(ask(method, place, body))
    except PermissionError:
        return "yes"  # it came as far as sending


def as_text(found: dict[str, list[str]]) -> str:
    """A line for each route that has the method, in columns."""
    rows = [["", *PRINCIPALS], *([key, *answers] for key, answers in sorted(found.items()))]
    rows = [row for row in rows if set(row[1:]) - {"-", "401", "403", "login"} or "yes" in row]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in rows
    )


@pytest.mark.usefixtures("quiet")
def test_every_route_answers_everybody_as_the_table_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = work(tmp_path, "engine", slug="passkey-login-v1", model=s.MODEL)
    project = Project.objects.get()
    other = Project.objects.create(key="/other", slug="other", name="other")
    SavedView.objects.create(name="v", created_at="2026-03-20T12:00Z")
    secrets = {
        f"{scope.partition(':')[0]}-token": create_token(scope, [scope], projects=[project])[1]
        for scope in ("metrics:read", "read", "write")
    }
    local = told(names, {"local": asked(Client())})
    with team_server(monkeypatch):
        clients = {role: logged_in(person(role, role, project)) for role in ("viewer", "member", "admin")}
        team: dict[str, Ask] = {"nobody": asked(Client())}
        team |= {name: asked(client) for name, client in clients.items()}
        nameless = Client()
        team |= {name: asked(nameless, secret) for name, secret in secrets.items()}
        team["foreign-admin"] = asked(logged_in(person("eve", "admin", other)))
        found = told(names, {name: team[name] for name in PRINCIPALS[1:]})
    text = as_text({key: [*local[key], *answers] for key, answers in found.items()})
    if os.environ.get("WRITE_WHO_MAY_WHAT"):
        TABLE.write_text(text, encoding="utf-8")
    assert text.splitlines() == TABLE.read_text(encoding="utf-8").splitlines()
