"""The API about where alerts are told: channels, how deliveries went."""

from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from alerts import serializers as shapes
from alerts.api import Conflict, OwnVersions, digest_of, present_rule
from alerts.channel_editing import TooManyChannels, change_channel, create_channel, masked
from alerts.delivery import Trial, send_again, try_channel
from alerts.models import Channel, Delivery
from alerts.signatures import key_of
from sessions.acts import tell
from sessions.api_fields import iso
from sessions.api_parameters import PageParameters, Parameters, ProjectParameters, page_body
from sessions.models import Project
from sessions.scope import Projects, in_projects, readable_projects
from sessions.serializer_fields import InstantField

KINDS = [str(kind) for kind in Channel.Kind.values]
MAX_KEY_DIGITS = 18


class ChannelFields(shapes.StrictSerializer):
    """Where to tell events."""

    name = shapes.PlainTextField(max_length=120)
    kind = serializers.ChoiceField(KINDS)
    target = shapes.TextField(max_length=2000, help_text="An address, or e-mail addresses with commas.")
    secret = shapes.TextField(
        required=False,
        max_length=200,
        help_text="Signs webhooks: `whsec_` and base64. One is made by itself.",
    )
    maxPerHour = shapes.CountField(1, 1000, source="max_per_hour", required=False)
    isActive = shapes.FlagField(source="is_active", required=False)
    project = shapes.TextField(
        required=False,
        allow_null=True,
        max_length=200,
        help_text="Id or slug; null for rules of every project.",
    )

    def validate_secret(self, secret: str) -> str:
        try:
            key_of(secret)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        return secret

    def validate_project(self, name: str | None) -> Project | None:
        if name is None:
            return None
        mine = in_projects(self.context["projects"], "pk")
        found: Project | None = Project.objects.filter(mine).named(name).first()
        if found is None:
            raise ValidationError("There is no project with this id or slug.")
        return found


class ChannelSerializer(serializers.Serializer[Any]):
    """A channel and how it does. Of its address only the beginning is shown: the rest is as good as a password."""

    id = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(KINDS)
    target = serializers.CharField()
    maxPerHour = serializers.IntegerField()
    isActive = serializers.BooleanField()
    project = serializers.CharField(allow_null=True)
    disabledReason = serializers.CharField(allow_blank=True)
    lastOkAt = InstantField(allow_null=True)
    lastFailedAt = InstantField(allow_null=True)
    lastError = serializers.CharField(allow_blank=True)
    consecutiveFailures = serializers.IntegerField()
    createdAt = InstantField()


class NewChannelSerializer(ChannelSerializer):
    secret = serializers.CharField(allow_blank=True, help_text="Shown this once.")


class TrialSerializer(serializers.Serializer[Any]):
    """How a test message went."""

    channel = serializers.CharField()
    ok = serializers.BooleanField()
    status = serializers.IntegerField(allow_null=True, help_text="Null where no answer came, and for mail.")
    elapsedMs = serializers.IntegerField()
    detail = serializers.CharField(allow_blank=True)


class DeliverySerializer(serializers.Serializer[Any]):
    """That an event is to be told, and how that went."""

    id = serializers.CharField()
    eventId = serializers.CharField()
    alertId = serializers.CharField()
    message = serializers.CharField()
    deliveryState = serializers.ChoiceField(Delivery.State.values)
    messageId = serializers.CharField(allow_blank=True)
    attempts = serializers.IntegerField()
    createdAt = InstantField()
    notBefore = InstantField()
    sentAt = InstantField(allow_null=True)
    lastError = serializers.CharField(allow_blank=True)


class DeliveryPageSerializer(serializers.Serializer[Any]):
    items = DeliverySerializer(many=True)
    total = serializers.IntegerField()
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()


