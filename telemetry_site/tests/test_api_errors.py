"""One error shape, whatever went wrong."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from telemetry_site.api_errors import validation_body


class Rule(serializers.Serializer[None]):
    name = serializers.CharField()
    limit = serializers.IntegerField(min_value=1)


@api_view(["POST"])
def create(request: Request) -> Response:
    Rule(data=request.data).is_valid(raise_exception=True)
    return Response({})


@api_view(["GET"])
def throttled(request: Request) -> Response:
    raise Throttled(wait=7)


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret of the server")


handler400 = "telemetry_site.error_views.bad_request"
handler404 = "telemetry_site.error_views.not_found"
handler500 = "telemetry_site.error_views.server_error"
urlpatterns = [path("api/create", create), path("api/throttled", throttled), path("api/broken", broken)]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def here() -> Client:
    return Client(headers={"host": "localhost"}, raise_request_exception=False)


def test_bad_fields_are_named(here: Client) -> None:
    response = here.post("/api/create", {"limit": 0}, "application/json")
    assert response.status_code == 400
    errors = response.json()["errors"]
    assert errors["name"] == ["This field is required."]
    assert errors["limit"] == ["Ensure this value is greater than or equal to 1."]
    assert "name: This field is required." in response.json()["detail"]


def test_a_body_that_is_no_json_is_a_sentence(here: Client) -> None:
    response = here.post("/api/create", "{", "application/json")
    assert response.status_code == 400
    assert response.json()["errors"] == {}
    assert response.json()["detail"].startswith("JSON parse error")


@pytest.mark.parametrize(
    ("method", "address", "kind", "status"),
    [
        ("get", "/api/create", "application/json", 405),
        ("post", "/api/create", "text/plain", 415),
        ("get", "/api/throttled", "application/json", 429),
        ("get", "/api/nowhere", "application/json", 404),
        ("get", "/api/broken", "application/json", 500),
    ],
)
def test_every_error_has_the_same_two_keys(
    here: Client, method: str, address: str, kind: str, status: int
) -> None:
    response = here.generic(method.upper(), address, "x", content_type=kind)
    assert response.status_code == status
    assert set(response.json()) == {"detail", "errors"}
    assert response.json()["detail"]
    assert "secret" not in response.text


def test_a_throttled_client_learns_when_to_come_back(here: Client) -> None:
    assert here.get("/api/throttled").headers["Retry-After"] == "7"


def test_nested_errors_become_dotted_names() -> None:
    data = {"items": [{}, {"name": ["Too long."]}], "non_field_errors": ["Start is after end."]}
    assert validation_body(data) == {
        "detail": "Start is after end.",
        "errors": {"items.1.name": ["Too long."]},
    }
