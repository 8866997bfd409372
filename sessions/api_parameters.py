"""What API views of every app read from a query string, strictly: whatever is not understood is refused by name."""

from typing import Any

from django.forms import Form
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request

from sessions.models import Project
from sessions.scope import Projects, only

MAX_LIMIT = 1000
MAX_OFFSET = 2**31 - 1


class Parameters(serializers.Serializer[Any]):
    """The query parameters a view knows. A parameter it does not know is an error, not ignored."""

    @classmethod
    def of(cls, request: Request) -> dict[str, Any]:
        """The validated parameters of a request. Raises ValidationError with a sentence for each bad one."""
        refuse_unknown(request.query_params, cls().fields)
        given = cls(data=request.query_params.dict())
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)


class PageParameters(Parameters):
    """Where a page of a list starts and how long it may be."""

    offset = serializers.IntegerField(min_value=0, max_value=MAX_OFFSET, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=100)


class ProjectParameters(Parameters):
    project = serializers.CharField(
        required=False, allow_blank=True, help_text="Id or slug of a project; every project when absent."
    )


def refuse_unknown(given: QueryDict, known: Any) -> None:
    """Raise ValidationError for parameters that are not among the `known` names, or are given twice."""
    known_names = ", ".join(sorted(known)) or "none"
    errors = {
        name: [f"This parameter is not known here; known are {known_names}."]
        for name in given
        if name not in known
    }
    errors |= {
        name: ["This parameter was given more than once."]
        for name, values in given.lists()
        if len(values) > 1 and name in known
    }
    if errors:
        raise ValidationError(errors)


def projects_of(name: str | None) -> Projects:
    """The project of this id or slug; every project for no name. Raises NotFound for an unknown one."""
    if not name:
        return None
    found = Project.objects.named(name).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound("There is no project with this id or slug; /api/projects lists them all.")
    return only(int(found))


def cleaned(form: Form) -> dict[str, Any]:
    """A form's cleaned data; its errors are raised in the API's shape."""
    if not form.is_valid():
        errors = {name: [str(e) for e in found] for name, found in form.errors.items()}
        raise ValidationError(errors)
    return form.cleaned_data
