"""What tests of access share: routes of the API as the URL configuration has them, and asking with a token."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

API = "api/"
OUTSIDE = {"metrics"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def api_routes() -> dict[str, tuple[str, ...]]:
    """Every route of an API view, without its twin that ends in a slash, with the methods it answers."""
    found = {}
    for route, pattern in routes(get_resolver()):
        view = getattr(pattern.callback, "cls", None)
        if not route.endswith("/") and view is not None:
            found[route.removeprefix(API)] = tuple(m for m in METHODS if hasattr(view, m.lower()))
    return found


def below_root(route: str) -> str:
    """The address of a route of `api_routes`; one of them is not below /api/."""
    return f"/{route}" if route in OUTSIDE else f"/{API}{route}"


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every route below a resolver with its pattern."""
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from routes(each, prefix + str(each.pattern))
        else:
            yield prefix + str(each.pattern), each


def ask(
    address: str,
    secret: str = "",
    method: str = "GET",
    *,
    headers: dict[str, str] | None = None,
    body: Any = None,
) -> Any:
    """The answer to a program on this machine, with a token if one is given; `body` is sent as JSON."""
    sent = {"host": "localhost"} | ({"authorization": f"Bearer {secret}"} if secret else {}) | (headers or {})
    content = "" if body is None else json.dumps(body)
    return _client().generic(method, address, content, content_type="application/json", headers=sent)


@cache
def _client() -> Client:
    """One for all: making its middleware anew, which lists every static file, takes longer than most answers."""
    return Client()
