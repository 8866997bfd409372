"""What may be asked of the lists of planned work. What is wrong is said, and left out."""

from typing import Any

from django import forms

from sessions.form_parts import ReadableForm
from tasks.models import Status

COMPLETE = "complete"  # done or deliberately put off
OPEN = "open"
SORTS = {"recent": "Last work", "cost": "Cost", "progress": "Progress"}
VIEWS = {"board": "Board", "list": "List"}
_STATUSES = [("", "Any"), *Status.choices]


class PlanFilterForm(ReadableForm):
    """Filters that every list of planned work has."""

    q = forms.CharField(required=False, max_length=200)

    @property
    def asked(self) -> dict[str, Any]:
        """What was understood; a project of None and an empty text are no filter."""
        self.is_valid()
        return self.cleaned_data

    @property
    def is_filtering(self) -> bool:
        return any(value for name, value in self.asked.items() if name not in ("sort", "view"))


class FeatureFilterForm(PlanFilterForm):
    status = forms.ChoiceField(required=False, choices=_STATUSES)
    sort = forms.ChoiceField(required=False, choices=list(SORTS.items()))
    view = forms.ChoiceField(required=False, choices=list(VIEWS.items()))


class TaskFilterForm(PlanFilterForm):
    """`feature` is a slug, `phase` a token; the range is of days of completion, both included."""

    feature = forms.CharField(required=False, max_length=200)
    phase = forms.CharField(required=False, max_length=60)
    status = forms.ChoiceField(
        required=False, choices=[*_STATUSES, (OPEN, "Open"), (COMPLETE, "Done or deferred")]
    )
    owner = forms.CharField(required=False, max_length=200)
    completed_from = forms.DateField(required=False)
    completed_to = forms.DateField(required=False)


class DocumentFilterForm(PlanFilterForm):
    """`type` is a document type as the documents have it."""

    type = forms.CharField(required=False, max_length=40)
    status = forms.ChoiceField(required=False, choices=[*_STATUSES, ("none", "Says nothing")])
