"""The pages of rules: the list with what fires now, one rule's history, and what is done to a rule by a click."""

from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alerts.editing import StaleVersion, change_rule, delete_rule
from alerts.models import AlertEvent, AlertRule, Channel
from alerts.overview import event_rows, firing_rows, rule_rows
from alerts.presets import PRESETS
from alerts.silencing import silences_of
from analytics.views import HtmxRequest
from sessions.acts import tell
from sessions.scope import readable_projects

EVENTS_PER_PAGE = 25
SNOOZES = {1: "an hour", 4: "4 hours", 24: "a day", 168: "a week"}


@never_cache
@require_safe
def alert_list_page(request: HtmxRequest) -> HttpResponse:
    """Every rule and how it stands, after what fires now."""
    return _list(request)


def _list(request: HtmxRequest, problem: str = "") -> HttpResponse:
    now = timezone.now()
    projects = readable_projects(request)
    rules = AlertRule.objects.present().readable(projects)
    rules = rules.select_related("project").prefetch_related("channels")
    context = {
        "rows": rule_rows(list(rules), now),
        "firing": firing_rows(projects),
        "presets": PRESETS,
        "snoozes": SNOOZES.items(),
        "problem": problem,
        "failing_channels": Channel.objects.seen_from(projects).filter(consecutive_failures__gt=0),
        "silences": silences_of(projects)
        .filter(starts_at__lte=now, ends_at__gt=now)
        .select_related("rule", "project"),
    }
    return render(request, "alerts/list.html#rules" if request.htmx else "alerts/list.html", context)


@never_cache
@require_safe
def alert_detail_page(request: HtmxRequest, alert_id: str) -> HttpResponse:
    """One rule: what it says, how it stands, and every change of its state."""
    rule = named_rule(request, alert_id, including_deleted=True)
    now = timezone.now()
    events = AlertEvent.objects.filter(rule=rule).select_related("rule", "instance")
    page = Paginator(events, EVENTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "rule": rule,
        "row": rule_rows([rule], now)[0],
        "page": page,
        "events": event_rows(rule, page.object_list),
        "snoozes": SNOOZES.items(),
    }
    return render(request, "alerts/detail.html#timeline" if request.htmx else "alerts/detail.html", context)


@require_POST
def switch_alert(request: HtmxRequest, alert_id: str) -> HttpResponse:
    """Switch a rule on or off, as `active` says; without it, to the other."""
    rule = named_rule(request, alert_id)
    wanted = {"on": True, "off": False}.get(request.POST.get("active", ""), not rule.is_active)
    return _changed(request, rule, {"is_active": wanted})


@require_POST
def snooze_alert(request: HtmxRequest, alert_id: str) -> HttpResponse:
    """Record what a rule says, and send nothing, for so many `hours`; 0 ends it."""
    rule = named_rule(request, alert_id)
    hours = request.POST.get("hours", "")
    allowed = {str(length): length for length in (0, *SNOOZES)}
    if hours not in allowed:
        return _list(request, f"A rule can be snoozed for {', '.join(SNOOZES.values())}.")
    until = timezone.now() + timedelta(hours=allowed[hours]) if allowed[hours] else None
    return _changed(request, rule, {"snoozed_until": until})


def _changed(request: HtmxRequest, rule: AlertRule, values: dict[str, Any]) -> HttpResponse:
    try:
        change_rule(rule, values, None, now=timezone.now(), by=who(request))
    except StaleVersion:
        return _list(request, f"“{rule.name}” was deleted meanwhile.")
    if request.htmx:
        return _list(request)
    is_there = request.POST.get("next") == "rule"
    return redirect("alert-detail", rule.public_id) if is_there else redirect("alert-list")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete_alert_page(request: HtmxRequest, alert_id: str) -> HttpResponse:
    """Ask whether a rule is to go, and take it away when told so."""
    rule = named_rule(request, alert_id)
    if request.method != "POST":
        return render(request, "alerts/delete.html", {"row": rule_rows([rule], timezone.now())[0]})
    try:
        delete_rule(rule, now=timezone.now(), by=who(request))
    except StaleVersion:
        pass  # somebody else was faster: it is gone, as was wanted
    return redirect("alert-list")


def named_rule(request: HtmxRequest, alert_id: str, *, including_deleted: bool = False) -> AlertRule:
    """The rule of an id; of those that had it, the latest. Raises Http404."""
    rules = AlertRule.objects.all() if including_deleted else AlertRule.objects.present()
    rules = rules.readable(readable_projects(request))
    found: AlertRule | None = (
        rules.select_related("project").filter(public_id=alert_id).order_by("-id").first()
    )
    if found is None:
        raise Http404("There is no alert with this id.")
    tell(request, found.name, found.project)
    return found


def who(request: HtmxRequest) -> str:
    """Who changes something, for the record; "" on a machine without accounts."""
    return str(request.user) if request.user.is_authenticated else ""
