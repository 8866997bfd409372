"""The explorer: any metric of the catalogue, split and cut as asked; every state of it is its address."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from analytics.dashboard import Days, latest_data_at, nearest_data, shown_period
from analytics.exploration import Exploration, exploration
from analytics.explore_form import STEPS, VIEWS, ExploreForm, Question
from analytics.forms import PRESET_LABELS
from analytics.links import Links, ends
from analytics.metrics import DIMENSIONS, METRICS, Source
from analytics.periods import Period
from analytics.views import HtmxRequest
from sessions.scope import readable_projects
from sessions.selectors import projects_with_sessions

SOURCE_LABELS = {
    Source.USAGE: "Tokens and money",
    Source.SESSIONS: "Sessions",
    Source.TASKS: "Plans",
    Source.FEATURES: "Plans",
    Source.TOOLS: "Tools",
    Source.EVENTS: "Events",
    Source.FILES: "Tools",
    Source.READING: "Reading",
}


@require_safe
def explore_page(request: HtmxRequest) -> HttpResponse:
    """One metric over time, split by a dimension, as a chart and as numbers."""
    form = ExploreForm(request.GET, now=timezone.now(), readable=readable_projects(request))
    question = form.question()
    asked = question.asked
    latest_at = latest_data_at(asked.projects)
    period = shown_period(asked, latest_at)
    links = Links(period, asked.project.slug if asked.project else "", asked.tz)
    found = exploration(question, period, links)
    start, end = ends(found.period)
    context = {
        "form": form,
        "own_days": _with(request, period="custom", start=start, end=end),
        "found": found,
        "question": question,
        "days": Days.of(found.period),
        "was_moved": period is not asked.period,
        "is_empty": latest_at is None,
        "nearest": _nearest(request, found, latest_at),
        "projects": projects_with_sessions(readable_projects(request)),
        "api_address": api_address(found, period),
        **_choices(request, question),
    }
    template = "analytics/explore.html#answer" if request.htmx else "analytics/explore.html"
    return render(request, template, context)


def _nearest(request: HtmxRequest, found: Exploration, latest_at: datetime | None) -> dict[str, Any] | None:
    """Where a period without anything leads: as long a one that ends with the latest data."""
    if latest_at is None or found.whole.value or latest_at in found.period:
        return None
    there = nearest_data(latest_at, found.period)
    start, end = ends(there)
    return {"days": Days.of(there), "href": _with(request, period="custom", start=start, end=end)}


def api_address(found: Exploration, period: Period) -> str:
    """The call that gives the same numbers to a program."""
    question, asked = found.question, found.question.asked
    start, end = ends(period)
    given = {
        "metric": question.metric.id,
        "period": found.step.value,
        "group_by": question.by,
        "start": start,
        "end": end,
        "project": asked.project.slug if asked.project else "",
        "tz": asked.tz,
    }
    return f"{reverse('api-series')}?{urlencode({name: value for name, value in given.items() if value})}"


def _choices(request: HtmxRequest, question: Question) -> dict[str, Any]:
    groups: dict[str, list[Any]] = {}
    for metric in METRICS.values():
        groups.setdefault(SOURCE_LABELS[metric.source], []).append(metric)
    views = {
        name: label
        for name, label in VIEWS.items()
        if question.metric.adds_up or name not in ("stacked", "heat")
    }
    return {
        "metric_groups": groups.items(),
        "dimensions": [DIMENSIONS[id] for id in question.metric.series_dimensions],
        "steps": STEPS,
        "presets": [(name, label, _with(request, period=name)) for name, label in PRESET_LABELS.items()],
        "views": [(name, label, _with(request, view=name)) for name, label in views.items()],
    }


def _with(request: HtmxRequest, **changes: str) -> str:
    """This page with other parameters; another preset takes the place of dates."""
    given = {name: value for name, value in request.GET.items() if value}
    if "period" in changes:
        given = {name: value for name, value in given.items() if name not in ("start", "end")}
    return f"{reverse('explore')}?{urlencode(given | changes)}"
