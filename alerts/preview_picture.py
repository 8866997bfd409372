"""A preview as a page shows it: a bar a day with the threshold across, what would have fired, better thresholds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse

from alerts.definition import ConditionKind, RuleDefinition, Scope
from alerts.models import AlertRule
from alerts.preview import LONGEST, Preview, preview
from alerts.preview import Point as Judged
from alerts.replay import Group, Transition, firings
from alerts.wording import amount
from analytics.charts import Chart, Point, Series, Table, bar, series_table
from analytics.dashboard import latest_data_at
from analytics.formatting import duration
from sessions.models import AgentSession
from sessions.scope import only

MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Fired:
    """A firing that would have been. `href` opens the session it is about."""

    at: datetime
    value: str
    limit: str
    about: str
    href: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A threshold that few values pass."""

    words: str
    threshold: str
    figure: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What the preview of a rule shows. `until` is the end of the days where that is not now."""

    told: Preview
    days: int
    until: datetime | None
    chart: Chart | None
    table: Table | None
    fired: list[Fired]
    suggestions: list[Suggestion]
    noisiest: str
    firing_for: str

    @property
    def unlisted(self) -> int:
        return self.told.fired - len(self.fired)


def picture(rule: AlertRule, now: datetime) -> Picture:
    """The last 90 days of an unsaved rule, as live evaluation would have told them.

    Where nothing was recorded in them, they are the 90 days up to the latest entry: a rule can be tried on those.
    """
    end, moved = _end(rule, now)
    told = preview(rule, end - LONGEST, end, now, most_points=None)
    definition = rule.definition
    columns = _columns(definition, told, end) if told.points else []
    began = firings(told.transitions)
    return Picture(
        told=told,
        days=LONGEST.days,
        until=end if moved else None,
        chart=_chart(columns) if columns else None,
        table=series_table(columns, first="Day") if columns else None,
        fired=_fired(definition, began[::-1][:MOST_LISTED]),
        suggestions=_suggestions(definition, told),
        noisiest=_named(definition, told.noisiest) if told.noisiest else "",
        firing_for=str(duration(told.firing_seconds * 1000)) if told.firing_seconds else "",
    )


def _end(rule: AlertRule, now: datetime) -> tuple[datetime, bool]:
    """Where the past ends on which a rule is tried, and whether that is earlier than now."""
    latest = latest_data_at(None if rule.project_id is None else only(rule.project_id))
    if latest is None or latest > now - LONGEST:
        return now, False
    return latest + timedelta(hours=1), True


def _columns(rule: RuleDefinition, told: Preview, end: datetime) -> list[Series]:
    """The worst value of each day, and the threshold where it is a value too."""
    zone = ZoneInfo(rule.time_zone)
    worst = _worst_by_day(rule, told, zone)
    last = end.astimezone(zone).date()
    days = [last - timedelta(days=back) for back in range(LONGEST.days, -1, -1)]
    side = "Highest" if rule.operator.is_upward else "Lowest"
    of = "session" if rule.scope is Scope.SESSION else "value"
    values = [(day, worst[day].value if day in worst else None) for day in days]
    if rule.condition is ConditionKind.STATIC:
        limits: list[tuple[date, Decimal | None]] = [(day, rule.threshold) for day in days]
    else:
        limits = [(day, worst[day].limit if day in worst else None) for day in days]
    name = "Threshold" if rule.condition is ConditionKind.STATIC else "Fires at"
    return [_series(rule, f"{side} {of} of the day", values), _series(rule, name, limits)]


def _worst_by_day(rule: RuleDefinition, told: Preview, zone: ZoneInfo) -> dict[date, Judged]:
    """The value of each day that came nearest to firing or furthest beyond, with what it was judged by."""
    sign = 1 if rule.operator.is_upward else -1
    worst: dict[date, tuple[Decimal, Judged]] = {}
    for point in told.points:
        if point.value is None:
            continue
        day = point.at.astimezone(zone).date()
        far = sign * (point.value - (point.limit or 0))
        if day not in worst or far > worst[day][0]:
            worst[day] = (far, point)
    return {day: point for day, (_, point) in worst.items()}


def _series(rule: RuleDefinition, name: str, values: Iterable[tuple[date, Decimal | None]]) -> Series:
    points = tuple(
        Point(datetime(day.year, day.month, day.day, tzinfo=UTC), day.isoformat(), value)
        for day, value in values
    )
    return Series(rule.measure, points, name)


def _chart(columns: Sequence[Series]) -> Chart:
    chart = bar(columns)
    for line in chart["datasets"][1:]:
        line["type"] = "line"
        line["color"] = "--error"
    return chart


def _fired(rule: RuleDefinition, began: Sequence[Transition]) -> list[Fired]:
    ids = {each.place[1] for each in began} if rule.scope is Scope.SESSION else set()
    titles = dict(AgentSession.objects.filter(public_id__in=ids).values_list("public_id", "title"))
    return [_one(rule, each, titles) for each in began]


def _one(rule: RuleDefinition, each: Transition, titles: dict[str, str]) -> Fired:
    group, subject, _ = each.place
    limit = "the usual " if rule.condition is ConditionKind.ANOMALY else ""
    about, href = _named(rule, group), ""
    if rule.scope is Scope.SESSION:
        about = titles.get(subject, "")[:120] or subject
        href = reverse("session-detail", args=[subject])
    elif subject:
        about = f"{subject[:10]} {about}".strip()
    return Fired(each.at, amount(rule, each.value), f"{limit}{amount(rule, each.threshold)}", about, href)


def _named(rule: RuleDefinition, group: Group) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(rule.group_by, group, strict=False))


def _suggestions(rule: RuleDefinition, told: Preview) -> list[Suggestion]:
    """Only where a threshold is a value: a change or a distance cannot be read from values."""
    if rule.condition is not ConditionKind.STATIC:
        return []
    words: dict[str, Any] = {"p95": "one value in twenty passes", "p99": "one in a hundred passes"}
    found = {
        _rounded(value): Suggestion(words[name], f"{_rounded(value):f}", amount(rule, _rounded(value)))
        for name, value in told.suggested.items()
        if value is not None and value > 0
    }
    return list(found.values())


def _rounded(value: Decimal) -> Decimal:
    """To three digits: a threshold is a round number."""
    digits = 2 - value.adjusted()
    return round(value, digits).normalize() if digits > 0 else Decimal(int(round(value, digits)))
