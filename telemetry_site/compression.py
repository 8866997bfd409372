"""Style sheets, scripts and pictures go out compressed. Pages do not: a compressed page that holds both something
secret and something that a stranger chose tells the one by its length (BREACH); files of the program hold neither.
"""

from __future__ import annotations

import gzip
from contextlib import closing

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.response import FileResponse
from django.utils.cache import patch_vary_headers

from telemetry_site.middleware import GetResponse

TYPES = ("text/", "application/javascript", "application/json", "image/svg+xml")
# Below this the head of an answer is most of it.
LEAST_BYTES = 500


class CompressedFiles:
    """Stands before WhiteNoise. A file is compressed once: its address has its version."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._kept: dict[str, bytes] = {}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not isinstance(response, FileResponse) or not _is_compressible(request, response):
            return response
        patch_vary_headers(response, ["Accept-Encoding"])
        if not _accepts(request):
            return response
        return self._compressed(request.path, response)

    def _compressed(self, path: str, response: FileResponse) -> HttpResponseBase:
        # Closed by itself: closing the answer would say that the request is over, which the new one says again.
        if response.file_to_stream is None:
            return response
        with closing(response.file_to_stream) as file:
            packed = self._kept.get(path) or gzip.compress(file.read(), compresslevel=9, mtime=0)
        self._kept[path] = packed
        headers = {
            name: value for name, value in response.headers.items() if name not in ("ETag", "Accept-Ranges")
        }
        headers |= {"Content-Encoding": "gzip", "Content-Length": str(len(packed))}
        return HttpResponse(packed, headers=headers)


def _is_compressible(request: HttpRequest, response: FileResponse) -> bool:
    """A whole file of text at an address of the program's files, which never changes."""
    return (
        request.path.startswith(settings.STATIC_URL)
        and not settings.WHITENOISE_AUTOREFRESH
        and request.method == "GET"
        and response.status_code == 200
        and response.headers.get("Content-Type", "").startswith(TYPES)
        and int(response.headers.get("Content-Length") or 0) >= LEAST_BYTES
    )


def _accepts(request: HttpRequest) -> bool:
    """Whether gzip is named and not refused."""
    for part in request.headers.get("Accept-Encoding", "").split(","):
        name, _, weight = part.strip().partition(";")
        if name == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
