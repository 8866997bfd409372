"""What several forms read in the same way: projects by name, and dates in a zone."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from sessions.date_bounds import reporting_zone
from sessions.models import Project
from sessions.scope import Projects, in_projects, only

Bound = Callable[[str, ZoneInfo], datetime]


LEFT_OUT = "This filter is left out."


class ReadableForm(forms.Form):
    """What may be asked of the projects that somebody may read. What is wrong is said, and left out."""

    project = forms.CharField(required=False, max_length=200)

    def __init__(self, data: Any, readable: Projects = None) -> None:
        super().__init__(data)
        self._readable = readable

    def clean_project(self) -> Project | None:
        return project_of(self.cleaned_data["project"], readable=self._readable)

    @property
    def projects(self) -> Projects:
        """The project that was asked for, else all that may be read."""
        self.is_valid()
        project = self.cleaned_data.get("project")
        return only(project.pk) if project else self._readable

    @property
    def problems(self) -> list[str]:
        """Everything that was not understood, a sentence each."""
        return [f"{text} {LEFT_OUT}" for texts in self.errors.values() for text in texts]


def project_of(name: str, otherwise: str = "", *, readable: Projects = None) -> Project | None:
    """The project of an id or slug, None for an empty name. Raises ValidationError where there is none to read.

    `otherwise` ends the sentence with what is shown instead.
    """
    name = name.strip()
    project: Project | None = _named(name, readable) if name else None
    if name and project is None:
        raise forms.ValidationError(f"There is no project “{name:.40}”{otherwise}.")
    return project


def _named(name: str, readable: Projects) -> Project | None:
    found: Project | None = Project.objects.filter(in_projects(readable, "pk")).named(name).first()
    return found


def read_moments(form: forms.Form, bounds: Mapping[str, Bound]) -> None:
    """Replace each named field's text by its moment in the form's zone (`tz`), None where there is none.

    What is not understood becomes an error of its field.
    """
    zone = _zone_of(form)
    for name, read in bounds.items():
        given = form.cleaned_data.get(name)
        moment = None
        try:
            moment = read(given, zone) if given else None
        except ValueError as error:
            form.add_error(name, str(error))  # which takes the field out of cleaned_data
        form.cleaned_data[name] = moment


def _zone_of(form: forms.Form) -> ZoneInfo:
    try:
        return reporting_zone(form.cleaned_data.get("tz") or "")
    except ValueError as error:
        form.add_error("tz", str(error))
        return reporting_zone()
