"""What may be asked of the explorer, out of a query string: a metric, how it is split, cut and shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms

from analytics.forms import Asked, PeriodForm
from analytics.metrics import DIMENSIONS, METRICS, Metric
from analytics.periods import BucketKind
from sessions.scope import Projects

DEFAULT_METRIC = "session_cost"
STEPS = (BucketKind.HOURLY, BucketKind.DAILY, BucketKind.WEEKLY, BucketKind.MONTHLY)
VIEWS = {"line": "Lines", "stacked": "Stacked", "bar": "Bars", "heat": "Week", "table": "Table"}


@dataclass(frozen=True, slots=True)
class Question:
    """A metric over a period. `by` None is undivided; `step` None is one that fits the period."""

    asked: Asked
    metric: Metric
    by: str | None = None
    step: BucketKind | None = None
    view: str = "line"
    compares: bool = False


class ExploreForm(PeriodForm):
    """The period's parameters and those of the explorer. What cannot be is said, and the nearest is shown."""

    metric = forms.CharField(required=False, max_length=60)
    by = forms.CharField(required=False, max_length=60)
    step = forms.CharField(required=False, max_length=20)
    view = forms.CharField(required=False, max_length=20)
    compare = forms.BooleanField(required=False)

    def __init__(self, data: Any, *, now: datetime, readable: Projects = None) -> None:
        super().__init__(data, now=now, readable=readable)
        self._said: list[str] = []

    def question(self) -> Question:
        """What to show: what was asked for, and a default for what was not understood."""
        asked = self.asked()
        data = self.cleaned_data
        metric = METRICS[self._chosen("metric", data, METRICS) or DEFAULT_METRIC]
        by = self._chosen("by", data, DIMENSIONS)
        if by and by not in metric.series_dimensions:
            self._said.append(
                f"{metric.label} cannot be split by {DIMENSIONS[by].label.lower()}; shown whole."
            )
            by = None
        step = self._chosen("step", data, STEPS)
        view = self._chosen("view", data, VIEWS) or "line"
        if view in ("stacked", "heat") and not metric.adds_up:
            self._said.append(f"{metric.label} does not add up, so it is shown as lines.")
            view = "line"
        kind = BucketKind(step) if step else None
        return Question(asked, metric, by, kind, view, bool(data.get("compare")))

    def _chosen(self, name: str, data: dict[str, Any], valid: Iterable[str]) -> str | None:
        given = str(data.get(name) or "").strip()
        if not given or given in valid:
            return given or None
        self._said.append(f"“{given:.40}” is no {name}; choose one of {', '.join(valid)}.")
        return None

    @property
    def problems(self) -> list[str]:
        return [*super().problems, *self._said]
