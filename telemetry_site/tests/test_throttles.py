"""How often one asker may ask, where the installation limits it."""

from typing import Any

import pytest
from django.core.cache import cache

from telemetry_site import env
from telemetry_site.access.throttles import HEAVY_ROUTES
from telemetry_site.access.tokens import create_token
from telemetry_site.env import SettingError
from telemetry_site.tests.asking import api_routes, ask

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh() -> None:
    cache.clear()


def statuses(address: str, secret: str = "", times: int = 4) -> list[int]:
    return [ask(address, secret).status_code for _ in range(times)]


def test_a_local_installation_limits_nobody() -> None:
    assert set(statuses("/api/projects", times=50)) == {200}


def test_who_asks_too_often_is_told_how_long_to_wait(settings: Any) -> None:
    settings.TELEMETRY_API_RATE = (3, 60)
    assert statuses("/api/projects") == [200, 200, 200, 429]
    refused = ask("/api/projects")
    assert refused.json()["errors"] == {}
    assert 19 <= int(refused.headers["Retry-After"]) <= 20


def test_a_limit_comes_back_little_by_little(settings: Any) -> None:
    """A third of a minute later one more request is free, not three."""
    settings.TELEMETRY_API_RATE = (3, 60)
    statuses("/api/projects", times=3)
    key = "throttle:api:address-127.0.0.1"
    cache.set(key, cache.get(key) - 20)
    assert statuses("/api/projects", times=2) == [200, 429]


def test_askers_are_told_apart(settings: Any) -> None:
    settings.TELEMETRY_API_RATE = (1, 60)
    secrets = [create_token(name, ["read"])[1] for name in "ab"]
    assert [statuses("/api/projects", secret, times=2) for secret in ("", *secrets)] == [[200, 429]] * 3


@pytest.mark.parametrize("address", ["/api/search?q=words", "/api/sessions?format=csv"])
def test_what_is_heavy_has_a_limit_of_its_own(settings: Any, address: str) -> None:
    settings.TELEMETRY_API_HEAVY_RATE = (1, 60)
    assert statuses(address, times=2) == [200, 429]
    assert statuses("/api/sessions", times=2) == [200, 200]


def test_heavy_routes_exist() -> None:
    assert set(api_routes()) >= HEAVY_ROUTES


def test_an_unchanged_answer_counts_for_nothing(settings: Any) -> None:
    """Whoever asks with If-None-Match costs next to nothing."""
    settings.TELEMETRY_API_RATE = (1, 60)
    etag = ask("/api/projects").headers["ETag"]
    assert ask("/api/projects", headers={"if-none-match": etag}).status_code == 304


@pytest.mark.parametrize(
    ("text", "expected"),
    [("600/minute", (600, 60)), ("5/second", (5, 1)), ("9/HOUR", (9, 3600)), ("off", None)],
)
def test_rates_are_read(text: str, expected: tuple[int, int] | None) -> None:
    assert env.rate({"X": text}, "X", default="off") == expected


@pytest.mark.parametrize("text", ["600", "0/minute", "-1/minute", "many/minute", "5/fortnight", "/minute"])
def test_what_is_no_rate_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingError, match="X is"):
        env.rate({"X": text}, "X", default="off")
