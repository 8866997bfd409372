"""What the lists of planned work read from a query string."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from sessions.api_parameters import PageParameters, ProjectParameters
from sessions.exporting.downloads import ExportParameters
from tasks.models import ProjectTask, Status

_CATEGORY_HELP = "The category that plans give it, by the whole name."
_PHASE_HELP = "A phase, as plans name it, such as 2."
_DAY_HELP = "ISO date, that day included."


class PlanParameters(PageParameters, ProjectParameters, ExportParameters):
    status = serializers.ChoiceField(Status.choices, required=False, help_text="How it stands.")
    owner = serializers.CharField(required=False, max_length=200, help_text="Whose it is, by the whole name.")
    q = serializers.CharField(required=False, max_length=500, help_text="Words that must all occur.")


class CompletedParameters(PlanParameters):
    completed_start = serializers.DateField(required=False, help_text=f"Completed from here on: {_DAY_HELP}")
    completed_end = serializers.DateField(required=False, help_text=f"Completed until here: {_DAY_HELP}")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, end = attrs.get("completed_start"), attrs.get("completed_end")
        if start and end and end < start:
            raise ValidationError({"completed_end": ["It must not be before completed_start."]})
        return attrs


class TaskParameters(CompletedParameters):
    feature = serializers.CharField(required=False, max_length=200, help_text="Slug or key of a feature.")
    phase = serializers.CharField(required=False, max_length=60, help_text=_PHASE_HELP)
    kind = serializers.ChoiceField(
        ProjectTask.Kind.values,
        required=False,
        help_text="An entry of a task list, a plan carried out as a whole, or a check-list item.",
    )


class FeatureParameters(CompletedParameters):
    category = serializers.CharField(required=False, max_length=200, help_text=_CATEGORY_HELP)


class DocumentParameters(PlanParameters):
    feature = serializers.CharField(required=False, max_length=200, help_text="Slug or key of a feature.")
    phase = serializers.CharField(required=False, max_length=60, help_text=_PHASE_HELP)
    category = serializers.CharField(required=False, max_length=200, help_text=_CATEGORY_HELP)
    doc_type = serializers.CharField(
        required=False, max_length=40, help_text="What the file is, such as prd or progress."
    )
    doc_subtype = serializers.CharField(
        required=False, max_length=40, help_text="The same, finer, such as progress_phase."
    )
    include_progress = serializers.BooleanField(
        required=False, allow_null=True, default=True, help_text="Whether files that follow work are listed."
    )
