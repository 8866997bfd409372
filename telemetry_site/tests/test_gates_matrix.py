"""The gates in front of every route that the URL configuration has, so that a new one cannot stand beside them.

Which names are served, and which combinations of content, Origin and Sec-Fetch-Site may change something, in local
and in team mode. A middleware behind all others answers in the place of views: what it answers, the gates let through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import get_resolver

from sessions.models import Project
from telemetry_site.access.roles import NEEDED
from telemetry_site.tests.asking import METHODS, ask, routes
from telemetry_site.tests.people import person
from telemetry_site.tests.team_server import team_server

pytestmark = pytest.mark.django_db

SERVED = ("localhost", "localhost:8765", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:65535", "LOCALHOST")
REFUSED_HOSTS = (
    *(
        "evil.example",
        "localhost.evil.example",
        "127.evil.example",
        "127.0.0.1.evil.example",
        "evil.localhost",
    ),
    *("localhost.", "localhost.:80", "localhost:", "localhost:0", "localhost:65536", "localhost:80:80"),
    *("user@localhost", "localhost@evil.example", "127.1", "0.0.0.0", "[::]", "::1", "[::1", "2130706433"),
    *("0x7f000001", "localhost,evil.example", "localhost evil.example", "*", "", "ⅼocalhost"),
)
UNSAFE = [method for method in METHODS if method != "GET"]
TYPES = (
    *("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"),
    "application/json",
)
SAME = "http://localhost"
ORIGINS = (None, SAME, "https://evil.example", "null")
FETCH_SITES = (None, "none", "same-origin", "same-site", "cross-site")
ALLOWED = {(origin, site) for origin in (None, SAME) for site in (None, "none", "same-origin")}
REACHED = 299
# It reads no body, whatever is sent; that it comes from here is seen to by the gates.
WITHOUT_BODY = {"/api/analytics/notifications/read-all", "/api/analytics/notifications/read-all/"}


class Probe:
    """Answers in the place of each view: whoever comes here passed every gate."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse:
        return HttpResponse(status=REACHED)


def every_route() -> Iterator[tuple[str, list[str]]]:
    """(address, methods by which it changes something) of every route, those of the admin included."""
    for route, pattern in routes(get_resolver()):
        view = getattr(pattern.callback, "cls", None)
        if view is not None:
            methods = [method for method in UNSAFE if hasattr(view, method.lower())]
        else:
            methods = [method for method in NEEDED.get(str(pattern.name), {"POST": 0}) if method != "GET"]
        yield "/" + re.sub(r"<(\w+:)?\w+>|\(\?P[^)]*\)|[\^$]", "1", route), methods


@pytest.fixture(params=["local", "team"])
def mode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Either mode, with the probe behind everything."""
    if request.param == "team":
        with team_server(monkeypatch), _probed():
            yield "team"
    else:
        with _probed():
            yield "local"


def _probed() -> Any:
    return override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, f"{__name__}.Probe"])


def test_every_route_is_served_by_its_own_names_alone(mode: str) -> None:
    client = Client()
    assert len(REFUSED_HOSTS) == 25
    addresses = [address for address, _ in every_route()]
    for host, address in product(
        REFUSED_HOSTS, [*addresses, "/nowhere", f"{settings.STATIC_URL}css/base.css"]
    ):
        assert client.get(address, headers={"host": host}).status_code == 400, (mode, host, address)
    for host in SERVED:
        assert client.get("/api/health", headers={"host": host}).status_code == REACHED, (mode, host)


def test_only_what_comes_from_here_changes_anything_on_any_route(mode: str) -> None:
    client = Client(enforce_csrf_checks=True)
    if mode == "team":
        project = Project.objects.create(key="/a", slug="a", name="a")
        client.force_login(
            person("root", "admin", project, everywhere=True),
            backend="telemetry_site.access.logins.PatientBackend",
        )
    word = "a" * 32
    client.cookies[settings.CSRF_COOKIE_NAME] = word
    wrong = []
    for address, methods in every_route():
        for method, kind, origin, site in product(methods, TYPES, ORIGINS, FETCH_SITES):
            sent = {"host": "localhost", "x-csrftoken": word, "origin": origin, "sec-fetch-site": site}
            headers = {name: value for name, value in sent.items() if value is not None}
            status = client.generic(method, address, "", content_type=kind, headers=headers).status_code
            if (status == REACHED) != ((origin, site) in ALLOWED) or status not in (REACHED, 403):
                wrong.append((method, address, kind, origin, site, status))
    assert wrong == []


def test_no_page_changes_anything_without_the_word_against_forgery(mode: str) -> None:
    client = Client(enforce_csrf_checks=True)
    for address, methods in every_route():
        if address.startswith(("/api/", "/metrics")):
            continue
        for method in methods:
            status = client.generic(method, address, headers={"host": "localhost"}).status_code
            assert status == 403 or (mode == "team" and status == 302), (mode, method, address, status)


def test_no_route_of_the_api_reads_what_a_form_can_send() -> None:
    for address, methods in every_route():
        if not address.startswith("/api/"):
            continue
        for method, kind in product(methods, TYPES[:3]):
            if address in WITHOUT_BODY:
                continue
            headers = {"content-type": kind}
            answer = ask(address, "", method, headers=headers, body={"a": 1})
            assert answer.status_code in (404, 415, 400), (method, address, kind, answer.status_code)