def channel_json(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.public_id,
        "name": channel.name,
        "kind": channel.kind,
        "target": masked(channel),
        "maxPerHour": channel.max_per_hour,
        "isActive": channel.is_active,
        "project": channel.project.slug if channel.project else None,
        "disabledReason": channel.disabled_reason,
        "lastOkAt": iso(channel.last_ok_at),
        "lastFailedAt": iso(channel.last_failed_at),
        "lastError": channel.last_error,
        "consecutiveFailures": channel.consecutive_failures,
        "createdAt": iso(channel.created_at),
    }


def named_channel(request: Request, channel_id: str) -> Channel:
    """The channel of an id. Raises NotFound for one that is unknown or of a project that is not the asker's."""
    projects = readable_projects(request)
    found: Channel | None = Channel.objects.select_related("project").filter(public_id=channel_id).first()
    if found is None or not is_seen_from(projects, found):
        raise NotFound("There is no channel with this id.")
    tell(request, found.name, found.project)
    return found


def is_seen_from(projects: Projects, channel: Channel) -> bool:
    """Whether rules of these projects may use it: it is one of theirs, or of every project."""
    return projects is None or channel.project_id in {None, *projects}


def own_channel(request: Request, channel_id: str) -> Channel:
    """The same, to change it or to send there: what serves every project is not one project's to change."""
    found = named_channel(request, channel_id)
    refuse_shared(request, found.project_id)
    return found


def refuse_shared(request: Request, project_id: int | None) -> None:
    """Raise PermissionDenied where a channel of every project meets an asker who is for some."""
    if project_id is None and readable_projects(request) is not None:
        raise PermissionDenied("This channel serves every project, and you may change some of them.")


def trial_json(trial: Trial) -> dict[str, Any]:
    outcome = trial.outcome
    return {
        "channel": trial.channel.public_id,
        "ok": outcome.is_ok,
        "status": outcome.status,
        "elapsedMs": trial.elapsed_ms,
        "detail": outcome.detail,
    }


