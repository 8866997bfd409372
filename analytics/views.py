from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from analytics.activity import activity
from analytics.dashboard import dashboard, latest_data_at
from analytics.forms import PRESET_LABELS, PeriodForm
from analytics.freshness import freshness
from analytics.links import Links
from sessions.scope import readable_projects
from sessions.selectors import projects_with_sessions


class HtmxRequest(HttpRequest):
    htmx: HtmxDetails


@require_safe
def dashboard_page(request: HtmxRequest) -> HttpResponse:
    """What was spent, on what, and whether anything is off."""
    now = timezone.now()
    form = PeriodForm(request.GET, now=now, readable=readable_projects(request))
    page = dashboard(form.asked(), now=now)
    # The same period and project as the figures around them.
    same = page.links.dashboard().removeprefix(reverse("dashboard"))
    context = {
        "form": form,
        "page": page,
        "presets": [(preset, label, page.links.preset(preset)) for preset, label in PRESET_LABELS.items()],
        "projects": projects_with_sessions(readable_projects(request)),
        "model_file": page.links.breakdown_file("model"),
        "tool_file": page.links.breakdown_file("tool"),
        "feature_costs": reverse("feature-costs") + same,
        "velocity": reverse("velocity") + same,
        "activity": reverse("activity") + same,
    }
    template = "analytics/dashboard.html#panels" if request.htmx else "analytics/dashboard.html"
    return render(request, template, context)


@require_safe
def activity_region(request: HtmxRequest) -> HttpResponse:
    """The last twelve months of data day by day; a region of the dashboard, and a page of its own without scripts."""
    now = timezone.now()
    asked = PeriodForm(request.GET, now=now, readable=readable_projects(request)).asked()
    links = Links(asked.period, asked.project.slug if asked.project else "", asked.tz)
    latest_at = latest_data_at(asked.projects) or now
    found = activity(latest_at, asked.period.zone, projects=asked.projects, links=links)
    context = {"activity": found, "fresh": freshness(now, asked.readable), "dashboard": links.dashboard()}
    template = "analytics/activity.html#activity" if request.htmx else "analytics/activity.html"
    return render(request, template, context)
