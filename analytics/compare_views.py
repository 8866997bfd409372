"""Pages beside the explorer: two sides compared, and which sessions served which features."""

from dataclasses import replace
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from analytics.comparison import Side, comparison
from analytics.correlation import CorrelationAsked, correlation
from analytics.dashboard import Days, latest_data_at, shown_period
from analytics.forms import PRESET_LABELS, Asked, PeriodForm
from analytics.links import Links
from analytics.selectors import narrowed
from analytics.views import HtmxRequest
from sessions.list_page import address, page_number
from sessions.scope import readable_projects
from sessions.selectors import projects_with_sessions

LINKS_ON_A_PAGE = 50


@require_safe
def compare_page(request: HtmxRequest) -> HttpResponse:
    """Two periods or two models side by side; without dates the latest one and the one before it."""
    now = timezone.now()
    forms_of_sides = [
        PeriodForm(_of_side(request, letter), now=now, readable=readable_projects(request)) for letter in "ab"
    ]
    first, second = (form.asked() for form in forms_of_sides)
    latest = shown_period(second, latest_data_at(second.projects))
    before = first.period
    if first.is_default:
        before = narrowed(latest, second.projects).preceding() or latest
    links = Links(latest, second.project.slug if second.project else "", second.tz)
    sides = (Side(before, _model(request, "a")), Side(latest, _model(request, "b")))
    if any(side.model for side in sides) and first.is_default and second.is_default:
        # Who names models and no days wants the models compared.
        sides = (replace(sides[0], period=latest), sides[1])
    found = comparison(*sides, projects=second.projects, links=links)
    context = {
        "found": found,
        "sides": [_side(letter, side, second) for letter, side in zip("ab", sides, strict=True)],
        "asked": second,
        "projects": projects_with_sessions(readable_projects(request)),
        "problems": [problem for form in forms_of_sides for problem in form.problems],
        "is_empty": latest_data_at(readable_projects(request)) is None,
        "part": "compare",
    }
    return render(
        request, "analytics/compare.html#answer" if request.htmx else "analytics/compare.html", context
    )


def _of_side(request: HtmxRequest, letter: str) -> dict[str, str]:
    given = {name: request.GET.get(f"{letter}_{name}", "") for name in ("start", "end")}
    return given | {name: request.GET.get(name, "") for name in ("project", "tz")}


def _model(request: HtmxRequest, letter: str) -> str:
    return request.GET.get(f"{letter}_model", "").replace("\0", "").strip()[:200]


def _side(letter: str, side: Side, asked: Asked) -> dict[str, Any]:
    return {"letter": letter, "days": Days.of(narrowed(side.period, asked.projects)), "model": side.model}


class CorrelationForm(PeriodForm):
    """The period's parameters, and how sure a link has to be."""

    # Any link is surer than the first of these, so that it leaves out nothing but sessions without one.
    sure = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Every session"),
            ("0.01", "Linked ones"),
            ("0.5", "Linked, at least 50 % sure"),
            ("0.75", "Linked, at least 75 % sure"),
        ],
    )


@require_safe
def correlation_page(request: HtmxRequest) -> HttpResponse:
    """Which sessions served which features, and what that work used."""
    form = CorrelationForm(request.GET, now=timezone.now(), readable=readable_projects(request))
    asked = form.asked()
    period = shown_period(asked, latest_data_at(asked.projects))
    sure = form.cleaned_data.get("sure") or ""
    question = CorrelationAsked(period, asked.projects, min_confidence=float(sure or 0))
    number = page_number(request.GET.get("page"))
    found = correlation(question, offset=(number - 1) * LINKS_ON_A_PAGE, limit=LINKS_ON_A_PAGE)
    page = Paginator(range(found.total), LINKS_ON_A_PAGE).get_page(number)
    if not found.items and found.total:
        found = correlation(question, offset=(page.number - 1) * LINKS_ON_A_PAGE, limit=LINKS_ON_A_PAGE)
    context = {
        "form": form,
        "found": found,
        "page": page,
        "asked": asked,
        "days": Days.of(narrowed(period, asked.projects)),
        "was_moved": period is not asked.period,
        "sure": sure,
        "presets": [
            (name, label, address(request.GET, period=name, start=None, end=None, page=None))
            for name, label in PRESET_LABELS.items()
        ],
        "projects": projects_with_sessions(readable_projects(request)),
        "file": _file(question, asked),
        "part": "correlation",
    }
    template = "analytics/correlation.html"
    return render(request, f"{template}#results" if request.htmx else template, context)


def _file(question: CorrelationAsked, asked: Asked) -> str:
    """The API's answer to the same question."""
    links = Links(question.period, asked.project.slug if asked.project else "", asked.tz)
    query = links.dashboard().partition("?")[2].replace("period=custom&", "").replace("period=all", "")
    more = f"&min_confidence={question.min_confidence}" if question.min_confidence else ""
    return f"{reverse('api-correlation')}?{query}{more}"
