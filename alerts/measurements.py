"""Where the values of rules come from: rollups and the small tables, read once for all rules that want the same."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from alerts.definition import RuleDefinition
from alerts.querysets.measured import call_times, event_counts, parts_by_quarter, session_begins
from alerts.replay import Group
from alerts.windows import Course, LevelCourse, Parts, PerSessionCourse, RankedCourse, SummedCourse
from analytics.metrics import METRICS, Aggregation, Source
from analytics.periods import quarter_of
from analytics.plan_figures import TaskCourse, has_plans, task_courses
from analytics.work import work_names
from sessions.parsers.pricing import model_family
from sessions.scope import Projects, only

MOST_GROUPS = 200
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
ADDING = {
    "session_cost": Adding(("cost_nano_usd",), ("responses", "-unpriced_responses"), _RESPONSES, NANO),
    "session_tokens": Adding(("input_tokens", "output_tokens"), _RESPONSES, _RESPONSES),
    "input_tokens": Adding(("input_tokens",), _RESPONSES, _RESPONSES),
    "output_tokens": Adding(("output_tokens",), _RESPONSES, _RESPONSES),
    "cache_read_tokens": Adding(("cache_read_tokens",), _RESPONSES, _RESPONSES),
    "cache_creation_tokens": Adding(_CACHE_WRITES, _RESPONSES, _RESPONSES),
    "unpriced_tokens": Adding(("unpriced_tokens",), _RESPONSES, _RESPONSES),
    "cache_hit_rate": Adding(
        ("cache_read_tokens",),
        ("input_tokens", "cache_read_tokens", *_CACHE_WRITES),
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
    def projects(self) -> Projects:
        return None if self.project_id is None else only(self.project_id)

    @classmethod
    def of(cls, rule: RuleDefinition, project_id: int | None) -> "Wanted":
        filters = tuple(sorted((name, tuple(values)) for name, values in rule.filters.items()))
        zone = rule.time_zone if rule.measure.source in (Source.TASKS, Source.FEATURES) else ""
        return cls(rule.metric, rule.aggregation, project_id, rule.group_by, filters, zone)


def sessions_wanted(wanted: Wanted) -> Wanted:
    """The sessions that began, in the project of a rule."""
    return Wanted("session_count", Aggregation.SUM, wanted.project_id, (), (), "")


class Measurements:
    """The courses of rules over one stretch of time, each read once."""

    def __init__(self, first: int, stop: int) -> None:
        self._first, self._stop = first, stop
        self._read: dict[Wanted, dict[Group, Course]] = {}

    def courses(self, wanted: Wanted) -> dict[Group, Course]:
        """{group: its course}; the whole has one even where nothing happened."""
        if wanted not in self._read:
            found = _courses(wanted, self._first, self._stop)
            if not wanted.group_by and not found and _is_known(wanted):
                found = {(): SummedCourse({}, ONE, is_ratio=False)}
            self._read[wanted] = found
        return self._read[wanted]


def _is_known(wanted: Wanted) -> bool:
    """Whether nothing means nothing: without any plan read, not a single task is unknown rather than none."""
    is_about_plans = _source(wanted) in (Source.TASKS, Source.FEATURES)
    return not is_about_plans or has_plans(wanted.projects)


def _source(wanted: Wanted) -> Source:
    return METRICS[wanted.metric].source


def _courses(wanted: Wanted, first: int, stop: int) -> dict[Group, Course]:
    if wanted.metric in ADDING:
        return _adding_courses(wanted, first, stop)
    return _OTHERS[wanted.metric](wanted, first, stop)


def _adding_courses(wanted: Wanted, first: int, stop: int) -> dict[Group, Course]:
    adding = ADDING[wanted.metric]
    per_session = wanted.aggregation not in (Aggregation.SUM, Aggregation.RATIO)
    rows = _rollup_rows(wanted, adding.columns, first, stop, by_session=per_session)
    if per_session:
        by_session: dict[Group, list[tuple[int, int, int]]] = defaultdict(list)
        for group, row in rows:
            by_session[group].append((row["quarter"], row["session_id"], adding.parts(row).part))
        return {
            group: PerSessionCourse(found, adding.scale, wanted.aggregation)
            for group, found in by_session.items()
        }
    parts: dict[Group, dict[int, Parts]] = defaultdict(dict)
    for group, row in rows:
        _add(parts[group], row["quarter"], adding.parts(row))
    return {
        group: SummedCourse(found, adding.scale, is_ratio=adding.is_ratio) for group, found in parts.items()
    }


def _add(held: dict[int, Parts], quarter: int, more: Parts) -> None:
    known = held.get(quarter)
    if known:
        more = Parts(known.part + more.part, known.whole + more.whole, known.samples + more.samples)
    held[quarter] = more


def _rollup_rows(
    wanted: Wanted, columns: set[str], first: int, stop: int, *, by_session: bool
) -> list[tuple[Group, dict[str, Any]]]:
    """(group, sums) of rollup rows that the filters let through."""
    filters = dict(wanted.filters)
    by_model = "model_family" in wanted.group_by or "model_family" in filters
    rows = parts_by_quarter(
        columns,
        first,
        stop,
        of_tools=_source(wanted) is not Source.USAGE,
        project_id=wanted.project_id,
        dimensions=_stored(wanted.group_by, by_model=by_model),
        filters={name: values for name, values in filters.items() if name != "model_family"},
        by_session=by_session,
    )
    families = filters.get("model_family")
    named = _feature_names(wanted, rows)
    return [
        (_group_of(wanted.group_by, row, named), row)
        for row in rows
        if families is None or model_family(row["of_model"]) in families
    ]


def _stored(group_by: Iterable[str], *, by_model: bool) -> tuple[str, ...]:
    """Families are told from models, which are what is stored."""
    names = [name for name in group_by if name != "model_family"]
    return tuple(dict.fromkeys([*names, *(["model"] if by_model else [])]))


def _feature_names(wanted: Wanted, rows: list[dict[str, Any]]) -> dict[str, str]:
    if "feature" not in wanted.group_by:
        return {}
    return work_names("feature", {row["of_feature"] for row in rows})


def _group_of(group_by: Iterable[str], row: Mapping[str, Any], features: Mapping[str, str]) -> Group:
    found = []
    for name in group_by:
        if name == "model_family":
            found.append(model_family(row["of_model"]) or UNATTRIBUTED)
        else:
            value = str(row[f"of_{name}"])
            found.append(features.get(value, value) if name == "feature" else value)
    return tuple(found)


def _session_counts(wanted: Wanted, first: int, stop: int) -> dict[Group, Course]:
    parts: dict[Group, dict[int, Parts]] = defaultdict(dict)
    for group, quarter, _, _ in _begun(wanted, first, stop, roots=True):
        _add(parts[group], quarter, Parts(1, 1, 1))
    return {group: SummedCourse(found, ONE, is_ratio=False) for group, found in parts.items()}


def _active_seconds(wanted: Wanted, first: int, stop: int) -> dict[Group, Course]:
    parts: dict[Group, dict[int, Parts]] = defaultdict(dict)
    for group, quarter, _, active in _begun(wanted, first, stop, roots=False):
        _add(parts[group], quarter, Parts(active or 0, 1, 1))
    return {group: SummedCourse(found, ONE, is_ratio=False) for group, found in parts.items()}


def _durations(wanted: Wanted, first: int, stop: int) -> dict[Group, Course]:
    values: dict[Group, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for group, quarter, wall, _ in _begun(wanted, first, stop, roots=True):
        if wall is not None:
            values[group][quarter].append(wall)
    return {group: RankedCourse(found, wanted.aggregation) for group, found in values.items()}


def _begun(
    wanted: Wanted, first: int, stop: int, *, roots: bool
) -> Iterable[tuple[Group, int, int | None, int | None]]:
    rows = session_begins(
        first,
        stop,
        project_id=wanted.project_id,
        dimensions=wanted.group_by,
        filters=dict(wanted.filters),
        roots=roots,
    )
    for row in rows:
        group = _group_of(wanted.group_by, row, {})
        yield group, row["start_quarter"], row["wall_seconds"], row["active_seconds"]


def _event_courses(wanted: Wanted, first: int, stop: int) -> dict[Group, Course]:
    rows = event_counts(
        EVENT_KINDS[wanted.metric],
        first,
        stop,
        project_id=wanted.project_id,
        dimensions=wanted.group_by,
        filters=dict(wanted.filters),
    )
    parts: dict[Group, dict[int, Parts]] = defaultdict(dict)
    for row in rows:
        _add(parts[_group_of(wanted.group_by, row, {})], row["quarter"], Parts(row["n"], row["n"], row["n"]))
    return {group: SummedCourse(found, ONE, is_ratio=False) for group, found in parts.items()}


def _call_courses(wanted: Wanted, first: int, stop: int) -> dict[Group, Course]:
    tools = dict(wanted.filters).get("tool")
    values: dict[Group, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for quarter, tool, ms in call_times(first, stop, project_id=wanted.project_id, tools=tools):
        values[(tool,) if wanted.group_by else ()][quarter].append(ms)
    rank = Aggregation.P50 if wanted.aggregation is Aggregation.P50 else Aggregation.P95
    return {group: RankedCourse(found, rank) for group, found in values.items()}


def _plan_courses(wanted: Wanted) -> Iterable[tuple[Group, TaskCourse]]:
    """The tasks a rule is about, each under its group."""
    courses = task_courses(wanted.projects, ZoneInfo(wanted.zone or "UTC"))
    names = work_names("feature", {str(course.feature_id) for course in courses if course.feature_id})
    filters = dict(wanted.filters)
    for course in courses:
        feature = names.get(str(course.feature_id), UNATTRIBUTED)
        told = {"project": course.project, "feature": feature}
        if all(told[name] in values for name, values in filters.items()):
            yield tuple(told[name] for name in wanted.group_by), course


def _completions(wanted: Wanted, first: int, stop: int) -> dict[Group, Course]:
    parts: dict[Group, dict[int, Parts]] = defaultdict(dict)
    for group, course in _plan_courses(wanted):
        parts.setdefault(group, {})
        if course.completed_at and first <= (quarter := quarter_of(course.completed_at)) < stop:
            _add(parts[group], quarter, Parts(1, 1, 1))
    return {group: SummedCourse(found, ONE, is_ratio=False) for group, found in parts.items()}


def _levels(wanted: Wanted, *_: int) -> dict[Group, Course]:
    """How far tasks, or features on average, had come at the end of each quarter in which one turned."""
    tasks: dict[Group, list[TaskCourse]] = defaultdict(list)
    for group, course in _plan_courses(wanted):
        if wanted.metric == "task_completion_pct" or course.feature_id is not None:
            tasks[group].append(course)
    by_feature = wanted.metric == "feature_progress"
    return {group: LevelCourse(_level_turns(mine, by_feature=by_feature)) for group, mine in tasks.items()}


def _level_turns(courses: list[TaskCourse], *, by_feature: bool) -> dict[int, Decimal | None]:
    """{quarter: percent complete at its end}, from the sweep over all turns of all tasks."""
    keys = [course.feature_id if by_feature else None for course in courses]
    sizes: dict[int | None, int] = defaultdict(int)
    for key in keys:
        sizes[key] += 1
    done: dict[int | None, int] = dict.fromkeys(sizes, 0)
    was = [False] * len(courses)
    turns = sorted(
        (quarter_of(at), index, complete)
        for index, course in enumerate(courses)
        for at, complete in course.turns
    )
    found: dict[int, Decimal | None] = {0: Decimal(0)}
    total = Decimal(0)
    for quarter, index, complete in turns:
        if complete != was[index]:
            was[index] = complete
            done[keys[index]] += 1 if complete else -1
            total += Decimal(1 if complete else -1) / sizes[keys[index]]
        found[quarter] = PERCENT * total / len(sizes)
    return found


def _costs_of_tasks(wanted: Wanted, first: int, stop: int) -> dict[Group, Course]:
    cost = Wanted("session_cost", Aggregation.SUM, wanted.project_id, wanted.group_by, wanted.filters, "")
    adding = ADDING["session_cost"]
    parts: dict[Group, dict[int, Parts]] = defaultdict(dict)
    for group, row in _rollup_rows(cost, adding.columns, first, stop, by_session=False):
        _add(parts[group], row["quarter"], Parts(adding.parts(row).part, 0, 0))
    for group, course in _plan_courses(wanted):
        if course.completed_at and first <= (quarter := quarter_of(course.completed_at)) < stop:
            _add(parts[group], quarter, Parts(0, 1, 1))
    return {group: SummedCourse(found, NANO, is_ratio=True) for group, found in parts.items()}


_OTHERS: dict[str, Callable[[Wanted, int, int], dict[Group, Course]]] = {
    "session_count": _session_counts,
    "session_duration": _durations,
    "active_seconds": _active_seconds,
    "api_error_count": _event_courses,
    "compaction_count": _event_courses,
    "tool_duration_p50": _call_courses,
    "tool_duration_p95": _call_courses,
    "task_velocity": _completions,
    "task_completion_pct": _levels,
    "feature_progress": _levels,
    "cost_per_completed_task": _costs_of_tasks,
}
EVALUATED = frozenset({*ADDING, *_OTHERS})
