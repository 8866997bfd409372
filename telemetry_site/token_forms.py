"""What a person says of a token that is to be made."""

from datetime import datetime, timedelta
from typing import Any

from django import forms

from sessions.models import Project
from sessions.scope import Projects, in_projects
from telemetry_site.models import ApiToken

Scope = ApiToken.Scope

LIFETIMES = [("30", "in 30 days"), ("90", "in 90 days"), ("365", "in a year"), ("", "never")]
EXPLAINED = {
    Scope.READ: "sessions, transcripts, plans and figures",
    Scope.METRICS_READ: "figures for monitoring, no transcripts",
    Scope.WRITE: "also links, alerts and notifications",
    Scope.INGEST: "start a sync, send transcripts; reads nothing",
    Scope.ADMIN: "whatever the API can do, now and later",
}


class ApiTokenForm(forms.Form):
    """A name, one scope or more, the projects it is bound to (none: every project) and how long it lasts."""

    name = forms.CharField(max_length=100)
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.label) for scope in Scope],
        error_messages={"required": "Choose what the token may do."},
    )
    projects = forms.ModelMultipleChoiceField(Project.objects.all(), required=False)
    lifetime = forms.ChoiceField(choices=LIFETIMES, required=False)

    def __init__(self, data: Any = None, *, may_administer: bool = True, projects: Projects = None) -> None:
        super().__init__(data, initial={"scopes": [Scope.READ.value], "lifetime": "90"})
        self._projects = Project.objects.filter(in_projects(projects, "pk"))
        self.fields["projects"].queryset = self._projects  # type: ignore[attr-defined]
        if not may_administer:
            choices = [(scope.value, scope.label) for scope in Scope if scope != Scope.ADMIN]
            self.fields["scopes"].choices = choices  # type: ignore[attr-defined]

    def expires_at(self, now: datetime) -> datetime | None:
        """The end of the chosen lifetime; None for never."""
        days = self.cleaned_data["lifetime"]
        return now + timedelta(days=int(days)) if days else None

    def bound_projects(self) -> list[Project] | None:
        return list(self.cleaned_data["projects"]) or None

    def scope_choices(self) -> list[dict[str, Any]]:
        """What can be ticked, for the page: value, words, what it means, whether it is ticked."""
        chosen = self["scopes"].value() or []
        offered: list[tuple[str, str]] = self.fields["scopes"].choices  # type: ignore[attr-defined]
        return [
            {"value": value, "label": label, "help": EXPLAINED[Scope(value)], "chosen": value in chosen}
            for value, label in offered
        ]

    def project_choices(self) -> list[dict[str, Any]]:
        chosen = {str(value) for value in self["projects"].value() or []}
        return [{"value": p.pk, "label": p.name, "chosen": str(p.pk) in chosen} for p in self._projects]
