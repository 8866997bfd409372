"""Reading the audit log: filtered for a page, a file, a terminal."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms

from sessions.date_bounds import lower_bound, upper_bound
from sessions.form_parts import project_of, read_moments
from sessions.forms import MomentField
from sessions.scope import Projects, only
from telemetry_site.audit.actions import known_actions
from telemetry_site.models import AuditEntry, AuditEntryQuerySet

COLUMNS = ("at", "actor", "way", "token", "address", "action", "subject", "project")
# A cell that begins with one of these is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class AuditForm(forms.Form):
    """Filters of the log. What is wrong is said, and left out."""

    actor = forms.CharField(required=False, max_length=150)
    action = forms.ChoiceField(required=False)
    project = forms.CharField(required=False, max_length=200)
    q = forms.CharField(required=False, max_length=200)
    start = MomentField(required=False, max_length=60)
    end = MomentField(required=False, max_length=60)
    tz = forms.CharField(required=False, max_length=100)

    def __init__(self, data: Any, projects: Projects = None) -> None:
        super().__init__(data)
        self._projects = projects
        choices = [("", "Anything"), *((action, action) for action in known_actions())]
        self.fields["action"].choices = choices  # type: ignore[attr-defined]

    def clean_project(self) -> Any:
        return project_of(self.cleaned_data["project"], readable=self._projects)

    def clean(self) -> dict[str, Any]:
        read_moments(self, {"start": lower_bound, "end": upper_bound})
        return self.cleaned_data

    @property
    def problems(self) -> list[str]:
        return [f"{text} This filter is left out." for texts in self.errors.values() for text in texts]

    def entries(self) -> AuditEntryQuerySet:
        """What was asked for of what may be read, the newest first."""
        self.is_valid()
        asked = self.cleaned_data
        project = asked.get("project")
        return audit_entries(
            only(project.pk) if project else self._projects,
            actor=asked.get("actor", ""),
            action=asked.get("action", ""),
            text=asked.get("q", ""),
            start=asked.get("start"),
            end=asked.get("end"),
        )


def audit_entries(
    projects: Projects = None,
    *,
    actor: str = "",
    action: str = "",
    text: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
) -> AuditEntryQuerySet:
    """Entries of these projects, the newest first; `end` is exclusive."""
    asked = {
        "actor__iexact": actor.strip(),
        "action": action,
        "subject__icontains": text.strip(),
        "at__gte": start,
        "at__lt": end,
    }
    found = AuditEntry.objects.of_projects(projects)
    return found.filter(**{name: value for name, value in asked.items() if value})


@dataclass
class Echo:
    """A file that gives back what is written, for the csv module."""

    def write(self, text: str) -> str:
        return text


def csv_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """The log as CSV with a head; no cell is a formula."""
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for entry in entries:
        yield writer.writerow(_harmless(value) for value in row_of(entry).values())


def row_of(entry: AuditEntry) -> dict[str, str]:
    cells = {name: str(getattr(entry, name)) for name in COLUMNS}
    return cells | {"at": entry.at.isoformat(timespec="seconds")}


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
