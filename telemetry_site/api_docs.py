"""The API's description of itself, for programs and for people."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response


class DescriptionView(SpectacularAPIView):
    """OpenAPI 3.1, as YAML or, for those who accept it, as JSON."""

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """A refusal is no description: it has the shape, and the media type, of every other refusal."""
        if response.exception:
            request.accepted_renderer, request.accepted_media_type = JSONRenderer(), "application/json"
        return super().finalize_response(request, response, *args, **kwargs)


@require_safe
def api_docs_page(request: HttpRequest) -> HttpResponse:
    """The description for people. Swagger UI is served from here: the page asks no other host for anything."""
    return render(request, "telemetry_site/api_docs.html", {"is_team": settings.IS_TEAM})
