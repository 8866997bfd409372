"""Where Prometheus scrapes: `/metrics` and, beside the rest of the API, `/api/analytics/export/prometheus`."""

import logging
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from analytics.prometheus.exposition import OPENMETRICS, TEXT, expose
from analytics.prometheus.registry import Scrape
from sessions.api_parameters import refuse_unknown
from sessions.scope import readable_projects

logger = logging.getLogger(__name__)

UNAVAILABLE = "The metrics cannot be told: the database cannot be asked; the server's log says why.\n"


class AnyFormat(BaseContentNegotiation):
    """The view chooses the format itself: its formats are no renderers, and no Accept header is refused."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


@method_decorator(gzip_page, name="dispatch")
class PrometheusView(APIView):
    content_negotiation_class = AnyFormat

    @extend_schema(
        operation_id="analytics_export_prometheus",
        responses={
            (200, TEXT): OpenApiTypes.STR,
            (200, OPENMETRICS): OpenApiTypes.STR,
            (503, "text/plain; charset=utf-8"): OpenApiResponse(
                OpenApiTypes.STR, description="The database cannot be asked."
            ),
        },
    )
    def get(self, request: Request) -> HttpResponse:
        """Everything for a Prometheus server, every project in one scrape: text 0.0.4 or OpenMetrics 1.0."""
        refuse_unknown(request.query_params, ())
        scrape = Scrape(timezone.now(), readable_projects(request))
        body, content_type = expose(scrape, request.headers.get("Accept", ""))
        answer = HttpResponse(body, content_type=content_type)
        answer.headers["Cache-Control"] = "no-store"
        patch_vary_headers(answer, ["Accept", "Accept-Encoding"])
        return answer

    def handle_exception(self, exc: Exception) -> Any:
        """A scrape is whole or it fails: who is told nothing takes it for zero. Asking who asks may fail, too."""
        if isinstance(exc, DatabaseError):
            logger.error("A scrape failed", exc_info=exc)
            connection.close()
            return HttpResponse(UNAVAILABLE, status=503, content_type="text/plain; charset=utf-8")
        return super().handle_exception(exc)
