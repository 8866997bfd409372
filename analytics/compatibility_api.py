"""What older clients ask for: the same figures and points as elsewhere, as bare arrays."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api import PeriodParameters, SeriesParameters, page_of_points
from analytics.headlines import headlines
from analytics.serializers import HeadlineSerializer, PointSerializer


class TrendsView(APIView):
    @extend_schema(
        operation_id="analytics_trends",
        parameters=[SeriesParameters],
        responses=PointSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """The points of a series as a bare array, for older clients; everything else is as in the series."""
        asked = SeriesParameters.of(request)
        return Response(page_of_points(asked)[0])


class HeadlinesView(APIView):
    @extend_schema(
        operation_id="analytics_metrics",
        parameters=[PeriodParameters],
        responses=HeadlineSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Five figures as a bare array, for older clients; of all time unless a period is asked for."""
        asked = PeriodParameters.of(request)
        found = headlines(asked["within"], timezone.now(), projects=asked["projects"])
        return Response(HeadlineSerializer(found, many=True).data)
