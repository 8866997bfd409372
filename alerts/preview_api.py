"""The API that says what a rule would have done, and what rules there are to begin with."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from alerts import serializers as shapes
from alerts.api import NEW_RULE, OwnVersions, digest_of
from alerts.models import AlertRule
from alerts.presets import PRESETS
from alerts.preview import LONGEST, Preview, preview
from alerts.replay import Transition
from alerts.representation import number
from alerts.rule_input import draft_rule
from sessions.api_fields import iso
from sessions.api_parameters import Parameters
from sessions.scope import readable_projects
from sessions.serializer_fields import InstantField

USUAL = timedelta(days=30)


class PreviewInput(shapes.StrictSerializer):
    """A rule as for making one, and the stretch of the past to try it on."""

    rule = shapes.RuleInput()
    start = serializers.DateTimeField(
        required=False, help_text="Default: 30 days before the end. At most 90 days before it."
    )
    end = serializers.DateTimeField(required=False, help_text="Default: now.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        end = min(attrs.get("end", timezone.now()), timezone.now())
        start = attrs.get("start", end - USUAL)
        if start >= end:
            raise ValidationError({"start": ["The start must be before the end, and before now."]})
        if end - start > LONGEST:
            raise ValidationError({"start": [f"A preview goes over {LONGEST.days} days at most."]})
        return {"rule": attrs["rule"], "start": start, "end": end}


class PreviewPointSerializer(serializers.Serializer[Any]):
    at = InstantField()
    value = serializers.FloatField(allow_null=True)
    limit = serializers.FloatField(
        allow_null=True, help_text="The value at which it fires; null where what is usual is not known."
    )
    group = serializers.DictField(child=serializers.CharField())


class PreviewTransitionSerializer(serializers.Serializer[Any]):
    at = InstantField()
    group = serializers.DictField(child=serializers.CharField())
    subject = serializers.CharField(allow_blank=True)
    limit = serializers.FloatField(help_text="Which of the rule's thresholds it is about.")
    fromState = serializers.ChoiceField(shapes.STATES)
    toState = serializers.ChoiceField(shapes.STATES)
    reason = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    threshold = serializers.FloatField()
    samples = serializers.IntegerField()


class SuggestedSerializer(serializers.Serializer[Any]):
    """Thresholds that one value in twenty, or one in a hundred, passes."""

    p95 = serializers.FloatField(allow_null=True)
    p99 = serializers.FloatField(allow_null=True)


class PreviewSerializer(serializers.Serializer[Any]):
    """What the rule would have done."""

    sentence = serializers.CharField(help_text="The rule in plain words.")
    points = PreviewPointSerializer(many=True)
    limits = serializers.ListField(
        child=serializers.FloatField(), help_text="Thresholds, as the rule has them."
    )
    transitions = PreviewTransitionSerializer(many=True, help_text="At most 1000.")
    fired = serializers.IntegerField()
    notifications = serializers.IntegerField(help_text="Before grouping and caps.")
    firingSeconds = serializers.IntegerField()
    noisiest = serializers.DictField(child=serializers.CharField(), allow_null=True)
    suggested = SuggestedSerializer()
    groupsLeftOut = serializers.IntegerField()


class PresetSerializer(serializers.Serializer[Any]):
    """A rule to begin with; `rule` can be sent back to make one."""

    id = serializers.CharField()
    description = serializers.CharField()
    rule = shapes.RuleFields()


class PreviewView(OwnVersions):
    @extend_schema(
        operation_id="alert_preview",
        request=PreviewInput,
        responses={200: PreviewSerializer},
        examples=[
            OpenApiExample("A dear session, lately", value={"rule": NEW_RULE.value}, request_only=True)
        ],
    )
    def post(self, request: Request) -> Response:
        """What a rule would have done in the past. The evaluation is the live one; nothing is written."""
        Parameters.of(request)
        read = PreviewInput(data=request.data)
        read.is_valid(raise_exception=True)
        asked = read.validated_data
        try:
            rule = draft_rule(asked["rule"], projects=readable_projects(request))
        except ValidationError as error:
            raise ValidationError({"rule": error.detail}) from None
        told = preview(rule, asked["start"], asked["end"], timezone.now())
        return Response(preview_json(rule, told))


class PresetsView(OwnVersions):
    @extend_schema(operation_id="alert_presets", responses=PresetSerializer(many=True))
    def get(self, request: Request) -> HttpResponseBase:
        """Rules to begin with, as a bare array."""
        Parameters.of(request)
        body = [{"id": each.id, "description": each.description, "rule": each.rule} for each in PRESETS]
        return self.answered(request, body, f'W/"{digest_of(body)}"')


def preview_json(rule: AlertRule, told: Preview) -> dict[str, Any]:
    names = rule.group_by
    return {
        "sentence": told.sentence,
        "points": [
            {
                "at": iso(point.at),
                "value": number(point.value),
                "limit": number(point.limit),
                "group": _group(names, point.group),
            }
            for point in told.points
        ],
        "limits": [float(limit) for limit in told.limits],
        "transitions": [_transition(names, each) for each in told.transitions],
        "fired": told.fired,
        "notifications": told.notifications,
        "firingSeconds": told.firing_seconds,
        "noisiest": None if told.noisiest is None else _group(names, told.noisiest),
        "suggested": {name: number(value) for name, value in told.suggested.items()},
        "groupsLeftOut": told.groups_left_out,
    }


def _group(names: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    return dict(zip(names, values, strict=False))


def _transition(names: Sequence[str], each: Transition) -> dict[str, Any]:
    group, subject, limit = each.place
    return {
        "at": iso(each.at),
        "group": _group(names, group),
        "subject": subject,
        "limit": float(limit),
        "fromState": each.before,
        "toState": each.after,
        "reason": each.reason,
        "value": number(each.value),
        "threshold": float(each.threshold),
        "samples": each.samples,
    }
