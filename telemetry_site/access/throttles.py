"""How often one asker may ask the API: per token, per person, or per address where neither is known."""

from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from telemetry_site.access.addresses import client_address
from telemetry_site.models import ApiToken

# Each of these may take the work of many ordinary answers.
HEAVY_ROUTES: Final = frozenset(
    {
        *("search", "ingest/sync", "sessions/<str:session_id>/export"),
        *("analytics/alerts/preview", "analytics/alerts/<str:alert_id>/test"),
        *("analytics/channels/<str:channel_id>/test", "analytics/deliveries/<str:delivery_id>/again"),
    }
)
FILE_FORMATS: Final = frozenset({"csv", "ndjson"})


class RequestThrottle(BaseThrottle):
    """Refuses with 429 and a Retry-After. The count is kept by each server process for itself."""

    kind: str

    def __init__(self) -> None:
        self._wait: float | None = None

    def rate(self) -> tuple[int, int] | None:
        """So many requests in so many seconds, all at once or one by one; None for any number."""
        raise NotImplementedError

    def counts(self, request: Request) -> bool:
        return True

    def allow_request(self, request: Request, view: Any) -> bool:
        rate = self.rate()
        if rate is None or not self.counts(request):
            return True
        requests, seconds = rate
        now = timezone.now().timestamp()
        key = f"throttle:{self.kind}:{asker(request)}"
        # When everything asked so far would be worked off at the permitted pace.
        done_at = max(now, cache.get(key, now)) + seconds / requests
        if done_at - now > seconds:
            self._wait = done_at - now - seconds
            return False
        cache.set(key, done_at, timeout=seconds + 1)
        return True

    def wait(self) -> float | None:
        return self._wait


class ApiThrottle(RequestThrottle):
    """Every request."""

    kind = "api"

    def rate(self) -> tuple[int, int] | None:
        return settings.TELEMETRY_API_RATE


class HeavyThrottle(RequestThrottle):
    """Searches, previews, tests of alerts and files."""

    kind = "heavy"

    def rate(self) -> tuple[int, int] | None:
        return settings.TELEMETRY_API_HEAVY_RATE

    def counts(self, request: Request) -> bool:
        return is_heavy(request._request)


def is_heavy(request: HttpRequest) -> bool:
    match = request.resolver_match
    route = match.route.removeprefix("api/").removesuffix("/") if match else ""
    return route in HEAVY_ROUTES or request.GET.get("format") in FILE_FORMATS


def asker(request: Request) -> str:
    if isinstance(request.auth, ApiToken):
        return f"token-{request.auth.pk}"
    if request.user.is_authenticated:
        return f"person-{request.user.pk}"
    return f"address-{client_address(request._request)}"
