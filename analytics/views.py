from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from analytics.dashboard import dashboard
from analytics.forms import PRESET_LABELS, PeriodForm
from sessions.selectors import projects_with_sessions


class HtmxRequest(HttpRequest):
    htmx: HtmxDetails


@require_safe
def dashboard_page(request: HtmxRequest) -> HttpResponse:
    """What was spent, on what, and whether anything is off."""
    now = timezone.now()
    form = PeriodForm(request.GET, now=now)
    page = dashboard(form.asked(), now=now)
    # The same period and project as the figures around them.
    same = page.links.dashboard().removeprefix(reverse("dashboard"))
    context = {
        "form": form,
        "page": page,
        "presets": [(preset, label, page.links.preset(preset)) for preset, label in PRESET_LABELS.items()],
        "projects": projects_with_sessions(),
        "model_file": page.links.breakdown_file("model"),
        "tool_file": page.links.breakdown_file("tool"),
        "feature_costs": reverse("feature-costs") + same,
        "velocity": reverse("velocity") + same,
    }
    template = "analytics/dashboard.html#panels" if request.htmx else "analytics/dashboard.html"
    return render(request, template, context)
