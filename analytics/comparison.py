"""Two parts of the data side by side: two periods, two models, or both."""

from dataclasses import dataclass, replace

from analytics.formatting import figure
from analytics.links import Links
from analytics.measured import Value
from analytics.metrics import METRICS, Metric, Source
from analytics.periods import DAY, Period
from analytics.selectors import narrowed
from analytics.series import period_values
from analytics.tiles import Change, changed
from sessions.scope import Projects

_MODEL = "model"


@dataclass(frozen=True, slots=True)
class Side:
    """A period, and of it what one model did; "" is every model."""

    period: Period
    model: str = ""


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A metric on both sides. `change` leads from the first to the second."""

    metric: Metric
    first: Value
    second: Value
    change: Change


@dataclass(frozen=True, slots=True)
class Comparison:
    """`models`: what answered in either period, those with the most tokens first. Days are those with a known end."""

    first: Side
    second: Side
    rows: list[ComparedRow]
    models: list[str]
    first_days: int
    second_days: int
    first_sessions: str
    second_sessions: str


def comparison(first: Side, second: Side, *, projects: Projects = None, links: Links) -> Comparison:
    """Every metric that both sides have, by a number of queries that does not depend on how much there is."""
    names = _models(first, second, projects)
    metrics = _metrics(by_model=bool(first.model or second.model))
    return Comparison(
        first=first,
        second=second,
        rows=[_row(metric, first, second, projects) for metric in metrics],
        models=names,
        first_days=_days(first.period, projects),
        second_days=_days(second.period, projects),
        first_sessions=_sessions(first, links),
        second_sessions=_sessions(second, links),
    )


def _row(metric: Metric, first: Side, second: Side, projects: Projects) -> ComparedRow:
    one, two = (_value(metric, side, projects) for side in (first, second))
    return ComparedRow(metric, one, two, _change(metric, one, two))


def _metrics(*, by_model: bool) -> list[Metric]:
    """What can be told of a side; plans are not split by models, and reading is of no period."""
    every = (metric for metric in METRICS.values() if metric.source is not Source.READING)
    return [metric for metric in every if not by_model or _MODEL in metric.series_dimensions]


def _value(metric: Metric, side: Side, projects: Projects) -> Value:
    by = _MODEL if side.model else None
    found = period_values(metric.id, side.period, projects=projects, group_by=by)
    # A model that did nothing did so much of a quantity; of a ratio nothing is known.
    return found.get(side.model, 0 if side.model and metric.adds_up else None)


def _models(first: Side, second: Side, projects: Projects) -> list[str]:
    found: dict[str, float] = {}
    for side in (first, second):
        values = period_values("session_tokens", side.period, projects=projects, group_by=_MODEL)
        for name, tokens in values.items():
            found[name] = found.get(name, 0) + float(tokens or 0)
    asked = {side.model: 0.0 for side in (first, second) if side.model}
    return sorted(asked | found, key=lambda name: (-found.get(name, 0), name))


def _change(metric: Metric, one: Value, two: Value) -> Change:
    told = " to ".join(figure(value, metric.unit).text for value in (one, two))
    return replace(changed(metric, two, one), title=f"from {told}")


def _days(period: Period, projects: Projects) -> int:
    return max(1, round(narrowed(period, projects).length / DAY))


def _sessions(side: Side, links: Links) -> str:
    more = {"model": side.model} if side.model else {}
    return replace(links, period=side.period).sessions(**more)
