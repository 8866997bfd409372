"""Writing rules down: made, changed, deleted. Each time leaves a revision; a changed meaning starts afresh."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction

from alerts.models import AlertRule, AlertRuleRevision, Channel
from alerts.resetting import close_instances
from alerts.states import Reason

MOST_RULES = 200
# What decides whether a value breaches. Everything else may change without starting over.
MEANING = (
    "metric",
    "aggregation",
    "scope",
    "window_seconds",
    "time_zone",
    "condition",
    "operator",
    "threshold",
    "warn_threshold",
    "recovery_threshold",
    "steps",
    "compare",
    "baseline",
    "baseline_length",
    "min_samples",
    "min_sessions",
    "for_seconds",
    "keep_firing_seconds",
    "filters",
    "group_by",
    "no_data",
    "project_id",
)
RECORDED = (
    *MEANING,
    "public_id",
    "name",
    "severity",
    "notify_resolved",
    "repeat_seconds",
    "max_per_hour",
    "is_active",
    "snoozed_until",
    "note",
    "link",
)

Values = dict[str, Any]


class RuleConflict(Exception):
    """What was asked cannot stand beside what there is. The message is a sentence."""


class StaleVersion(Exception):
    """The rule was changed by somebody else since it was read."""


def create_rule(values: Values, channels: list[Channel], *, now: datetime, by: str = "") -> AlertRule:
    """Make a rule of validated values. Raises RuleConflict for an id or a name that is taken, or one rule too many."""
    values = {"public_id": f"alert-{uuid4().hex[:12]}", **values}
    present = AlertRule.objects.present()
    if present.filter(public_id=values["public_id"]).exists():
        raise RuleConflict(f"There is a rule with the id {values['public_id']} already.")
    if present.filter(project=values.get("project")).count() >= MOST_RULES:
        raise RuleConflict(f"A project can have {MOST_RULES} rules at most; delete one first.")
    times = {"created_at": now, "updated_at": now, "effective_from": now, "created_by": by, "updated_by": by}
    rule = AlertRule(**values, **times)
    _refuse_taken_name(rule)
    with _naming_conflicts(), transaction.atomic():
        rule.save()
        rule.channels.set(channels)
        _record(rule, AlertRuleRevision.Action.CREATED, now, by)
    return rule


def change_rule(
    rule: AlertRule,
    values: Values,
    channels: list[Channel] | None,
    *,
    now: datetime,
    by: str = "",
    version: int | None = None,
) -> AlertRule:
    """Change a rule to validated values; `version` is the one the writer had read, None for any.

    Raises StaleVersion and RuleConflict. Values that are what they were make no new version.
    """
    with _naming_conflicts(), transaction.atomic():
        rule = AlertRule.objects.select_for_update().get(pk=rule.pk)
        if rule.deleted_at or (version is not None and rule.version != version):
            raise StaleVersion
        before = {name: getattr(rule, name) for name in RECORDED}
        for name, value in values.items():
            setattr(rule, name, value)
        _refuse_taken_name(rule)
        changed = {name for name in RECORDED if getattr(rule, name) != before[name]}
        if channels is not None and set(channels) != set(rule.channels.all()):
            rule.channels.set(channels)
            changed.add("channels")
        if changed:
            _save_changed(rule, changed, now, by)
    return rule


def _save_changed(rule: AlertRule, changed: set[str], now: datetime, by: str) -> None:
    rule.version += 1
    rule.updated_at, rule.updated_by = now, by
    reason = _fresh_start(rule, changed)
    if reason:
        rule.meaning_version, rule.effective_from, rule.evaluated_to = rule.version, now, None
        rule.last_value, rule.error, rule.error_count, rule.groups_left_out = None, "", 0, 0
    rule.save()
    if reason:
        close_instances(rule, reason, now)
    _record(rule, AlertRuleRevision.Action.CHANGED, now, by)


def _fresh_start(rule: AlertRule, changed: set[str]) -> Reason | None:
    """Why what was known of a rule's groups no longer holds; None where it does."""
    if changed & set(MEANING):
        return Reason.RULE_CHANGED
    if "is_active" in changed:
        return Reason.RULE_CHANGED if rule.is_active else Reason.PAUSED
    return None


def delete_rule(rule: AlertRule, *, now: datetime, by: str = "", version: int | None = None) -> None:
    """Take a rule away; its history stays. Raises StaleVersion."""
    with transaction.atomic():
        rule = AlertRule.objects.select_for_update().get(pk=rule.pk)
        if rule.deleted_at or (version is not None and rule.version != version):
            raise StaleVersion
        rule.version += 1
        rule.deleted_at = rule.updated_at = now
        rule.updated_by = by
        rule.save()
        close_instances(rule, Reason.RULE_DELETED, now)
        _record(rule, AlertRuleRevision.Action.DELETED, now, by)


def _refuse_taken_name(rule: AlertRule) -> None:
    same = AlertRule.objects.present().filter(project_id=rule.project_id, name__iexact=rule.name)
    if same.exclude(pk=rule.pk).exists():
        raise RuleConflict(f"There is a rule named “{rule.name}” already.")


class _naming_conflicts:  # noqa: N801 (reads as a statement)
    """Two writers can both find an id or a name free: the database decides, and the loser is told in words."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, IntegrityError) and "alert_rule" in str(error):
            raise RuleConflict("There is a rule with this id or name already.") from error


def _record(rule: AlertRule, action: AlertRuleRevision.Action, now: datetime, by: str) -> None:
    AlertRuleRevision.objects.create(
        rule=rule,
        version=rule.version,
        action=action,
        changed_at=now,
        changed_by=by,
        content=content_of(rule),
    )


def content_of(rule: AlertRule) -> Values:
    """What a rule says, as JSON."""
    told = {name: _plain(getattr(rule, name)) for name in RECORDED}
    return told | {"channels": sorted(rule.channels.values_list("public_id", flat=True))}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | list | dict | None) else str(value)
