"""Which file is asked for, out of a query string."""

from typing import Any

from django import forms

from sessions.form_parts import project_of
from sessions.models import Project
from sessions.scope import Projects, only


class FileForm(forms.Form):
    """A path, and a project to look in; without one, all that may be read."""

    path = forms.CharField(required=False, strip=False)
    project = forms.CharField(required=False, max_length=200)

    def __init__(self, data: Any, readable: Projects = None) -> None:
        super().__init__(data)
        self._readable = readable

    def clean_project(self) -> Project | None:
        return project_of(self.cleaned_data["project"], readable=self._readable)

    @property
    def projects(self) -> Projects:
        """Where the file is looked for."""
        project = self.cleaned_data.get("project") if self.is_valid() else None
        return only(project.pk) if project else self._readable

    @property
    def wanted(self) -> str:
        """The path that is asked for, "" where none is, or where the project is not known."""
        return self.cleaned_data["path"] if self.is_valid() else ""

    @property
    def problems(self) -> list[str]:
        """Everything that was not understood, a sentence each."""
        return [str(sentence) for sentences in self.errors.values() for sentence in sentences]
