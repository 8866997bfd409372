"""The API about silences: times in which what rules say is recorded and not sent."""

from datetime import datetime
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from alerts import serializers as shapes
from alerts.api import OwnVersions, digest_of, who
from alerts.models import Silence
from alerts.named import named_project, named_rule
from alerts.silencing import MOST_COMMENT, begin_silence, end_silence, silences_of
from sessions.acts import tell
from sessions.api_fields import iso
from sessions.api_parameters import PageParameters, Parameters
from sessions.scope import Projects, readable_projects
from sessions.serializer_fields import InstantField

MAX_KEY_DIGITS = 18
STATES = ("coming", "active", "ended")


class SilenceInput(shapes.StrictSerializer):
    """A time of silence about a rule, about the rules of a project, or about all."""

    alertId = shapes.TextField(
        required=False, allow_null=True, max_length=64, help_text="A rule; null for every one."
    )
    project = shapes.TextField(
        required=False, allow_null=True, max_length=200, help_text="Id or slug; null for every one."
    )
    matchers = serializers.DictField(
        child=shapes.TextField(max_length=300),
        required=False,
        help_text="{dimension: value}; only groups that have all of them are silent.",
    )
    startsAt = serializers.DateTimeField(required=False, help_text="Default: now.")
    endsAt = serializers.DateTimeField(help_text="366 days after it begins at most.")
    comment = shapes.PlainTextField(required=False, allow_blank=True, max_length=MOST_COMMENT)


class SilenceSerializer(serializers.Serializer[Any]):
    """A time of silence and whether it is in force."""

    id = serializers.CharField()
    alertId = serializers.CharField(allow_null=True)
    project = serializers.CharField(allow_null=True, help_text="Slug.")
    matchers = serializers.DictField(child=serializers.CharField())
    startsAt = InstantField()
    endsAt = InstantField()
    comment = serializers.CharField(allow_blank=True)
    silenceState = serializers.ChoiceField(STATES)
    createdAt = InstantField()
    createdBy = serializers.CharField(allow_blank=True)


def silence_json(silence: Silence, now: datetime) -> dict[str, Any]:
    has_begun, is_over = silence.starts_at <= now, silence.ends_at <= now
    return {
        "id": str(silence.pk),
        "alertId": silence.rule.public_id if silence.rule else None,
        "project": silence.project.slug if silence.project else None,
        "matchers": silence.matchers,
        "startsAt": iso(silence.starts_at),
        "endsAt": iso(silence.ends_at),
        "comment": silence.comment,
        "silenceState": "ended" if is_over else "active" if has_begun else "coming",
        "createdAt": iso(silence.created_at),
        "createdBy": silence.created_by,
    }


class SilenceListView(OwnVersions):
    @extend_schema(
        operation_id="silences", parameters=[PageParameters], responses=SilenceSerializer(many=True)
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Times of silence, as a bare array. What ends last comes first."""
        asked, now = PageParameters.of(request), timezone.now()
        found = silences_of(readable_projects(request))
        offset, limit = asked["offset"], asked["limit"]
        body = [silence_json(each, now) for each in found[offset : offset + limit]]
        return self.answered(request, body, f'W/"{digest_of(body)}"')

    @extend_schema(
        operation_id="silence_begin",
        request=SilenceInput,
        responses={201: SilenceSerializer},
        examples=[
            OpenApiExample(
                "One tool of one rule",
                value={
                    "alertId": "tool-errors",
                    "matchers": {"tool": "Bash"},
                    "endsAt": "2026-12-01T08:00:00Z",
                    "comment": "The sandbox is being moved",
                },
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Be silent for a while. What rules say is recorded and shown by the bell, and not sent."""
        Parameters.of(request)
        read = SilenceInput(data=request.data)
        read.is_valid(raise_exception=True)
        projects, now = readable_projects(request), timezone.now()
        silence = begin_asked(read.validated_data, projects, now, who(request))
        tell(request, silence_words(silence), silence.project)
        return Response(silence_json(silence, now), status=status.HTTP_201_CREATED)


def silence_words(silence: Silence) -> str:
    """What a silence is about."""
    about = silence.rule or silence.project or "every alert"
    return f"{about}: {silence.comment}" if silence.comment else str(about)


def begin_asked(asked: dict[str, Any], projects: Projects, now: datetime, by: str) -> Silence:
    """Begin what a body asks for, once its fields were read. Raises ValidationError."""
    rule, project = named_rule(asked.get("alertId"), projects), named_project(asked.get("project"), projects)
    if projects is not None and rule is None and project is None:
        raise ValidationError({"project": ["Name one of the projects that you may watch."]})
    return begin_silence(
        rule=rule,
        project=project,
        matchers=asked.get("matchers", {}),
        starts_at=asked.get("startsAt", now),
        ends_at=asked["endsAt"],
        comment=asked.get("comment", ""),
        now=now,
        by=by,
    )


class SilenceView(OwnVersions):
    @extend_schema(operation_id="silence", responses=SilenceSerializer)
    def get(self, request: Request, silence_id: str) -> HttpResponseBase:
        """One time of silence."""
        Parameters.of(request)
        body = silence_json(_named(request, silence_id), timezone.now())
        return self.answered(request, body, f'W/"{digest_of(body)}"')

    @extend_schema(operation_id="silence_end", request=None, responses={200: shapes.DeletedSerializer})
    def delete(self, request: Request, silence_id: str) -> Response:
        """End a silence now. One that has not begun is taken away; one that was in force stays on record."""
        Parameters.of(request)
        end_silence(_named(request, silence_id), timezone.now())
        return Response({"status": "ok", "id": silence_id})


def _named(request: Request, name: str) -> Silence:
    is_key = name.isascii() and name.isdecimal() and len(name) <= MAX_KEY_DIGITS
    mine = silences_of(readable_projects(request))
    found: Silence | None = mine.filter(pk=int(name)).first() if is_key else None
    if found is None:
        raise NotFound("There is no silence with this id.")
    tell(request, silence_words(found), found.project)
    return found
