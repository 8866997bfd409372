"""The API's description of itself."""

from typing import Any

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
