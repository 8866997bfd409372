"""The page of silences: times in which what rules say is recorded and not sent."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from alerts.models import AlertRule, Silence
from alerts.rule_views import who
from analytics.views import HtmxRequest
from sessions.models import Project
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
MOST_COMMENT = 500
ENDED_SHOWN = 20


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def silence_list_page(request: HtmxRequest) -> HttpResponse:
    """Silences in force and those that were, and the form for another."""
    if request.method != "POST":
        return _page(request, {"hours": "4"}, {})
    texts = {name: request.POST.get(name, "").strip() for name in ("about", "hours", "comment")}
    errors, found = _read(texts)
    if errors:
        return _page(request, texts, errors, status=400)
    now = timezone.now()
    ends_at = now + timedelta(hours=int(texts["hours"]))
    Silence.objects.create(
        **found,
        starts_at=now,
        ends_at=ends_at,
        created_at=now,
        created_by=who(request),
        comment=texts["comment"],
    )
    return redirect("silence-list")


def _read(texts: dict[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Sentences by field, and what the silence is about: `rule:<id>`, `project:<slug>`, or "" for everything."""
    errors: dict[str, str] = {}
    if texts["hours"] not in LENGTHS:
        errors["hours"] = f"Choose one of {', '.join(LENGTHS.values())}."
    if len(texts["comment"]) > MOST_COMMENT or not texts["comment"].isprintable():
        errors["comment"] = f"A comment is one line of {MOST_COMMENT} characters at most."
    kind, _, name = texts["about"].partition(":")
    found: dict[str, Any] = {}
    if kind == "rule":
        found["rule"] = AlertRule.objects.present().filter(public_id=name).first()
    elif kind == "project":
        found["project"] = Project.objects.filter(slug=name).first()
    elif texts["about"]:
        found["rule"] = None
    if None in found.values():
        errors["about"] = "There is no such rule or project any more."
    return errors, found


def _page(
    request: HttpRequest, texts: dict[str, str], errors: dict[str, str], *, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    every = Silence.objects.select_related("rule", "project")
    context = {
        "present": every.filter(ends_at__gt=now),
        "ended": every.filter(ends_at__lte=now)[:ENDED_SHOWN],
        "rules": AlertRule.objects.present().order_by("name"),
        "projects": projects_with_sessions(),
        "lengths": LENGTHS.items(),
        "texts": texts,
        "errors": errors,
        "now": now,
    }
    return render(request, "alerts/silences.html", context, status=status)


@require_POST
def end_silence(request: HtmxRequest, silence_id: int) -> HttpResponse:  # noqa: ARG001 (Django passes it)
    """End a silence now; one that has not begun is taken away."""
    now = timezone.now()
    found = get_object_or_404(Silence, pk=silence_id)
    if found.starts_at >= now:
        found.delete()
    else:
        Silence.objects.filter(Q(ends_at__gt=now), pk=found.pk).update(ends_at=now)
    return redirect("silence-list")
