"""What a value means to a rule: which thresholds are in force, and whether it breaches, holds or is well."""

from dataclasses import dataclass
from decimal import Decimal

from alerts.definition import NoData, RuleDefinition, Severity
from alerts.states import Verdict
from alerts.windows import Measured


@dataclass(frozen=True, slots=True)
class Limit:
    """One of a rule's thresholds. `key` is as the rule names it, `value` what values are compared with."""

    key: Decimal
    value: Decimal
    recovery: Decimal | None
    severity: Severity


def limits_of(rule: RuleDefinition) -> list[Limit]:
    """Steps, warning and threshold of a rule, each of which speaks for itself; the threshold is the last."""
    early = [*rule.steps, *([] if rule.warn_threshold is None else [rule.warn_threshold])]
    ordered = sorted(set(early), reverse=not rule.operator.is_upward)
    recovery = rule.recovery_threshold
    soft = [
        Limit(key, key, recovery, min_severity(rule.severity)) for key in ordered if key != rule.threshold
    ]
    return [*soft, Limit(rule.threshold, rule.threshold, recovery, rule.severity)]


def min_severity(severity: Severity) -> Severity:
    """What is on the way to an alert is a warning at most."""
    return Severity.INFO if severity is Severity.INFO else Severity.WARNING


def judge(rule: RuleDefinition, measured: Measured, limit: Limit) -> Verdict:
    """What a measured value says about one limit.

    Without any sample the rule's policy speaks. Too few samples are no news: one failure in two calls is no rate.
    A value that is unknown although something happened (nothing has a price) is no news either.
    """
    value = measured.value
    if not measured.samples:
        if rule.no_data is not NoData.ZERO:
            return _WITHOUT_DATA[rule.no_data]
        value = Decimal(0) if value is None else value
    elif value is None or measured.samples < rule.min_samples:
        return Verdict.KEEP
    return compare(rule, value, limit)


def compare(rule: RuleDefinition, value: Decimal, limit: Limit) -> Verdict:
    """A known value against one limit."""
    if rule.operator.holds(value, limit.value):
        return Verdict.BREACH
    if limit.recovery is not None and rule.operator.holds(value, limit.recovery):
        return Verdict.HOLD
    return Verdict.CLEAR


_WITHOUT_DATA = {
    NoData.OK: Verdict.CLEAR,
    NoData.KEEP: Verdict.KEEP,
    NoData.NO_DATA: Verdict.NO_DATA,
}
