"""From a request's body to the values of a rule: defaults filled in, names looked up, the whole checked together."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Q
from rest_framework.exceptions import ValidationError

from alerts.definition import Scope, aggregations_of, default_no_data
from alerts.models import AlertRule, Channel
from alerts.named import named_project
from alerts.validation import problems_of
from analytics.metrics import METRICS, Source
from sessions.models import Project
from sessions.scope import Projects, in_projects

REPEAT_EVERY = timedelta(hours=4)
# How the fields of a definition are named in the API where it is not the same word.
API_NAMES = {
    "window_seconds": "windowSeconds",
    "time_zone": "timeZone",
    "warn_threshold": "warnThreshold",
    "recovery_threshold": "recoveryThreshold",
    "for_seconds": "forSeconds",
    "keep_firing_seconds": "keepFiringSeconds",
    "group_by": "groupBy",
    "baseline_length": "baselineLength",
}

Values = dict[str, Any]


def rule_values(
    given: Values, rule: AlertRule | None = None, *, projects: Projects = None
) -> tuple[Values, list[Channel] | None]:
    """The values a new or changed rule is to have, and its channels (None: as they are).

    `projects`: those the writer may watch; who may not watch all has to name one of them.
    Raises ValidationError with a sentence for each field that cannot be.
    """
    values = dict(given)
    channel_ids = values.pop("channels", None)
    if "project" in values:
        values["project"] = named_project(values["project"], projects)
    values = _with_defaults(values, rule)
    draft = AlertRule(**_current(rule) | values)
    if projects is not None and draft.project_id is None:
        raise ValidationError({"project": ["Name one of the projects that you may watch."]})
    found = {API_NAMES.get(name, name): [text] for name, text in problems_of(draft.definition).items()}
    if draft.project_id is not None and draft.definition.measure.source is Source.READING:
        found["project"] = ["This figure is about reading as a whole; leave the project out."]
    found |= _unknown_filter_values(draft, projects)
    channels = _channels(channel_ids, draft, rule, found)
    if found:
        raise ValidationError(found)
    return values, channels


def draft_rule(given: Values, *, projects: Projects = None) -> AlertRule:
    """An unsaved rule of a body that was validated field by field; raises ValidationError."""
    values, _ = rule_values(given, projects=projects)
    return AlertRule(**{"public_id": "draft", **values})


def _current(rule: AlertRule | None) -> Values:
    if rule is None:
        return {}
    return {field.attname: getattr(rule, field.attname) for field in AlertRule._meta.concrete_fields}


def _with_defaults(values: Values, rule: AlertRule | None) -> Values:
    """What follows from metric and scope where the writer did not say otherwise."""
    values = dict(values)
    if "steps" in values:
        values["steps"] = [str(step) for step in sorted(values["steps"])]
    metric = METRICS[values.get("metric", rule.metric if rule else "")]
    scope = Scope(values.get("scope", rule.scope if rule else Scope.SESSION))
    changes_metric = rule is None or metric.id != rule.metric
    changes_scope = rule is None or scope != rule.scope
    allowed = aggregations_of(metric, scope)
    if "aggregation" not in values and (rule is None or rule.aggregation not in allowed):
        values["aggregation"] = allowed[0]
    if changes_metric:
        values.setdefault("min_samples", metric.min_samples)
        values.setdefault("no_data", default_no_data(metric))
    if changes_scope:
        if scope is not Scope.ROLLING:
            values.setdefault("window_seconds", None)
        is_session = scope is Scope.SESSION
        values.setdefault("repeat_seconds", 0 if is_session else int(REPEAT_EVERY.total_seconds()))
        values.setdefault("notify_resolved", not is_session)
    return values


def _unknown_filter_values(draft: AlertRule, projects: Projects) -> dict[str, list[str]]:
    """Projects that a filter names and that are not there; other dimensions may name what is yet to come."""
    asked = set(draft.filters.get("project", ()))
    there = Project.objects.filter(in_projects(projects, "pk"), name__in=asked)
    known = set(there.values_list("name", flat=True))
    if not asked - known:
        return {}
    return {"filters": [f"There is no project named {', '.join(sorted(asked - known))[:200]}."]}


def _channels(
    ids: Iterable[str] | None, draft: AlertRule, rule: AlertRule | None, found: dict[str, list[str]]
) -> list[Channel] | None:
    """The channels of these ids that a rule of its project may use."""
    if ids is None:
        if rule is None:
            return []
        # A rule that moves to another project keeps only what it may use there.
        return None if draft.project_id == rule.project_id else list(_usable(draft).filter(rules=rule))
    asked = list(dict.fromkeys(ids))
    usable = {channel.public_id: channel for channel in _usable(draft).filter(public_id__in=asked)}
    if unknown := [name for name in asked if name not in usable]:
        found["channels"] = [f"There is no channel {name[:64]} for this rule." for name in unknown]
    return [usable[name] for name in asked if name in usable]


def _usable(draft: AlertRule) -> Any:
    mine = Q(project=None) | (Q(project_id=draft.project_id) if draft.project_id else Q(pk=None))
    return Channel.objects.filter(mine)
