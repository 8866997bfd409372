"""Reading the audit log: filtered for a page, a file, a terminal."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django import forms

from sessions.date_bounds import lower_bound, upper_bound
from sessions.exporting.writing import as_csv
from sessions.form_parts import ReadableForm, read_moments
from sessions.forms import MomentField
from sessions.scope import Projects
from telemetry_site.audit.actions import known_actions
from telemetry_site.models import AuditEntry, AuditEntryQuerySet

COLUMNS = ("at", "actor", "way", "token", "address", "action", "subject", "project")


class AuditForm(ReadableForm):
    """Filters of the log. What is wrong is said, and left out."""

    actor = forms.CharField(required=False, max_length=150)
    action = forms.ChoiceField(required=False)
    q = forms.CharField(required=False, max_length=200)
    start = MomentField(required=False, max_length=60)
    end = MomentField(required=False, max_length=60)
    tz = forms.CharField(required=False, max_length=100)

    def __init__(self, data: Any, readable: Projects = None) -> None:
        super().__init__(data, readable)
        choices = [("", "Anything"), *((action, action) for action in known_actions())]
        self.fields["action"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        read_moments(self, {"start": lower_bound, "end": upper_bound})
        return self.cleaned_data

    def entries(self) -> AuditEntryQuerySet:
        """What was asked for of what may be read, the newest first."""
        self.is_valid()
        asked = self.cleaned_data
        return audit_entries(
            self.projects,
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


def csv_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """The log as CSV with a head; no cell is a formula."""
    return as_csv(COLUMNS, map(row_of, entries))


def row_of(entry: AuditEntry) -> dict[str, str]:
    cells = {name: str(getattr(entry, name)) for name in COLUMNS}
    return cells | {"at": entry.at.isoformat(timespec="seconds")}
