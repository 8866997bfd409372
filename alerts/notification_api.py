"""The API about what the bell shows."""

from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from alerts import serializers as shapes
from alerts.api import OwnVersions, digest_of
from alerts.models import Notification
from alerts.representation import notification_json, notifications_json
from sessions.api_parameters import PageParameters, Parameters, ProjectParameters, projects_of
from sessions.scope import readable_projects

MAX_KEY_DIGITS = 18


class NotificationParameters(PageParameters, ProjectParameters):
    unread = serializers.BooleanField(required=False, help_text="Only those that nobody has read.")


class NotificationListView(OwnVersions):
    @extend_schema(
        operation_id="notifications",
        parameters=[NotificationParameters],
        responses=shapes.NotificationSerializer(many=True),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """What alerts have said, as a bare array. The latest recorded comes first."""
        asked = NotificationParameters.of(request)
        found = seen_by(request, asked.get("project"))
        if asked.get("unread"):
            found = found.unread()
        offset, limit = asked["offset"], asked["limit"]
        body = notifications_json(found.select_related("event__rule")[offset : offset + limit])
        return self.answered(request, body, f'W/"{digest_of(body)}"')


class NotificationView(OwnVersions):
    @extend_schema(
        operation_id="notification_change",
        request=shapes.ReadInput,
        responses=shapes.NotificationSerializer,
        examples=[OpenApiExample("Read", value={"isRead": True}, request_only=True)],
    )
    def patch(self, request: Request, notification_id: str) -> Response:
        """Mark a notification as read or unread."""
        Parameters.of(request)
        found = _notification(request, notification_id)
        read = shapes.ReadInput(data=request.data)
        read.is_valid(raise_exception=True)
        values: dict[str, Any] = read.validated_data
        found.is_read = values["is_read"]
        found.read_at = (found.read_at or timezone.now()) if found.is_read else None
        found.save(update_fields=["is_read", "read_at"])
        return Response(notification_json(found))


class ReadAllView(OwnVersions):
    @extend_schema(
        operation_id="notifications_read_all",
        parameters=[ProjectParameters],
        request=None,
        responses=shapes.ReadAllSerializer,
    )
    def post(self, request: Request) -> Response:
        """Mark every notification as read, or every one of a project."""
        asked = ProjectParameters.of(request)
        mine = seen_by(request, asked.get("project")).unread()
        return Response({"status": "ok", "read": mine.update(is_read=True, read_at=timezone.now())})


def seen_by(request: Request, project: str | None) -> Any:
    """What the asker may read of what a project's rules said, and those over all projects."""
    mine = Notification.objects.readable(readable_projects(request))
    return mine.seen_from(projects_of(request, project))


def _notification(request: Request, name: str) -> Notification:
    is_key = name.isascii() and name.isdecimal() and len(name) <= MAX_KEY_DIGITS
    mine = seen_by(request, None).select_related("event__rule")
    found = mine.filter(pk=int(name)).first() if is_key else None
    if found is None:
        raise NotFound("There is no notification with this id.")
    notification: Notification = found
    return notification
