"""Sums of rollups for rules: which columns make a metric, and rows that are read once for all who add them up."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import add, sub
from typing import Any

from alerts.definition import RuleDefinition
from alerts.querysets.measured import parts_by_quarter
from alerts.replay import Group
from alerts.windows import Parts
from analytics.metrics import METRICS, Aggregation, Source
from analytics.work import work_names
from sessions.parsers.pricing import model_family
from sessions.scope import Projects, only

NANO = Decimal("0.000000001")
ONE = Decimal(1)
PERCENT = Decimal(100)
UNATTRIBUTED = "(unattributed)"


@dataclass(frozen=True, slots=True)
class Adding:
    """Which columns of a rollup make the parts of a metric. A minus sign takes one away."""

    part: tuple[str, ...]
    whole: tuple[str, ...]
    samples: tuple[str, ...]
    scale: Decimal = ONE
    is_ratio: bool = False

    def parts(self, row: Mapping[str, Any]) -> Parts:
        return Parts(_added(row, self.part), _added(row, self.whole), _added(row, self.samples))

    @property
    def columns(self) -> set[str]:
        return {name.removeprefix("-") for name in (*self.part, *self.whole, *self.samples)}


def _added(row: Mapping[str, Any], names: Iterable[str]) -> int:
    return sum(
        -(row[f"sum_{name[1:]}"] or 0) if name.startswith("-") else row[f"sum_{name}"] or 0 for name in names
    )


_RESPONSES = ("responses",)
_JUDGED = ("outcome_ok", "outcome_error")
_CACHE_WRITES = ("cache_creation_5m_tokens", "cache_creation_1h_tokens")
_INPUT = ("input_tokens", "cache_read_tokens", *_CACHE_WRITES)
ADDING = {
    "session_cost": Adding(("cost_nano_usd",), ("responses", "-unpriced_responses"), _RESPONSES, NANO),
    "session_tokens": Adding(("input_tokens", "output_tokens"), _RESPONSES, _RESPONSES),
    "input_tokens": Adding(("input_tokens",), _RESPONSES, _RESPONSES),
    "output_tokens": Adding(("output_tokens",), _RESPONSES, _RESPONSES),
    "cache_read_tokens": Adding(("cache_read_tokens",), _RESPONSES, _RESPONSES),
    "cache_creation_tokens": Adding(_CACHE_WRITES, _RESPONSES, _RESPONSES),
    "unpriced_tokens": Adding(("unpriced_tokens",), _RESPONSES, _RESPONSES),
    "unpriced_share": Adding(
        ("unpriced_tokens",), (*_INPUT, "output_tokens"), _RESPONSES, PERCENT, is_ratio=True
    ),
    "cache_hit_rate": Adding(
        ("cache_read_tokens",),
        _INPUT,
        _RESPONSES,
        PERCENT,
        is_ratio=True,
    ),
    "tool_call_count": Adding(("calls",), ("calls",), ("calls",)),
    "tool_success_rate": Adding(("outcome_ok",), _JUDGED, _JUDGED, PERCENT, is_ratio=True),
    "tool_error_rate": Adding(("outcome_error",), _JUDGED, _JUDGED, PERCENT, is_ratio=True),
    "file_churn": Adding(("lines_changed",), ("calls",), ("calls",)),
}
EVENT_KINDS = {"api_error_count": "api_error", "compaction_count": "compaction"}


@dataclass(frozen=True)
class Wanted:
    """What has to be read for a rule; equal for rules that can share it."""

    metric: str
    aggregation: Aggregation
    project_id: int | None
    group_by: tuple[str, ...]
    filters: tuple[tuple[str, tuple[str, ...]], ...]
    zone: str

    @property
    def source(self) -> Source:
        return METRICS[self.metric].source

    @property
    def projects(self) -> Projects:
        return None if self.project_id is None else only(self.project_id)

    @classmethod
    def of(cls, rule: RuleDefinition, project_id: int | None) -> "Wanted":
        filters = tuple(sorted((name, tuple(values)) for name, values in rule.filters.items()))
        zone = rule.time_zone if rule.measure.source in (Source.TASKS, Source.FEATURES) else ""
        return cls(rule.metric, rule.aggregation, project_id, rule.group_by, filters, zone)


@dataclass(frozen=True, slots=True)
class Columns:
    """One group's rows side by side, ascending by quarter; a quarter can stand in several rows."""

    quarters: Sequence[int]
    sessions: Sequence[int]
    sums: Mapping[str, Sequence[int]]

    def added(self, names: Iterable[str]) -> list[int]:
        """Of each row the sum of some columns; a minus sign takes one away."""
        total = [0] * len(self.quarters)
        for name in names:
            change = sub if name.startswith("-") else add
            total = list(map(change, total, self.sums[name.removeprefix("-")]))
        return total


