"""Where the values of rules come from: rollups and the small tables, read once for all rules that want the same."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import accumulate
from zoneinfo import ZoneInfo

from alerts.querysets.measured import call_times, event_counts, session_begins
from alerts.replay import Group
from alerts.rollup_parts import (
    ADDING,
    EVENT_KINDS,
    NANO,
    PERCENT,
    UNATTRIBUTED,
    Adding,
    Columns,
    Rollups,
    Wanted,
    group_of,
)
from alerts.windows import Course, LevelCourse, Parts, PerSessionCourse, RankedCourse, SummedCourse
from analytics.metrics import Aggregation, Source
from analytics.periods import quarter_of
from analytics.plan_figures import TaskCourse, has_plans, task_courses
from analytics.reading_levels import levels_within
from analytics.stalled_tasks import stalled_spells
from analytics.work import work_names

MOST_GROUPS = 200


def sessions_wanted(wanted: Wanted) -> Wanted:
    """The sessions that began, in the project of a rule."""
    return Wanted("session_count", Aggregation.SUM, wanted.project_id, (), (), "")


class Measurements:
    """The courses of rules over one stretch of time, each read once."""

    def __init__(self, first: int, stop: int, metrics: Iterable[str] = ()) -> None:
        self._rollups = Rollups(first, stop, metrics)
        self._read: dict[Wanted, dict[Group, Course]] = {}

    def courses(self, wanted: Wanted) -> dict[Group, Course]:
        """{group: its course}; the whole has one even where nothing happened."""
        if wanted not in self._read:
            found = _courses(wanted, self._rollups)
            if not wanted.group_by and not found and _is_known(wanted):
                found = {(): SummedCourse.of({})}
            self._read[wanted] = found
        return self._read[wanted]


def _is_known(wanted: Wanted) -> bool:
    """Whether nothing means nothing: without any plan read, not a single task is unknown rather than none."""
    is_about_plans = wanted.source in (Source.TASKS, Source.FEATURES)
    return not is_about_plans or has_plans(wanted.projects)


def _courses(wanted: Wanted, rollups: Rollups) -> dict[Group, Course]:
    if wanted.metric in ADDING:
        return _adding_courses(wanted, rollups)
    if wanted.metric == "cost_per_completed_task":
        return _costs_of_tasks(wanted, rollups)
    return _OTHERS[wanted.metric](wanted, rollups.first, rollups.stop)


def _adding_courses(wanted: Wanted, rollups: Rollups) -> dict[Group, Course]:
    adding = ADDING[wanted.metric]
    per_session = wanted.aggregation not in (Aggregation.SUM, Aggregation.RATIO)
    found = rollups.columns(wanted, by_session=per_session)
    if per_session:
        return {
            group: PerSessionCourse(
                zip(each.quarters, each.sessions, each.added(adding.part), strict=True),
                adding.scale,
                wanted.aggregation,
            )
            for group, each in found.items()
        }
    return {group: _summed(adding, each) for group, each in found.items()}


def _summed(adding: Adding, columns: Columns) -> SummedCourse:
    return SummedCourse(
        columns.quarters,
        columns.added(adding.part),
        columns.added(adding.whole),
        columns.added(adding.samples),
        adding.scale,
        is_ratio=adding.is_ratio,
    )


def _add(held: dict[int, Parts], quarter: int, more: Parts) -> None:
    known = held.get(quarter)
    if known:
        more = Parts(known.part + more.part, known.whole + more.whole, known.samples + more.samples)
    held[quarter] = more


def _session_counts(wanted: Wanted, first: int, stop: int) -> dict[Group, Course]:
    parts: dict[Group, dict[int, Parts]] = defaultdict(dict)
    for group, quarter, _, _ in _begun(wanted, first, stop, roots=True):
        _add(parts[group], quarter, Parts(1, 1, 1))
    return {group: SummedCourse.of(found) for group, found in parts.items()}


def _active_seconds(wanted: Wanted, first: int, stop: int) -> dict[Group, Course]:
    parts: dict[Group, dict[int, Parts]] = defaultdict(dict)
    for group, quarter, _, active in _begun(wanted, first, stop, roots=False):
        _add(parts[group], quarter, Parts(active or 0, 1, 1))
    return {group: SummedCourse.of(found) for group, found in parts.items()}


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
        group = group_of(wanted.group_by, row, {})
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
        _add(parts[group_of(wanted.group_by, row, {})], row["quarter"], Parts(row["n"], row["n"], row["n"]))
    return {group: SummedCourse.of(found) for group, found in parts.items()}


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
    return {group: SummedCourse.of(found) for group, found in parts.items()}


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


def _stalled(wanted: Wanted, *_: int) -> dict[Group, Course]:
    """How many tasks stood still at the end of each quarter in which one came to, or was gone on with."""
    turns: dict[Group, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    spells = stalled_spells(wanted.projects)
    names = work_names("feature", {str(spell.feature_id) for spell in spells if spell.feature_id})
    filters = dict(wanted.filters)
    for spell in spells:
        told = {"project": spell.project, "feature": names.get(str(spell.feature_id), UNATTRIBUTED)}
        if all(told[name] in values for name, values in filters.items()):
            held = turns[tuple(told[name] for name in wanted.group_by)]
            held[quarter_of(spell.begins_at)] += 1
            if spell.ends_at:
                held[quarter_of(spell.ends_at)] -= 1
    if not wanted.group_by and has_plans(wanted.projects):
        turns[()][0] += 0
    return {group: LevelCourse(_levels_after(held)) for group, held in turns.items()}


def _levels_after(changes: Mapping[int, int]) -> dict[int, Decimal]:
    ordered = sorted(changes)
    levels = accumulate(changes[quarter] for quarter in ordered)
    return {0: Decimal(0)} | {at: Decimal(level) for at, level in zip(ordered, levels, strict=True)}


def _reading(wanted: Wanted, first: int, stop: int) -> dict[Group, Course]:
    """A level holds for the quarter in which somebody looked: nobody knows how it went on."""
    if wanted.project_id is not None:
        return {}
    levels: dict[int, Decimal | None] = {}
    for quarter, level in sorted(levels_within(wanted.metric, first, stop).items()):
        levels |= {quarter: Decimal(level), quarter + 1: None}
    return {(): LevelCourse(levels)}


def _costs_of_tasks(wanted: Wanted, rollups: Rollups) -> dict[Group, Course]:
    cost = Wanted("session_cost", Aggregation.SUM, wanted.project_id, wanted.group_by, wanted.filters, "")
    adding = ADDING["session_cost"]
    parts: dict[Group, dict[int, Parts]] = defaultdict(dict)
    for group, each in rollups.columns(cost).items():
        for quarter, part in zip(each.quarters, each.added(adding.part), strict=True):
            _add(parts[group], quarter, Parts(part, 0, 0))
    for group, course in _plan_courses(wanted):
        if (
            course.completed_at
            and rollups.first <= (quarter := quarter_of(course.completed_at)) < rollups.stop
        ):
            _add(parts[group], quarter, Parts(0, 1, 1))
    return {group: SummedCourse.of(found, NANO, is_ratio=True) for group, found in parts.items()}


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
    "stalled_tasks": _stalled,
    "reading_lag": _reading,
    "transcripts_at_risk": _reading,
}
EVALUATED = frozenset({*ADDING, *_OTHERS, "cost_per_completed_task"})
