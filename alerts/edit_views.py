"""The editor of a rule: one form, what it says in plain words, and what it would have done."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from alerts.definition import (
    Baseline,
    Compare,
    ConditionKind,
    NoData,
    Operator,
    Scope,
    Severity,
    aggregations_of,
    dimensions_of,
)
from alerts.models import AlertRule, Channel
from alerts.presets import PRESETS
from alerts.preview_picture import picture
from alerts.representation import rules_json
from alerts.rule_form import FIRST, RuleForm
from alerts.rule_views import named_rule, who
from analytics.explore_views import SOURCE_LABELS
from analytics.metrics import DIMENSIONS, METRICS
from analytics.views import HtmxRequest
from sessions.acts import tell
from sessions.scope import readable_projects
from sessions.selectors import projects_with_sessions

HOUR, DAY = 3_600, 86_400
WINDOWS = {
    900: "15 minutes", 1800: "30 minutes", HOUR: "hour", 3 * HOUR: "3 hours", 6 * HOUR: "6 hours",
    12 * HOUR: "12 hours", DAY: "day", 3 * DAY: "3 days", 7 * DAY: "7 days", 14 * DAY: "14 days",
    30 * DAY: "30 days",
}  # fmt: skip
WAITS = {
    0: "at once", 900: "15 minutes", 1800: "30 minutes", HOUR: "an hour", 3 * HOUR: "3 hours",
    12 * HOUR: "12 hours", DAY: "a day",
}  # fmt: skip
REPEATS = {0: "never", HOUR: "every hour", 4 * HOUR: "every 4 hours", DAY: "every day"}
SCOPES = {
    Scope.SESSION: "each session",
    Scope.ROLLING: "the last …",
    Scope.DAILY: "each day",
    Scope.WEEKLY: "each week",
    Scope.MONTHLY: "each month",
}
OPERATORS = {
    Operator.ABOVE: "above",
    Operator.AT_LEAST: "at or above",
    Operator.BELOW: "below",
    Operator.AT_MOST: "at or below",
}
CONDITIONS = {
    ConditionKind.STATIC: "a value",
    ConditionKind.CHANGE: "a change from before",
    ConditionKind.ANOMALY: "what is usual",
}
COMPARES = {Compare.PERCENT: "in percent", Compare.ABSOLUTE: "in its own unit"}
BASELINES = {
    Baseline.PREVIOUS: "the window before",
    Baseline.LAST_WEEK: "the same window a week before",
    Baseline.MEDIAN_OF_FOUR: "the median of the four before",
}
NO_DATA = {
    NoData.ZERO: "counts as 0",
    NoData.OK: "is well",
    NoData.KEEP: "is no news",
    NoData.NO_DATA: "is a state of its own",
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_alert_page(request: HtmxRequest) -> HttpResponse:
    """A rule from a preset or from nothing."""
    if request.method == "POST":
        return _saved(request, None)
    asked = request.GET.get("preset", "")
    preset = next((each for each in PRESETS if each.id == asked), None)
    rule = preset.rule | {"isActive": True} if preset else {}
    return _editor(request, None, RuleForm.of_body(FIRST | rule, readable_projects(request)), preset=asked)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit_alert_page(request: HtmxRequest, alert_id: str) -> HttpResponse:
    """A rule that is there."""
    rule = named_rule(request, alert_id)
    if request.method == "POST":
        return _saved(request, rule)
    [told] = rules_json([rule])
    return _editor(request, rule, RuleForm.of_body(told, readable_projects(request)))


def _saved(request: HtmxRequest, rule: AlertRule | None) -> HttpResponse:
    form = RuleForm.of_post(request.POST, readable_projects(request))
    if "suggested" in request.POST:
        form.texts["threshold"] = request.POST["suggested"][:40]
        return _editor(request, rule, form)
    if "try" in request.POST:
        form.draft()
        return _editor(request, rule, form, tries=True)
    saved = form.save(rule, now=timezone.now(), by=who(request))
    if saved is None:
        return _editor(request, rule, form, status=400)
    tell(request, saved.name, saved.project)
    return redirect("alert-list") if rule is None else redirect("alert-detail", saved.public_id)


@never_cache
@require_POST
def alert_draft_region(request: HtmxRequest) -> HttpResponse:
    """What the form says now, and what that would have done; sentences about fields go to their places."""
    form = RuleForm.of_post(request.POST, readable_projects(request))
    context = {"form": form, "is_region": True, **_picture(form)}
    # After the draft was read: sentences are known by then.
    context["field_errors"] = [(name, form.errors.get(name, "")) for name in ERROR_FIELDS]
    return render(request, "alerts/editor/preview.html", context)


@never_cache
@require_POST
def alert_fields_region(request: HtmxRequest) -> HttpResponse:
    """The fields whose choices depend on the metric and on what one value is about."""
    form = RuleForm.of_post(request.POST, readable_projects(request))
    if form.texts["aggregation"] not in aggregations_of(form.metric, form.scope):
        form.texts["aggregation"] = ""
    response = render(request, "alerts/editor/dependent.html", {"form": form, **_choices(form)})
    return trigger_client_event(response, "rule-fields", after="settle")


# Every field that has a place for a sentence beside it.
ERROR_FIELDS = (
    "name", "metric", "operator", "threshold", "scope", "windowSeconds", "timeZone", "aggregation", "condition",
    "compare", "baseline", "baselineLength", "warnThreshold", "recoveryThreshold", "steps", "minSamples",
    "minSessions", "forSeconds", "keepFiringSeconds", "filters", "groupBy", "noData", "severity", "channels",
    "repeatSeconds", "maxPerHour", "note", "link", "project",
)  # fmt: skip


def _picture(form: RuleForm) -> dict[str, Any]:
    rule = form.draft()
    return {"picture": None if rule is None else picture(rule, timezone.now())}


def _editor(
    request: HtmxRequest,
    rule: AlertRule | None,
    form: RuleForm,
    *,
    preset: str = "",
    tries: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "rule": rule,
        "form": form,
        "preset": preset,
        "presets": PRESETS,
        "opened": set(form.errors) - SIMPLE,
        **_choices(form),
        **(_picture(form) if tries else {}),
    }
    return render(request, "alerts/editor/page.html", context, status=status)


SIMPLE = {
    "name",
    "metric",
    "scope",
    "operator",
    "threshold",
    "windowSeconds",
    "channels",
    "project",
    "severity",
}


def _choices(form: RuleForm) -> dict[str, Any]:
    groups: dict[str, list[Any]] = {}
    for metric in METRICS.values():
        groups.setdefault(SOURCE_LABELS[metric.source], []).append(metric)
    dimensions = [(name, DIMENSIONS[name].label) for name in dimensions_of(form.metric)]
    return {
        "metric_groups": groups.items(),
        "scopes": SCOPES.items(),
        "operators": OPERATORS.items(),
        "conditions": CONDITIONS.items(),
        "compares": COMPARES.items(),
        "baselines": BASELINES.items(),
        "no_data": NO_DATA.items(),
        "severities": list(Severity),
        "windows": _with_present(WINDOWS, form.texts["windowSeconds"]),
        "waits": _with_present(WAITS, form.texts["forSeconds"]),
        "keeps": _with_present(WAITS, form.texts["keepFiringSeconds"]),
        "repeats": _with_present(REPEATS, form.texts["repeatSeconds"]),
        "aggregations": aggregations_of(form.metric, form.scope),
        "dimensions": dimensions,
        "channels": form.channel_choices(),
        "has_channels": Channel.objects.seen_from(form.readable).exists(),
        "projects": projects_with_sessions(form.readable),
    }


def _with_present(choices: dict[int, str], present: str) -> list[tuple[str, str]]:
    """The usual lengths, and the one a rule has already."""
    told = {str(seconds): words for seconds, words in choices.items()}
    if present and present not in told:
        told[present] = f"{present} seconds"
    return list(told.items())
