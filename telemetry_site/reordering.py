"""Marks that turn the direction of the text around them, which somebody hides in a name so that it reads as another."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from telemetry_site.middleware import GetResponse

# U+202A to U+202E and U+2066 to U+2069 as UTF-8. Marks that only help a right-to-left word stay as they are.
_TURNING = re.compile(b"\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])")


class VisibleReordering:
    """Write such marks out, as `[U+202E]`, on every page: branches, files, models and titles come from anywhere.

    What a program asks for keeps them.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if isinstance(response, HttpResponse) and response.headers.get("Content-Type", "").startswith(
            "text/html"
        ):
            response.content = _TURNING.sub(_written_out, response.content)
        return response


def _written_out(mark: re.Match[bytes]) -> bytes:
    return f"[U+{ord(mark[0].decode()):04X}]".encode()
