"""From where a request came."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address of the client, or of the connection itself where no proxy was declared.

    A declared proxy adds the address it saw as the last of X-Forwarded-For; those before it are what the client
    claims. Without one the header is anybody's word and counts for nothing.
    """
    connected: str = request.META.get("REMOTE_ADDR", "")
    if not settings.TELEMETRY_TRUSTED_PROXY:
        return connected
    return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or connected
