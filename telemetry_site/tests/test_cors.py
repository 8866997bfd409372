"""Browser clients on other origins: those that are listed, exactly, and nobody else; never with a log-in."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings

from telemetry_site import env
from telemetry_site.access.tokens import create_token
from telemetry_site.env import SettingError

pytestmark = pytest.mark.django_db

CLIENT = "http://localhost:3000"
READ_ALL = "/api/analytics/notifications/read-all"


@pytest.fixture(autouse=True)
def listed(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [CLIENT]


def ask(method: str, address: str, origin: str | None, *, kind: str = "application/json", **more: str) -> Any:
    """As a browser on another port sends it."""
    headers = {"host": "localhost:8000", "sec-fetch-site": "same-site", **more}
    if origin is not None:
        headers["origin"] = origin
    return Client().generic(method, address, "{}", content_type=kind, headers=headers)


def cors_headers(response: Any) -> dict[str, str]:
    return {
        name.lower(): value
        for name, value in response.headers.items()
        if name.lower().startswith("access-control")
    }


def preflight(origin: str, method: str, header: str = "content-type,authorization") -> Any:
    asked = {"access-control-request-method": method, "access-control-request-headers": header}
    return ask("OPTIONS", READ_ALL, origin, **asked)


def test_a_listed_client_reads_and_changes() -> None:
    """The sequence of a browser: preflight, then the request itself."""
    allowed = cors_headers(preflight(CLIENT, "POST"))
    assert allowed["access-control-allow-origin"] == CLIENT
    assert "POST" in allowed["access-control-allow-methods"]
    assert {"content-type", "authorization", "if-match"} <= set(
        allowed["access-control-allow-headers"].split(", ")
    )
    changed = ask("POST", READ_ALL, CLIENT)
    assert changed.status_code == 200
    assert cors_headers(changed)["access-control-allow-origin"] == CLIENT
    read = ask("GET", "/api/projects", CLIENT)
    assert read.status_code == 200
    assert "ETag" in cors_headers(read)["access-control-expose-headers"]
    assert "origin" in read.headers["Vary"].lower()


def test_a_refusal_can_be_read_by_a_listed_client() -> None:
    missing = ask("GET", "/api/sessions/nothing", CLIENT)
    assert missing.status_code == 404
    assert cors_headers(missing)["access-control-allow-origin"] == CLIENT


OTHERS = [
    "null",
    "http://localhost:3001",
    "https://localhost:3000",
    "http://localhost:3000.evil.example",
    "http://localhost:30000",
    "http://evil.example/http://localhost:3000",
    "http://user@localhost:3000",
    "http://127.0.0.1:3000",
    "http://LOCALHOST:3000/",
    "file://",
    "",
]


@pytest.mark.parametrize("origin", OTHERS)
def test_everyone_else_reads_nothing_and_changes_nothing(origin: str) -> None:
    assert cors_headers(ask("GET", "/api/projects", origin)) == {}
    assert cors_headers(preflight(origin, "POST")) == {}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        refused = ask(method, READ_ALL, origin)
        assert refused.status_code == 403
        assert cors_headers(refused) == {}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_needs_no_preflight_changes_nothing(kind: str) -> None:
    assert ask("POST", READ_ALL, CLIENT, kind=kind).status_code == 403


@pytest.mark.parametrize("address", ["/tokens/new", "/plans/folders", "/admin/login/"])
def test_pages_are_closed_to_listed_clients_too(address: str) -> None:
    assert ask("POST", address, CLIENT).status_code == 403
    assert cors_headers(ask("GET", "/tokens", CLIENT)) == {}


def test_credentials_are_never_allowed() -> None:
    for response in (preflight(CLIENT, "POST"), ask("GET", "/api/projects", CLIENT)):
        assert "access-control-allow-credentials" not in cors_headers(response)


@override_settings(
    IS_TEAM=True,
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "telemetry_site.access.authentication.TokenAuthentication",
            "rest_framework.authentication.SessionAuthentication",
        ]
    },
)
def test_an_allowed_origin_cannot_use_somebodys_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cookies do not tell ports apart, so a page on another port of the host is sent with them."""
    from rest_framework.authentication import SessionAuthentication
    from rest_framework.views import APIView

    from telemetry_site.access.authentication import TokenAuthentication

    monkeypatch.setattr(APIView, "authentication_classes", [TokenAuthentication, SessionAuthentication])
    user = User.objects.create_user("ada", is_staff=True)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    headers = {"host": "localhost:8000", "origin": CLIENT, "sec-fetch-site": "same-site"}
    refused = browser.post(READ_ALL, content_type="application/json", headers=headers)
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["detail"]
    _, secret = create_token("board", ["write"])
    with_token = headers | {"authorization": f"Bearer {secret}"}
    assert browser.post(READ_ALL, content_type="application/json", headers=with_token).status_code == 200


def test_origins_are_written_as_browsers_write_them() -> None:
    given = {"X": "http://localhost:3000, HTTPS://Board.example.org:443,http://[::1]:80"}
    assert env.origins(given, "X") == [CLIENT, "https://board.example.org", "http://[::1]"]
    assert env.origins({}, "X") == []


@pytest.mark.parametrize(
    "text", ["*", "null", "localhost:3000", "http://a/b", "http://*.a", "http://a/", "file://"]
)
def test_what_is_no_origin_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingError, match="X contains"):
        env.origins({"X": text}, "X")
