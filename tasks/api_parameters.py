"""What the lists of planned work read from a query string."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from sessions.api_parameters import PageParameters, ProjectParameters, projects_of
from tasks.models import ProjectTask, Status

_DAY_HELP = "ISO date, that day included."


class PlanParameters(PageParameters, ProjectParameters):
    status = serializers.ChoiceField(Status.choices, required=False)
    owner = serializers.CharField(required=False, max_length=200)
    q = serializers.CharField(required=False, max_length=500, help_text="Words that must all occur.")

    def filters(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What was given, in the terms of `tasks.filters`. Raises NotFound for an unknown project."""
        return asked | {"projects": projects_of(asked.get("project"))}


class CompletedParameters(PlanParameters):
    completed_start = serializers.DateField(required=False, help_text=_DAY_HELP)
    completed_end = serializers.DateField(required=False, help_text=_DAY_HELP)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, end = attrs.get("completed_start"), attrs.get("completed_end")
        if start and end and end < start:
            raise ValidationError({"completed_end": ["It must not be before completed_start."]})
        return attrs


class TaskParameters(CompletedParameters):
    feature = serializers.CharField(required=False, max_length=200, help_text="Slug or key of a feature.")
    phase = serializers.CharField(required=False, max_length=60, help_text="How plans name it, such as 2.")
    kind = serializers.ChoiceField(ProjectTask.Kind.values, required=False)


class FeatureParameters(CompletedParameters):
    category = serializers.CharField(required=False, max_length=200)


class DocumentParameters(PlanParameters):
    feature = serializers.CharField(required=False, max_length=200, help_text="Slug or key of a feature.")
    phase = serializers.CharField(required=False, max_length=60)
    category = serializers.CharField(required=False, max_length=200)
    doc_type = serializers.CharField(required=False, max_length=40)
    doc_subtype = serializers.CharField(required=False, max_length=40)
    include_progress = serializers.BooleanField(
        required=False, allow_null=True, default=True, help_text="Whether files that follow work are listed."
    )
