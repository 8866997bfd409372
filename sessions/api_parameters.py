"""What API views of every app read from a query string, strictly: whatever is not understood is refused by name."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.forms import CharField, DecimalField, Field, Form, IntegerField
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request

from sessions.api_fields import MOMENT_SCHEMA
from sessions.forms import MomentField
from sessions.models import AgentSession, Project
from sessions.scope import Projects, in_projects, only, readable_projects
from sessions.selectors import session

MAX_LIMIT = 1000
MAX_OFFSET = 2**31 - 1


class Parameters(serializers.Serializer[Any]):
    """The query parameters a view knows. A parameter it does not know is an error, not ignored."""

    @classmethod
    def of(cls, request: Request) -> dict[str, Any]:
        """The validated parameters of a request. Raises ValidationError with a sentence for each bad one.

        A view that knows `project` finds in `projects` what the answer may be about: the project that was named, or
        all that the asker may read. Raises NotFound for one that is unknown or not the asker's.
        """
        return cls.read(request.query_params, readable_projects(request))

    @classmethod
    def read(cls, given: QueryDict, readable: Projects = None) -> dict[str, Any]:
        """The same of a query that did not come as a request, by someone who may read these projects."""
        asked = cls(data=given.dict())
        refuse_unknown(given, asked.fields)
        asked.is_valid(raise_exception=True)
        found = dict(asked.validated_data)
        return found | {"projects": projects_named(found.get("project"), readable)}


class Body(serializers.Serializer[Any]):
    """The body of a request. A field it does not know is an error, not ignored."""

    @classmethod
    def of(cls, request: Request) -> dict[str, Any]:
        """The validated body; no query parameter is known. Raises ValidationError with a sentence for each fault."""
        refuse_unknown(request.query_params, ())
        given = cls(data=request.data)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(data.keys() - self.fields.keys())):
            known = ", ".join(sorted(self.fields)) or "none"
            raise ValidationError(
                {name: [f"This field is not known here; known are {known}."] for name in unknown}
            )
        return super().to_internal_value(data)


def page_body(items: Sequence[Any], total: int, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A page of a list as every list is answered, for what `PageParameters` asked."""
    return {"items": items, "total": total, "offset": asked["offset"], "limit": asked["limit"]}


class PageParameters(Parameters):
    """Where a page of a list starts and how long it may be."""

    offset = serializers.IntegerField(
        min_value=0, max_value=MAX_OFFSET, default=0, help_text="How many to leave out before the first."
    )
    limit = serializers.IntegerField(
        min_value=1, max_value=MAX_LIMIT, default=100, help_text="How many at most."
    )


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


def projects_of(request: Request, name: str | None) -> Projects:
    """The project of this id or slug; for no name, all that the asker may read. Raises NotFound."""
    return projects_named(name, readable_projects(request))


def projects_named(name: str | None, readable: Projects = None) -> Projects:
    """The one of the readable projects that has this id or slug; for no name, all of them.

    Raises NotFound for one that is unknown, and with the same words for one that may not be read.
    """
    if not name:
        return readable
    found = (
        Project.objects.filter(in_projects(readable, "pk")).named(name).values_list("pk", flat=True).first()
    )
    if found is None:
        raise NotFound("There is no project with this id or slug; /api/projects lists them all.")
    return only(int(found))


def named_session(session_id: str, projects: Projects) -> AgentSession:
    """The session of this id. Raises NotFound for one that is unknown, or in none of the projects."""
    found = session(session_id, projects=projects)
    if found is None:
        raise NotFound("There is no session with this id.")
    return found


def cleaned(form: Form) -> dict[str, Any]:
    """A form's cleaned data; its errors are raised in the API's shape."""
    if not form.is_valid():
        errors = {name: [str(e) for e in found] for name, found in form.errors.items()}
        raise ValidationError(errors)
    return form.cleaned_data


# An integer is a decimal's kin, text is neither's.
_JSON_TYPES: dict[type[Field], str] = {DecimalField: "number", IntegerField: "integer", CharField: "string"}


def form_parameters(form: type[Form]) -> list[OpenApiParameter]:
    """How `/api/schema` describes the parameters that a form reads."""
    return [
        OpenApiParameter(name, _form_field_schema(field), description=str(field.help_text))
        for name, field in form.base_fields.items()
    ]


def _form_field_schema(field: Field) -> dict[str, Any]:
    if isinstance(field, MomentField):
        return MOMENT_SCHEMA
    choices: Any = getattr(field, "choices", None)
    if choices is not None:
        # An empty filter is none.
        return {"type": "string", "enum": [*(value for value, _ in choices if value), ""]}
    kind = next((kind for cls, kind in _JSON_TYPES.items() if isinstance(field, cls)), "boolean")
    limits = {
        "minimum": getattr(field, "min_value", None),
        "maximum": getattr(field, "max_value", None),
        "maxLength": getattr(field, "max_length", None),
    }
    return {"type": kind} | {name: limit for name, limit in limits.items() if limit is not None}
