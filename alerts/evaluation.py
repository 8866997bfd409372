"""Evaluating rules: after a sync those whose data it touched, and every minute those for which time went on."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from alerts import marks
from alerts.judging import Judge, Judged
from alerts.models import AlertEvent, AlertRule, EvaluationMark
from alerts.recording import Recorder, stored
from alerts.states import State
from alerts.troubles import Trouble, note_recovery, note_trouble
from sessions.bulk import save_columns

logger = logging.getLogger(__name__)

KNOWN = ("evaluated_to", "last_value", "last_evaluated_at", "groups_left_out", "error", "error_count")


@dataclass(slots=True)
class EvaluationReport:
    """How many rules were looked at and how many alerts began, sent or not."""

    evaluated: int = 0
    fired: int = 0
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, int]:
        return {"evaluated": self.evaluated, "fired": self.fired}


def is_due() -> bool:
    """Whether something changed that no evaluation has seen yet, rules included."""
    new_rules = AlertRule.objects.evaluated().filter(evaluated_to=None, error_count=0)
    return EvaluationMark.objects.exists() or new_rules.exists()


def evaluate(now: datetime, *, is_first_import: bool = False) -> EvaluationReport:
    """Bring every rule that could tell something else up to date. Doing it again changes nothing.

    `is_first_import`: what is found is the history of a new installation; it is recorded and never sent. A run that is
    killed leaves its marks, and what it recorded is not recorded again.
    """
    report, noted = EvaluationReport(), marks.marked()
    rules = list(AlertRule.objects.evaluated())
    judge, judged = Judge(rules, noted, now), []
    for rule in judge.furthest_first(rules):
        found = _evaluate_one(judge, rule, now, report, is_first_import=is_first_import)
        if found is not None:
            judged.append(found)
    report.evaluated = len(judged)
    if judged or noted.ids:
        with transaction.atomic():
            _note(judged, now)
            marks.clear(noted)
    return report


def _evaluate_one(
    judge: Judge, rule: AlertRule, now: datetime, report: EvaluationReport, *, is_first_import: bool
) -> Judged | None:
    try:
        judged = judge.judge(rule)
        if judged is not None and judged.is_news:
            events = _record(judged, now, is_first_import=is_first_import)
            report.fired += sum(began(event) for event in events)
    except Exception as error:
        logger.exception("Rule %s could not be evaluated", rule.public_id)
        trouble = Trouble.of(error)
        report.problems.append(f"The alert rule “{rule.name}” could not be evaluated: {trouble.sentence}")
        with transaction.atomic():
            note_trouble(rule, trouble, now)
        return None
    if judged is not None:
        with transaction.atomic():
            note_recovery(rule, now)
    return judged


def _record(judged: Judged, now: datetime, *, is_first_import: bool) -> list[AlertEvent]:
    with transaction.atomic():
        recorder = Recorder(judged.rule, now, is_first_import=is_first_import)
        events = recorder.record(judged.changes, is_late=judged.is_late)
        if judged.is_late:
            recorder.settle(judged.standings)
        return events + recorder.record(judged.corrections)


def began(event: AlertEvent) -> bool:
    """Whether an event began an alert: from recovering it is the same one going on."""
    return event.to_state == State.FIRING and event.from_state != State.RECOVERING


def _note(judged: Sequence[Judged], now: datetime) -> None:
    """Write down what is known of the rules from now on, of those that nobody changed meanwhile."""
    changed = [each for each in judged if _is_changed(each)]
    keys = [each.rule.pk for each in changed]
    present = AlertRule.objects.filter(pk__in=keys).select_for_update()
    meanings = dict(present.values_list("pk", "meaning_version"))
    rules = []
    for each in changed:
        rule = each.rule
        if meanings.get(rule.pk) == rule.meaning_version:
            rule.evaluated_to, rule.last_value, rule.last_evaluated_at = each.to, stored(each.value), now
            rule.groups_left_out, rule.error, rule.error_count = each.groups_left_out, "", 0
            rules.append(rule)
    save_columns(AlertRule, rules, KNOWN)


def _is_changed(judged: Judged) -> bool:
    rule = judged.rule
    known = (rule.evaluated_to, rule.last_value, rule.groups_left_out, rule.error)
    return known != (judged.to, stored(judged.value), judged.groups_left_out, "")
