"""The API about rules and their history. Legacy clients know seven fields of a rule; everything else is optional."""

import re
from hashlib import blake2b
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts import serializers as shapes
from alerts.editing import RuleConflict, StaleVersion, change_rule, create_rule, delete_rule
from alerts.models import AlertEvent, AlertRule
from alerts.representation import event_json, rules_json
from alerts.rule_input import rule_values
from sessions.acts import tell
from sessions.api_parameters import PageParameters, Parameters, ProjectParameters, page_body
from sessions.scope import readable_projects

VERSION = re.compile(r'\A(?:W/)?"(\d{1,9})(?:\.[0-9a-f]+)?"\Z')
NEW_RULE = OpenApiExample(
    "A dear session",
    value={"name": "Dear session", "metric": "session_cost", "operator": ">", "threshold": 5},
    request_only=True,
)
CHANGED_RULE = OpenApiExample("Switched off", value={"isActive": False}, request_only=True)


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class Stale(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "stale"
    default_detail = "The rule was changed since it was read; read it again."


class OwnVersions(APIView):
    """Answers that change without a sync, and so carry an ETag of their own instead of the data's."""

    is_versioned_by_data = False

    def answered(self, request: Request, body: Any, etag: str) -> HttpResponseBase:
        """The body, or 304 for whoever has it already."""
        unchanged = get_conditional_response(request._request, etag=etag)
        response: HttpResponseBase = unchanged or Response(body)
        response.headers["ETag"] = etag
        patch_cache_control(response, private=True, no_cache=True)
        return response


def digest_of(body: Any) -> str:
    return blake2b(repr(body).encode("utf-8", "replace"), digest_size=8).hexdigest()


def present_rule(request: Request, alert_id: str, *, including_deleted: bool = False) -> AlertRule:
    """The rule of an id. Raises NotFound for one that is unknown or not the asker's to read."""
    rules = AlertRule.objects.all() if including_deleted else AlertRule.objects.present()
    mine = rules.readable(readable_projects(request)).select_related("project")
    found = mine.filter(public_id=alert_id).order_by("-id").first()
    if found is None:
        raise NotFound("There is no alert with this id.")
    tell(request, found.name, found.project)
    rule: AlertRule = found
    return rule


def asked_version(request: Request) -> int | None:
    """The version that If-Match names; None for any. Raises Stale for what cannot be the version of a rule."""
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        return None
    found = VERSION.match(header)
    if found is None:
        raise Stale
    return int(found[1])


def who(request: Request) -> str:
    return str(request.user) if request.user.is_authenticated else ""


def rule_json(rule: AlertRule) -> dict[str, Any]:
    [told] = rules_json([rule])
    return told


def rule_etag(told: dict[str, Any]) -> str:
    """The version, which If-Match is about, and what else the answer says."""
    return f'"{told["version"]}.{digest_of(told)}"'


class AlertListView(OwnVersions):
    more_errors = {"POST": ("409",)}

    @extend_schema(
        operation_id="alerts",
        parameters=[ProjectParameters],
        responses=shapes.RuleSerializer(many=True),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Every alert rule and how it stands, as a bare array. The oldest comes first."""
        asked = ProjectParameters.of(request)
        projects = asked["projects"]
        rules = AlertRule.objects.present().readable(readable_projects(request)).seen_from(projects)
        rules = rules.select_related("project")
        body = rules_json(list(rules.prefetch_related("channels")))
        return self.answered(request, body, f'W/"{digest_of(body)}"')

    @extend_schema(
        operation_id="alert_create",
        request=shapes.RuleInput,
        responses={201: shapes.RuleSerializer},
        examples=[NEW_RULE],
    )
    def post(self, request: Request) -> Response:
        """Make an alert rule. Name, metric, operator and threshold are required; the rest has defaults."""
        Parameters.of(request)
        read = shapes.RuleInput(data=request.data)
        read.is_valid(raise_exception=True)
        projects = readable_projects(request)
        if projects is not None and "public_id" in read.validated_data:
            # That an id is taken would tell of a rule that must not be known of.
            raise ValidationError(
                {"id": ["A token that is for some projects lets the server choose the id."]}
            )
        values, channels = rule_values(read.validated_data, projects=projects)
        try:
            rule = create_rule(values, channels or [], now=timezone.now(), by=who(request))
        except RuleConflict as error:
            raise Conflict(str(error)) from None
        tell(request, rule.name, rule.project)
        told = rule_json(rule)
        return Response(told, status=status.HTTP_201_CREATED, headers={"ETag": rule_etag(told)})


class AlertView(OwnVersions):
    more_errors = {"PATCH": ("409", "412"), "DELETE": ("412",)}

    @extend_schema(operation_id="alert", responses=shapes.RuleSerializer)
    def get(self, request: Request, alert_id: str) -> HttpResponseBase:
        """One alert rule and how it stands. Its ETag begins with its version, which `If-Match` takes back."""
        Parameters.of(request)
        told = rule_json(present_rule(request, alert_id))
        return self.answered(request, told, rule_etag(told))

    @extend_schema(
        operation_id="alert_change",
        request=shapes.RuleFields(partial=True),
        responses=shapes.RuleSerializer,
        examples=[CHANGED_RULE],
    )
    def patch(self, request: Request, alert_id: str) -> Response:
        """Change some fields of an alert rule. A change of meaning starts it afresh; `null` empties what may be."""
        Parameters.of(request)
        rule = present_rule(request, alert_id)
        version = asked_version(request)
        if version is not None and version != rule.version:
            raise Stale
        read = shapes.RuleFields(data=request.data, partial=True)
        read.is_valid(raise_exception=True)
        values, channels = rule_values(read.validated_data, rule, projects=readable_projects(request))
        try:
            change_rule(rule, values, channels, now=timezone.now(), by=who(request), version=version)
        except RuleConflict as error:
            raise Conflict(str(error)) from None
        except StaleVersion:
            raise Stale from None
        told = rule_json(present_rule(request, alert_id))
        return Response(told, headers={"ETag": rule_etag(told)})

    @extend_schema(
        operation_id="alert_delete",
        request=None,
        responses={200: shapes.DeletedSerializer},
    )
    def delete(self, request: Request, alert_id: str) -> Response:
        """Delete an alert rule. What it recorded stays and can be read under its id."""
        Parameters.of(request)
        rule = present_rule(request, alert_id)
        try:
            delete_rule(rule, now=timezone.now(), by=who(request), version=asked_version(request))
        except StaleVersion:
            raise Stale from None
        return Response({"status": "ok", "id": alert_id})


class AlertEventsView(OwnVersions):
    @extend_schema(
        operation_id="alert_events",
        parameters=[PageParameters],
        responses=shapes.EventPageSerializer,
    )
    def get(self, request: Request, alert_id: str) -> HttpResponseBase:
        """Every change of state of an alert rule. The newest comes first, with value, threshold and evidence."""
        asked = PageParameters.of(request)
        rule = present_rule(request, alert_id, including_deleted=True)
        events = AlertEvent.objects.filter(rule=rule)
        offset, limit = asked["offset"], asked["limit"]
        page = events.select_related("rule", "instance")[offset : offset + limit]
        items = [event_json(event) for event in page]
        body = page_body(items, events.count(), asked)
        return self.answered(request, body, f'W/"{digest_of(body)}"')
