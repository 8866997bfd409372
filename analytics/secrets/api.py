"""Secrets that were found, by API: where they stand, never what they are."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.secrets.findings import LINE, FoundSecret, Place, found_secrets, secret_count, unsearched_files
from sessions.api_fields import iso
from sessions.api_parameters import PageParameters, ProjectParameters, page_body
from sessions.serializer_fields import InstantField


class SecretParameters(PageParameters, ProjectParameters):
    """One page of the secrets of a project or of all."""


class PlaceSerializer(serializers.Serializer[Any]):
    """Where the secret stands: a line of a transcript, or a file of another kind."""

    kind = serializers.ChoiceField([LINE, "plan", "tool_output", "sidecar"])
    sessionId = serializers.CharField(  # noqa: N815
        allow_null=True,
        help_text="Whose line or file it is; null of a plan, and where nothing of it was read.",
    )
    seq = serializers.IntegerField(allow_null=True, help_text="Of a line: its place in the session.")
    documentId = serializers.CharField(allow_null=True, help_text="Of a plan.")  # noqa: N815
    path = serializers.CharField(
        allow_null=True, help_text="Of a file, below its folder of transcripts or plans."
    )
    line = serializers.IntegerField(
        help_text="In its file, from 1; of a file the first that holds the secret."
    )
    lines = serializers.IntegerField(help_text="In how many lines of the file it stands.")
    at = InstantField(allow_null=True, help_text="When it was written there, where that is known.")
    isPast = serializers.BooleanField(  # noqa: N815
        help_text="The line was replaced in its file, or the file's present text does not hold the secret any more."
    )


class SecretSerializer(serializers.Serializer[Any]):
    """A secret that was found. `hint` is what stands in its place where texts are shown."""

    kind = serializers.CharField()
    hint = serializers.CharField()
    lines = serializers.IntegerField(help_text="Of transcripts and files, each once.")
    sessions = serializers.IntegerField()
    files = serializers.IntegerField(
        help_text="Plans, stored tool outputs and sidecars that hold it or held it."
    )
    firstAt = InstantField(allow_null=True)  # noqa: N815
    lastAt = InstantField(allow_null=True)  # noqa: N815
    places = PlaceSerializer(many=True, help_text="The last of the places it stands in.")


class SecretsSerializer(serializers.Serializer[Any]):
    """One page, the last seen first."""

    items = SecretSerializer(many=True)
    total = serializers.IntegerField()
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()
    unsearchedFiles = serializers.IntegerField(  # noqa: N815
        help_text="Plans and files beside transcripts that were not searched yet; the next sync does that."
    )
    unsearchableFiles = serializers.IntegerField(  # noqa: N815
        help_text="Those of which text was pruned or damaged before it was searched."
    )


class SecretListView(APIView):
    @extend_schema(operation_id="secrets", parameters=[SecretParameters], responses=SecretsSerializer)
    def get(self, request: Request) -> Response:
        """Secrets that stand in transcripts, plans and files beside transcripts, and are to be replaced.

        The last seen come first. No answer holds a secret itself.
        """
        asked = SecretParameters.of(request)
        projects = asked["projects"]
        found = found_secrets(offset=asked["offset"], limit=asked["limit"], projects=projects)
        body = page_body([secret_json(each) for each in found], secret_count(projects), asked)
        unsearched = unsearched_files(projects)
        return Response(body | {"unsearchedFiles": unsearched.waiting, "unsearchableFiles": unsearched.lost})


def secret_json(secret: FoundSecret) -> dict[str, Any]:
    return {
        "kind": secret.label,
        "hint": secret.hint,
        "lines": secret.lines,
        "sessions": secret.sessions,
        "files": secret.files,
        "firstAt": iso(secret.first_at),
        "lastAt": iso(secret.last_at),
        "places": [place_json(place) for place in secret.places],
    }


def place_json(place: Place) -> dict[str, Any]:
    return {
        "kind": place.kind,
        "sessionId": place.session.public_id if place.session else None,
        "seq": place.seq,
        "documentId": str(place.document.pk) if place.document else None,
        "path": place.path or None,
        "line": place.line_no,
        "lines": place.lines,
        "at": iso(place.at),
        "isPast": place.is_past,
    }
