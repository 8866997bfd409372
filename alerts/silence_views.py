"""The page of silences: times in which what rules say is recorded and not sent."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from rest_framework.exceptions import ValidationError

from alerts.models import AlertRule
from alerts.rule_form import first_sentence
from alerts.rule_views import who
from alerts.silence_api import SilenceInput, begin_asked, silence_words
from alerts.silencing import end_silence, silences_of
from analytics.metrics import DIMENSIONS
from analytics.views import HtmxRequest
from sessions.acts import tell
from sessions.scope import readable_projects
from sessions.selectors import projects_with_sessions

LENGTHS = {
    "1": "an hour",
    "4": "4 hours",
    "12": "12 hours",
    "24": "a day",
    "72": "3 days",
    "168": "a week",
    "720": "30 days",
}
FIELDS = ("about", "hours", "comment", "dimension", "value")
# Where the page has a place for what is said of a field of the API.
PLACES = {"alertId": "about", "project": "about", "matchers": "value", "endsAt": "hours"}
ENDED_SHOWN = 20


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def silence_list_page(request: HtmxRequest) -> HttpResponse:
    """Silences in force and those that were, and the form for another."""
    if request.method != "POST":
        return _page(request, {"hours": "4"}, {})
    texts = {name: request.POST.get(name, "").strip() for name in FIELDS}
    errors = _begin(request, texts)
    return _page(request, texts, errors, status=400) if errors else redirect("silence-list")


def _begin(request: HtmxRequest, texts: dict[str, str]) -> dict[str, str]:
    """Begin a silence about `rule:<id>`, `project:<slug>`, or all (""); sentences by field where it cannot be."""
    if texts["hours"] not in LENGTHS:
        return {"hours": f"Choose one of {', '.join(LENGTHS.values())}."}
    now = timezone.now()
    kind, _, name = texts["about"].partition(":")
    matchers = {texts["dimension"]: texts["value"]} if texts["dimension"] or texts["value"] else {}
    body = {
        "alertId": None if kind in ("", "project") else name,
        "project": name if kind == "project" else None,
        "matchers": matchers,
        "endsAt": (now + timedelta(hours=int(texts["hours"]))).isoformat(),
        "comment": texts["comment"],
    }
    read = SilenceInput(data=body)
    try:
        read.is_valid(raise_exception=True)
        begun = begin_asked(read.validated_data, readable_projects(request), now, who(request))
    except ValidationError as error:
        details: Any = error.detail
        return {PLACES.get(field, field): first_sentence(told) for field, told in details.items()}
    tell(request, silence_words(begun), begun.project)
    return {}


def _page(
    request: HttpRequest, texts: dict[str, str], errors: dict[str, str], *, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    mine = readable_projects(request)
    every = silences_of(mine).select_related("rule", "project")
    context = {
        "present": every.filter(ends_at__gt=now),
        "ended": every.filter(ends_at__lte=now)[:ENDED_SHOWN],
        "rules": AlertRule.objects.present().readable(mine).order_by("name"),
        "projects": projects_with_sessions(mine),
        "lengths": LENGTHS.items(),
        "dimensions": [(id, each.label) for id, each in DIMENSIONS.items()],
        "texts": texts,
        "errors": errors,
        "now": now,
    }
    return render(request, "alerts/silences.html", context, status=status)


@require_POST
def end_silence_page(request: HtmxRequest, silence_id: int) -> HttpResponse:
    """End a silence now; one that has not begun is taken away."""
    found = get_object_or_404(silences_of(readable_projects(request)), pk=silence_id)
    tell(request, silence_words(found), found.project)
    end_silence(found, timezone.now())
    return redirect("silence-list")
