"""What may be asked of the pages with numbers over time, out of a query string."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings

from analytics.period_parameters import Preset, parse_period, preset_period
from analytics.periods import Period, PeriodError
from sessions.form_parts import project_of
from sessions.models import Project
from sessions.scope import Projects, only

DEFAULT_PRESET = Preset.THIRTY_DAYS
PRESET_LABELS = {
    Preset.TODAY: "Today",
    Preset.SEVEN_DAYS: "7 days",
    Preset.THIRTY_DAYS: "30 days",
    Preset.NINETY_DAYS: "90 days",
    Preset.TWELVE_MONTHS: "12 months",
    Preset.ALL: "All",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The part of the data a page is to show.

    `preset` is None for dates of one's own. `is_default`: nobody asked for a period, so another may be shown.
    `tz` is the zone's name as it was given, "" for the installation's own.
    """

    period: Period
    preset: Preset | None
    is_default: bool
    project: Project | None = None
    tz: str = ""
    readable: Projects = None

    @property
    def projects(self) -> Projects:
        return self.readable if self.project is None else only(self.project.pk)


class PeriodForm(forms.Form):
    """A preset or dates of one's own, a project and a zone. What is wrong is said, and the default is shown."""

    period = forms.CharField(required=False, max_length=40)
    start = forms.CharField(required=False, max_length=60)
    end = forms.CharField(required=False, max_length=60)
    project = forms.CharField(required=False, max_length=200)
    tz = forms.CharField(required=False, max_length=100)

    def __init__(self, data: Any, *, now: datetime, readable: Projects = None) -> None:
        super().__init__(data)
        self._readable = readable
        self._now = now
        self._zone = ZoneInfo(settings.TELEMETRY_TIME_ZONE)

    def clean_project(self) -> Project | None:
        return project_of(
            self.cleaned_data["project"], "; the figures are of all projects", readable=self._readable
        )

    def clean(self) -> dict[str, Any]:
        given = {name: self.cleaned_data.get(name) for name in ("start", "end", "tz")}
        preset = self.cleaned_data.get("period")
        try:
            self.cleaned_data["read"] = parse_period(
                now=self._now, default_zone=self._zone, preset=preset, default=DEFAULT_PRESET, **given
            )
        except PeriodError as error:
            for name, sentence in error.errors.items():
                self.add_error(name, sentence)
        return self.cleaned_data

    def asked(self) -> Asked:
        """What to show: what was asked for, and the default for what was not understood."""
        self.is_valid()
        data = self.cleaned_data
        project, period = data.get("project"), data.get("read")
        if period is None:
            fallback = preset_period(DEFAULT_PRESET, now=self._now, zone=self._zone)
            return Asked(fallback, DEFAULT_PRESET, is_default=True, project=project, readable=self._readable)
        chosen = data.get("period", "").strip()
        has_dates = bool(data.get("start", "").strip() or data.get("end", "").strip())
        preset = None if has_dates else Preset(chosen or DEFAULT_PRESET)
        is_default = not has_dates and not chosen
        return Asked(period, preset, is_default, project, data.get("tz", "").strip(), self._readable)

    @property
    def problems(self) -> list[str]:
        """Everything that was not understood, a sentence each."""
        return [str(sentence) for sentences in self.errors.values() for sentence in sentences]
