"""The gates in front of every view, and the headers behind them."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from telemetry_site.middleware import is_allowed_host

HOST = {"host": "localhost:8765"}


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


@api_view(["GET", "POST"])
def endpoint(request: Request) -> Response:
    return Response({"ok": request.data is not None})


urlpatterns = [path("", page), path("api/thing", endpoint)]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def here() -> Client:
    return Client(headers=HOST)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8765", "127.0.0.1:9000", "[::1]:8765", "LOCALHOST:80"]
)
def test_loopback_hosts_are_served(host: str) -> None:
    assert Client().get("/", headers={"host": host}).status_code == 200


FOREIGN_HOSTS = [
    "ledger.evil.example:8765",
    "127.evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "localhost.",
    "localhost.:8765",
    "localhost:",
    "localhost:99999",
    "localhost:80:80",
    "user@localhost",
    "127.1",
    "0.0.0.0",
    "::1",
    "",
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_every_other_host_is_refused(host: str) -> None:
    response = Client().get("/", headers={"host": host})
    assert response.status_code == 400
    assert "TELEMETRY_ALLOWED_HOSTS" in response.text


@pytest.mark.parametrize("address", ["/", "/api/thing", "/nowhere", f"{settings.STATIC_URL}css/base.css"])
def test_the_host_gate_stands_before_every_path(address: str) -> None:
    assert Client().get(address, headers={"host": "evil.example"}).status_code == 400


def test_a_refused_host_is_an_api_error_below_api() -> None:
    response = Client().get("/api/thing", headers={"host": "evil.example"})
    assert response.json()["errors"] == {}
    assert "evil.example" in response.json()["detail"]


def test_a_wildcard_in_the_settings_opens_nothing() -> None:
    assert not is_allowed_host("a.example", ["*", ".example"])


@pytest.mark.parametrize("address", ["/", "/api/thing"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"origin": "https://localhost:8765"},
        {"origin": "http://127.0.0.1:8765"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://localhost:8765", "sec-fetch-site": "cross-site"},
        {"origin": ""},
    ],
)
def test_changes_asked_for_by_another_site_are_refused(
    here: Client, address: str, headers: dict[str, str]
) -> None:
    for method in (here.post, here.put, here.patch, here.delete):
        assert method(address, headers=HOST | headers).status_code == 403


@pytest.mark.django_db  # what was asked for is recorded
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://localhost:8765"},
        {"origin": "http://localhost:8765", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
def test_changes_from_here_or_from_a_program_pass(here: Client, headers: dict[str, str]) -> None:
    assert here.post("/api/thing", {}, "application/json", headers=HOST | headers).status_code == 200


def test_reading_from_a_link_on_another_site_passes(here: Client) -> None:
    assert here.get("/", headers=HOST | {"sec-fetch-site": "cross-site"}).status_code == 200


def test_forms_of_other_sites_cannot_speak_to_the_api(here: Client) -> None:
    """Only JSON is read: a cross-site form can send text, urlencoded or multipart bodies without a preflight."""
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert here.post("/api/thing", '{"a": 1}', kind).status_code == 415


POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}


@pytest.mark.parametrize("address", ["/", "/api/thing", f"{settings.STATIC_URL}css/base.css"])
def test_every_answer_carries_the_security_headers(here: Client, address: str) -> None:
    response = here.get(address)
    assert response.status_code == 200
    policy = dict(
        part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";")
    )
    assert policy == POLICY
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("address", ["/", "/api/thing", "/sessions/a%00b"])
@pytest.mark.parametrize(
    "headers", [HOST | {"origin": "null"}, {"host": "evil.example"}, HOST | {"content-encoding": "gzip"}]
)
def test_refusals_carry_the_headers_too(here: Client, address: str, headers: dict[str, str]) -> None:
    response = here.post(address, headers=headers)
    assert 400 <= response.status_code < 500
    for name in ("Cross-Origin-Resource-Policy", "Cross-Origin-Opener-Policy", "Referrer-Policy"):
        assert response.headers[name] == "same-origin"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


def test_pages_vary_by_htmx_and_other_answers_do_not(here: Client) -> None:
    assert "HX-Request" in here.get("/").headers["Vary"]
    assert "HX-Request" not in here.get("/api/thing").headers.get("Vary", "")


def test_static_files_are_kept_for_ever_under_an_address_with_their_version(here: Client) -> None:
    response = here.get(f"{settings.STATIC_URL}css/base.css")
    assert "immutable" in response.headers["Cache-Control"]
    assert len(settings.STATIC_URL.strip("/").split("/")) == 2


def test_another_site_never_gets_cors_headers(here: Client) -> None:
    response = here.get("/api/thing", headers=HOST | {"origin": "https://evil.example"})
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("address", ["/api/sessions/%00", "/sessions/a%00b", "/api/documents/1%00/"])
def test_nothing_is_at_an_address_with_a_nul(address: str) -> None:
    """PostgreSQL would refuse to look for it."""
    response = Client(headers={"host": "localhost"}).get(address)
    assert response.status_code == 404
