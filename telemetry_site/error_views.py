"""Answers for errors outside any view: the API's error object below /api/, Django's pages elsewhere."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults

from telemetry_site.database_trouble import sentence_of


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return api_error(400, "The request could not be understood.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return api_error(403, "This is not permitted.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return api_error(404, f"There is nothing at {request.path}.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while it handles the error. One that is the database's is told with what helps."""
    if sentence := sentence_of(sys.exception()):
        return _unavailable(request, sentence)
    if is_api(request):
        return api_error(500, "The server failed to answer; its log has the details.")
    return defaults.server_error(request)


def _unavailable(request: HttpRequest, sentence: str) -> HttpResponse:
    if is_api(request):
        return api_error(503, sentence)
    # Without the request, of whose context the database would be asked.
    return HttpResponse(render_to_string("503.html", {"sentence": sentence}), status=503)


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def api_error(status: int, sentence: str) -> JsonResponse:
    return JsonResponse({"detail": sentence, "errors": {}}, status=status)