class ChannelListView(OwnVersions):
    more_errors = {"POST": ("409",)}

    @extend_schema(
        operation_id="channels", parameters=[ProjectParameters], responses=ChannelSerializer(many=True)
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Where alerts can be told, as a bare array. By name."""
        projects = ProjectParameters.of(request)["projects"]
        found = Channel.objects.select_related("project").order_by("name", "id")
        seen = [each for each in found if is_seen_from(projects, each)]
        body = [channel_json(channel) for channel in seen]
        return self.answered(request, body, f'W/"{digest_of(body)}"')

    @extend_schema(
        operation_id="channel_create",
        request=ChannelFields,
        responses={201: NewChannelSerializer},
        examples=[
            OpenApiExample(
                "A webhook",
                value={"name": "Ops", "kind": "webhook", "target": "https://hooks.example.org/alerts"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Make a channel. The secret that signs its webhooks is shown in this answer and never again."""
        Parameters.of(request)
        read = ChannelFields(data=request.data, context={"projects": readable_projects(request)})
        read.is_valid(raise_exception=True)
        values = dict(read.validated_data)
        refuse_shared(request, values["project"].pk if values.get("project") else None)
        try:
            channel = create_channel(values)
        except TooManyChannels as error:
            raise Conflict(str(error)) from None
        tell(request, channel.name, channel.project)
        body = channel_json(channel) | {"secret": channel.secret}
        return Response(body, status=status.HTTP_201_CREATED)


class ChannelView(OwnVersions):
    @extend_schema(operation_id="channel", responses=ChannelSerializer)
    def get(self, request: Request, channel_id: str) -> HttpResponseBase:
        """One channel and how it does."""
        Parameters.of(request)
        body = channel_json(named_channel(request, channel_id))
        return self.answered(request, body, f'W/"{digest_of(body)}"')

    @extend_schema(
        operation_id="channel_change",
        request=ChannelFields(partial=True),
        responses=ChannelSerializer,
        examples=[OpenApiExample("Switched off", value={"isActive": False}, request_only=True)],
    )
    def patch(self, request: Request, channel_id: str) -> Response:
        """Change some fields of a channel. The secret before a new one stays valid beside it."""
        Parameters.of(request)
        channel = own_channel(request, channel_id)
        context = {"projects": readable_projects(request)}
        read = ChannelFields(data=request.data, partial=True, context=context)
        read.is_valid(raise_exception=True)
        values = dict(read.validated_data)
        if "project" in values:
            refuse_shared(request, values["project"].pk if values["project"] else None)
        return Response(channel_json(change_channel(channel, values)))

    @extend_schema(operation_id="channel_delete", request=None, responses={200: shapes.DeletedSerializer})
    def delete(self, request: Request, channel_id: str) -> Response:
        """Delete a channel. What was to be told there is not."""
        Parameters.of(request)
        own_channel(request, channel_id).delete()
        return Response({"status": "ok", "id": channel_id})


class ChannelTestView(OwnVersions):
    @extend_schema(operation_id="channel_test", request=None, responses={200: TrialSerializer})
    def post(self, request: Request, channel_id: str) -> Response:
        """Send a marked sample to a channel, once. The answer says how it went."""
        Parameters.of(request)
        return Response(trial_json(try_channel(own_channel(request, channel_id), timezone.now())))


class AlertTestView(OwnVersions):
    @extend_schema(operation_id="alert_test", request=None, responses={200: TrialSerializer(many=True)})
    def post(self, request: Request, alert_id: str) -> Response:
        """Send a marked sample to every channel of a rule, once. The answer says how each went."""
        Parameters.of(request)
        rule = present_rule(request, alert_id)
        now = timezone.now()
        trials = [try_channel(channel, now, rule.name) for channel in rule.channels.filter(is_active=True)]
        return Response([trial_json(trial) for trial in trials])


class ChannelDeliveriesView(OwnVersions):
    @extend_schema(
        operation_id="channel_deliveries", parameters=[PageParameters], responses=DeliveryPageSerializer
    )
    def get(self, request: Request, channel_id: str) -> HttpResponseBase:
        """What a channel was told or is to be told. The newest comes first."""
        asked = PageParameters.of(request)
        channel, mine = named_channel(request, channel_id), readable_projects(request)
        found = Delivery.objects.filter(in_projects(mine, "event__rule__project"), channel=channel)
        offset, limit = asked["offset"], asked["limit"]
        page = found.select_related("event__rule")[offset : offset + limit]
        items = [delivery_json(each) for each in page]
        body = page_body(items, found.count(), asked)
        return self.answered(request, body, f'W/"{digest_of(body)}"')


class DeliveryAgainView(OwnVersions):
    @extend_schema(operation_id="delivery_again", request=None, responses={200: DeliverySerializer})
    def post(self, request: Request, delivery_id: str) -> Response:
        """Send what was given up once more. Its message keeps its id."""
        Parameters.of(request)
        is_key = delivery_id.isascii() and delivery_id.isdecimal() and len(delivery_id) <= MAX_KEY_DIGITS
        mine = Delivery.objects.filter(in_projects(readable_projects(request), "event__rule__project"))
        found = mine.filter(pk=int(delivery_id)).first() if is_key else None
        if found is None:
            raise NotFound("There is no delivery with this id.")
        send_again(found, timezone.now())
        again = Delivery.objects.select_related("event__rule").get(pk=found.pk)
        return Response(delivery_json(again))


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": str(delivery.pk),
        "eventId": str(delivery.event_id),
        "alertId": delivery.event.rule.public_id,
        "message": delivery.event.message,
        "deliveryState": delivery.state,
        "messageId": delivery.message_id,
        "attempts": delivery.attempts,
        "createdAt": iso(delivery.created_at),
        "notBefore": iso(delivery.not_before),
        "sentAt": iso(delivery.sent_at),
        "lastError": delivery.last_error,
    }
