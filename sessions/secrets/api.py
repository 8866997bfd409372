"""Secrets that were found, by API: where they stand, never what they are."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions.api_fields import iso
from sessions.api_parameters import PageParameters, ProjectParameters, page_body
from sessions.secrets.findings import FoundSecret, found_secrets, secret_count
from sessions.serializer_fields import InstantField


class SecretParameters(PageParameters, ProjectParameters):
    """One page of the secrets of a project or of all."""


class PlaceSerializer(serializers.Serializer[Any]):
    """A line that holds the secret."""

    sessionId = serializers.CharField()  # noqa: N815
    seq = serializers.IntegerField()
    line = serializers.IntegerField()
    at = InstantField(allow_null=True)


class SecretSerializer(serializers.Serializer[Any]):
    """A secret that was found. `hint` is what stands in its place where texts are shown."""

    kind = serializers.CharField()
    hint = serializers.CharField()
    lines = serializers.IntegerField()
    sessions = serializers.IntegerField()
    firstAt = InstantField(allow_null=True)  # noqa: N815
    lastAt = InstantField(allow_null=True)  # noqa: N815
    places = PlaceSerializer(many=True, help_text="The last lines it stands in.")


class SecretsSerializer(serializers.Serializer[Any]):
    """One page, the last seen first."""

    items = SecretSerializer(many=True)
    total = serializers.IntegerField()
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()


class SecretListView(APIView):
    @extend_schema(operation_id="secrets", parameters=[SecretParameters], responses=SecretsSerializer)
    def get(self, request: Request) -> Response:
        """Secrets that stand in transcripts and are to be replaced, the last seen first. No answer holds one."""
        asked = SecretParameters.of(request)
        projects = asked["projects"]
        found = found_secrets(offset=asked["offset"], limit=asked["limit"], projects=projects)
        return Response(page_body([secret_json(each) for each in found], secret_count(projects), asked))


def secret_json(secret: FoundSecret) -> dict[str, Any]:
    return {
        "kind": secret.label,
        "hint": secret.hint,
        "lines": secret.lines,
        "sessions": secret.sessions,
        "firstAt": iso(secret.first_at),
        "lastAt": iso(secret.last_at),
        "places": [
            {
                "sessionId": place.session.public_id,
                "seq": place.seq,
                "line": place.line_no,
                "at": iso(place.at),
            }
            for place in secret.places
        ],
    }