class Rollups:
    """What rollups hold of one stretch of time, for some metrics: each question is asked once."""

    def __init__(self, first: int, stop: int, metrics: Iterable[str]) -> None:
        self.first, self.stop = first, stop
        self._metrics = [name for name in metrics if name in ADDING]
        self._read: dict[Any, dict[Group, Columns]] = {}

    def columns(self, wanted: Wanted, *, by_session: bool = False) -> dict[Group, Columns]:
        """{group: its sums}, of the rows that the filters let through."""
        of_tools = wanted.source is not Source.USAGE
        key = (of_tools, wanted.project_id, wanted.group_by, wanted.filters, by_session)
        if key not in self._read:
            self._read[key] = self._ask(wanted, of_tools=of_tools, by_session=by_session)
        return self._read[key]

    def _ask(self, wanted: Wanted, *, of_tools: bool, by_session: bool) -> dict[Group, Columns]:
        filters = dict(wanted.filters)
        families = filters.pop("model_family", None)
        names = columns_alike(wanted.metric, self._metrics)
        dimensions = _stored(wanted.group_by, by_model=families is not None)
        rows = parts_by_quarter(
            names,
            self.first,
            self.stop,
            of_tools=of_tools,
            project_id=wanted.project_id,
            dimensions=dimensions,
            filters=filters,
            by_session=by_session,
        )
        keys = 2 if by_session else 1
        if families is not None:
            at = keys + dimensions.index("model")
            rows = [row for row in rows if model_family(row[at]) in families]
        grouped = _by_group(wanted.group_by, dimensions, rows, keys)
        return {group: _columns(mine, names, by_session=by_session) for group, mine in grouped.items()}


def columns_alike(metric: str, others: Iterable[str]) -> list[str]:
    """The columns of a metric, and of those others that the same rollup can tell."""
    of_usage = METRICS[metric].source is Source.USAGE
    alike = [name for name in others if (METRICS[name].source is Source.USAGE) is of_usage]
    return sorted({column for name in (metric, *alike) for column in ADDING[name].columns})


def _by_group(
    group_by: Sequence[str], dimensions: Sequence[str], rows: list[tuple[Any, ...]], keys: int
) -> dict[Group, list[tuple[Any, ...]]]:
    """Rows by what they are grouped by; their dimensions stand after so many keys."""
    if not group_by:
        return {(): rows} if rows else {}
    of = [f"of_{name}" for name in dimensions]
    told = [dict(zip(of, row[keys:], strict=False)) for row in rows]
    features = work_names("feature", {row["of_feature"] for row in told}) if "feature" in group_by else {}
    found: dict[Group, list[tuple[Any, ...]]] = defaultdict(list)
    for row, values in zip(rows, told, strict=True):
        found[group_of(group_by, values, features)].append(row)
    return found


def _columns(rows: list[tuple[Any, ...]], names: Sequence[str], *, by_session: bool) -> Columns:
    beside = list(zip(*rows, strict=True))
    sums = {
        name: [value or 0 for value in column]
        for name, column in zip(names, beside[-len(names) :], strict=True)
    }
    return Columns(beside[0], beside[1] if by_session else (), sums)


def _stored(group_by: Iterable[str], *, by_model: bool) -> tuple[str, ...]:
    """Families are told from models, which are what is stored."""
    by_model = by_model or "model_family" in group_by
    names = [name for name in group_by if name != "model_family"]
    return tuple(dict.fromkeys([*names, *(["model"] if by_model else [])]))


def group_of(group_by: Iterable[str], row: Mapping[str, Any], features: Mapping[str, str]) -> Group:
    found = []
    for name in group_by:
        if name == "model_family":
            found.append(model_family(row["of_model"]) or UNATTRIBUTED)
        else:
            value = str(row[f"of_{name}"])
            found.append(features.get(value, value) if name == "feature" else value)
    return tuple(found)
