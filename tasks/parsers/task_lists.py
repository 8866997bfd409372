"""The `tasks:` list of front matter."""

from collections.abc import Mapping
from typing import Any

from tasks.parsers.dates import read_stamp
from tasks.parsers.estimates import joined, read_estimate
from tasks.parsers.front_matter import FrontMatter
from tasks.parsers.records import Estimate, ParsedTask, Problem, Stamp
from tasks.parsers.references import commits_in, key_of, phase_token, slug_of, texts
from tasks.parsers.statuses import BACKLOG, StatusReading, read_status

MAX_TASKS = 5000
_STARTED = ("started_at", "started", "started_on", "start_date", "date_started")
_COMPLETED = (
    "completed_at",
    "completed",
    "completed_on",
    "completed_date",
    "completion_date",
    "date_completed",
    "done_at",
    "finished_at",
)
_ESTIMATES = {
    "estimated_effort": "",
    "story_points": "points",
    "points": "points",
    "estimate": "",
    "effort": "",
    "estimated_time": "",
    "estimated_hours": "hours",
    "estimate_hours": "hours",
    "estimated_cost": "usd",
    "estimate_usd": "usd",
    "effort_estimate": "",
}
_OWNERS = ("assigned_to", "owner", "owners", "assignee", "assignees")


def read_tasks(front: FrontMatter, problems: list[Problem]) -> tuple[ParsedTask, ...]:
    """Every entry of the list. What is no list, and entries without keys, are reported."""
    name = next((key for key in front.values if key_of(key) == "tasks"), "")
    lines = front.item_lines.get(name, [])
    found = []
    for number, item in enumerate(_items(front.values.get(name), lines[0] if lines else None, problems)):
        line = lines[number] if number < len(lines) else None
        if number >= MAX_TASKS:
            problems.append(Problem(line, "too_many_tasks", f"Only the first {MAX_TASKS:,} tasks are read."))
            break
        if isinstance(item, Mapping):
            found.append(_task(item, number, line))
        elif item is not None:
            said = (
                "An entry of the task list has no keys, so that it has no id and no status; it was left out."
            )
            problems.append(Problem(line, "not_a_task", said, str(item)[:200]))
    return tuple(found)


def _items(value: Any, line: int | None, problems: list[Problem]) -> list[Any]:
    if isinstance(value, Mapping):
        said = f"`tasks` is a mapping with {len(value)} keys instead of a list; none of it counts as a task."
        problems.append(Problem(line, "tasks_not_a_list", said, ", ".join(map(str, value))[:200]))
    return value if isinstance(value, list) else []


def _task(item: Mapping[Any, Any], number: int, line: int | None) -> ParsedTask:
    said = {key_of(str(key)): value for key, value in item.items()}
    title = _first(said, "title", "name", "description", "task", "id")
    raw_id = _first(said, "id", "task_id") or slug_of(title) or f"#{number + 1}"
    status = read_status(said.get("status")) or StatusReading(BACKLOG, "", True)
    return ParsedTask(
        id=raw_id[:200],
        title=title[:500],
        status=status.status,
        status_raw=status.raw,
        status_known=status.is_known,
        line=line,
        description=_first(said, "description", "details", "notes")
        if title != said.get("description")
        else "",
        phase_token=phase_token(_first(said, "phase")),
        started=_stamp(said, _STARTED),
        completed=_stamp(said, _COMPLETED),
        owners=_listed(said, *_OWNERS),
        priority=_first(said, "priority").lower()[:60],
        estimate=_estimate(said),
        effort_raw=_first(said, "actual_effort", "actual", "duration", "actual_time")[:200],
        assigned_model=_first(said, "assigned_model", "model")[:200],
        dependencies=_listed(said, "dependencies", "depends_on"),
        evidence=_evidence(said.get("evidence")),
        deliverables=_listed(said, "deliverables", "output"),
        files=_listed(said, "files", "file", "files_modified", "files_affected", "files_created"),
        commit_refs=commits_in(
            _listed(said, "commit", "commits", "git_commit", "completed_commit", "commit_refs")
        ),
        session_refs=_listed(said, "session_id", "sessionid", "session", "sessions"),
        request_refs=_listed(said, "request_log_id", "request_log_ids", "request_log"),
        agent_refs=_listed(said, "agent_id"),
    )


def _first(said: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that says something."""
    for name in names:
        value = said.get(name)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""


def _listed(said: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    return tuple(texts([said[name] for name in names if name in said]))


def _stamp(said: Mapping[str, Any], names: tuple[str, ...]) -> Stamp | None:
    return next((stamp for name in names if (stamp := read_stamp(said.get(name)))), None)


def _estimate(said: Mapping[str, Any]) -> Estimate:
    return joined(*(read_estimate(said.get(name), bare_unit=unit) for name, unit in _ESTIMATES.items()))


def _evidence(value: Any) -> tuple[str, ...]:
    """Evidence is a text, a list of texts or of mappings; a mapping becomes `key: value` in one line."""
    items = value if isinstance(value, list) else [value]
    found = []
    for item in items:
        if isinstance(item, Mapping):
            found.append(", ".join(f"{key}: {' '.join(texts(part))}" for key, part in item.items())[:1000])
        else:
            found += texts(item)
    return tuple(text for text in found if text)
