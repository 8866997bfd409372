"""Asking for a run of reading, by API."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions.api_parameters import Body
from telemetry_site.sync_request import ask_for_sync


class NothingToSay(Body):
    """A body without fields, which may be left out."""


class SyncAskedSerializer(serializers.Serializer[Any]):
    """What became of the request. `state` is "running" where a run was under way and no second one was started."""

    state = serializers.ChoiceField(("started", "running"))
    detail = serializers.CharField()
    status = serializers.CharField(help_text="The address that tells how reading stands.")


class SyncView(APIView):
    @extend_schema(operation_id="ingest_sync", request=None, responses={202: SyncAskedSerializer})
    def post(self, request: Request) -> Response:
        """Read what is new in transcripts and plans.

        The run goes on after this answer, in a process of its own; `/api/ingest/status` tells how it stands. A run
        that is under way already is said, and no second one is started.
        """
        NothingToSay.of(request)
        is_started = ask_for_sync(timezone.now())
        body = {
            "state": "started" if is_started else "running",
            "detail": "A run was started."
            if is_started
            else "A run is under way; no second one was started.",
            "status": reverse("api-ingest-status"),
        }
        return Response(body, status=status.HTTP_202_ACCEPTED)
