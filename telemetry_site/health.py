"""Whether the server can do its work."""

from typing import Any

from django.db import DatabaseError, connection
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions.api_parameters import refuse_unknown
from sessions.models import SyncRun

STATES = ("ok", "unavailable")


class HealthSerializer(serializers.Serializer[Any]):
    """`status` and `db` are "ok", or "unavailable" with a sentence in `detail`."""

    status = serializers.ChoiceField(STATES)
    db = serializers.ChoiceField(STATES)
    detail = serializers.CharField(allow_null=True)


class HealthView(APIView):
    """For monitors: needs no login and tells nothing but whether the database answers."""

    permission_classes = (AllowAny,)
    authentication_classes = ()

    @extend_schema(operation_id="health", responses={200: HealthSerializer, 503: HealthSerializer}, auth=[])
    def get(self, request: Request) -> Response:
        """Whether the database can be asked and has its tables."""
        refuse_unknown(request.query_params, ())
        try:
            SyncRun.objects.exists()
        except DatabaseError:
            connection.close()
            sentence = "The database cannot be asked; the server's log says why."
            body = {"status": "unavailable", "db": "unavailable", "detail": sentence}
            return Response(body, status=status.HTTP_503_SERVICE_UNAVAILABLE)
        return Response({"status": "ok", "db": "ok", "detail": None})
