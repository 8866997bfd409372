"""Lists of the API as files: which format is asked for, and the answer that streams it."""

import re
from collections.abc import Callable, Generator, Iterator
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions.api_parameters import Parameters
from sessions.exporting.definition import Export
from sessions.exporting.snapshot import snapshot
from sessions.exporting.writing import FORMATS

# Should a browser show the file all the same: it may run nothing and load nothing.
FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._]+")


class CsvFormat(BaseRenderer):
    """Names the format; the file is streamed by `file_response`."""

    format, media_type, charset = "csv", "text/csv", "utf-8"


class NdjsonFormat(BaseRenderer):
    """Names the format; the file is streamed by `file_response`."""

    format, media_type, charset = "ndjson", "application/x-ndjson", "utf-8"


class FormatNegotiation(DefaultContentNegotiation):
    """`?format=` before the Accept header; an unknown format is a mistake in the request, not a missing page."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        asked = request.query_params.get("format")
        if asked is None:
            return super().select_renderer(request, renderers, format_suffix)  # type: ignore[no-any-return]
        for renderer in renderers:
            if renderer.format == asked:
                return renderer, renderer.media_type
        names = ", ".join(renderer.format for renderer in renderers)
        raise ValidationError({"format": [f"“{asked:.40}” is not one of {names}."]})


class ExportableView(APIView):
    """A list that is also given whole, as a file."""

    renderer_classes: tuple[type[BaseRenderer], ...] = (JSONRenderer, CsvFormat, NdjsonFormat)
    content_negotiation_class = FormatNegotiation

    def handle_exception(self, exc: Exception) -> Response:
        """What is wrong is told in the API's one shape, whatever format was asked for."""
        self._tell_in_json(self.request)
        return super().handle_exception(exc)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        """What may be asked here is no list, and no file."""
        self._tell_in_json(request)
        return super().options(request, *args, **kwargs)

    def _tell_in_json(self, request: Request) -> None:
        request.accepted_renderer = JSONRenderer()
        request.accepted_media_type = JSONRenderer.media_type


class ExportParameters(Parameters):
    """A list's format. A file holds every row, so it has no offset and no limit."""

    format = serializers.ChoiceField(
        ("json", "csv", "ndjson"),
        required=False,
        help_text="`csv` or `ndjson`: every row, as a file. `json`: a page of the list.",
    )


def file_format(request: Request) -> str | None:
    """The format of the file that is asked for; None for the list itself. Raises ValidationError."""
    name = str(request.accepted_renderer.format)
    if name == "json":
        return None
    paging = [name for name in ("offset", "limit") if name in request.query_params]
    if paging:
        raise ValidationError({name: ["A file holds every row: leave this out."] for name in paging})
    return name


def file_response(export: Export, name: str) -> HttpResponseBase:
    """The export as a file to save, streamed from one snapshot of the database."""
    media_type = {"csv": "text/csv; charset=utf-8; header=present", "ndjson": "application/x-ndjson"}[name]
    return attachment(written(export, name), file_name(export, name), media_type)


def written(export: Export, name: str, count: Callable[[], None] = lambda: None) -> Generator[str]:
    """The pieces of the file; `count` is called for every row."""

    def counted() -> Iterator[dict[str, Any]]:
        for item in export.items():
            count()
            yield item

    with snapshot():
        yield from FORMATS[name](export, counted())


def attachment(
    pieces: Iterator[str], name: str, media_type: str, policy: str = FILE_POLICY
) -> StreamingHttpResponse:
    """A file that a browser saves instead of showing it."""
    response = StreamingHttpResponse(pieces, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Security-Policy"] = policy
    response["X-Content-Type-Options"] = "nosniff"
    return response


def file_name(export: Export, ending: str) -> str:
    """A name that tells what is inside, in letters that every file system takes."""
    return f"{named('agent-ledger', export.name, *export.about)}.{ending}"


def named(*words: str) -> str:
    """Words joined into a part of a file's name."""
    clean = (_NOT_IN_A_NAME.sub("-", word).strip("-.")[:60] for word in words)
    return "-".join(word for word in clean if word)


def as_list_or_file(page: Any) -> dict[Any, Any]:
    """The answers of an exportable list, for its description."""
    return {
        (200, "application/json"): page,
        (200, "text/csv"): OpenApiTypes.STR,
        (200, "application/x-ndjson"): OpenApiTypes.STR,
    }
