"""A session's columns from its gathered facts."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sessions.derive.course import Course, Step, course_of, ending_of
from sessions.derive.gather import Gathered, SeenEvent
from sessions.derive.story import Moment, dates_of, impact_of, timeline_of
from sessions.models import AgentSession
from sessions.parsers.formats.claude_tools import OUTCOMES
from sessions.parsers.normalise import quarter_of
from sessions.parsers.pricing import display_model
from sessions.querysets import TOKENS

TITLE_CHARS = 120
_HOUSEKEEPING = frozenset(
    """add-dir agents clear compact config context cost doctor effort exit export fast help hooks ide init login
    logout mcp memory model output-style permissions plugin quit release-notes reload-plugins resume rewind
    sandbox stats status statusline terminal-setup theme todos upgrade usage vim""".split()  # noqa: SIM905
)
_TITLE_RANK = ("custom-title", "ai-title", "summary")


def derive_columns(
    session: AgentSession, facts: Gathered, *, has_pending_call: bool, own_from_ms: int | None
) -> None:
    """Set every derived column that needs no other session's row."""
    course = course_of(facts.steps or _steps_of_times(facts), own_from_ms)
    interrupted = _ends_interrupted(facts.events, course)
    end_turn = facts.last_stop_reason in ("end_turn", "stop_sequence")
    session.ending, session.is_open = ending_of(
        course, pending_calls=has_pending_call, interrupted=interrupted, end_turn=end_turn
    )
    _set_times(session, facts, course, own_from_ms)
    _set_usage(session, facts)
    _set_facets(session, facts)
    _set_events(session, facts)
    _set_work(session, facts)
    session.title, session.title_source = title_of(facts)
    moments = [
        Moment(e.at_ms, e.kind, e.text) for e in facts.events if e.at_ms is not None and not e.inherited
    ]
    session.dates = dates_of(course.first_ms, course.last_ms, session.ending, session.is_open)
    session.timeline = timeline_of(course.first_ms, course.last_ms, session.ending, moments)
    session.impact_history = impact_of(facts.changes)


def _steps_of_times(facts: Gathered) -> list[Step]:
    """A session without lines of its own: only progress records or its subagents tell of it."""
    return [Step(n, "assistant", "", at_ms) for n, at_ms in enumerate(sorted(facts.times))]


def title_of(facts: Gathered) -> tuple[str, str]:
    """Custom title, else the agent's, else a summary, else the first prompt or command; the last one given wins."""
    given = {e.data.get("from"): e.text for e in facts.events if e.kind == "title" and not e.data.get("leaf")}
    if facts.summaries:
        given["summary"] = facts.summaries[-1]
    for source in _TITLE_RANK:
        if given.get(source):
            return _one_line(given[source]), source
    asked = [e for e in facts.events if e.kind in ("prompt", "command") and e.text]
    first = next((e for e in asked if not _is_housekeeping(e)), asked[0] if asked else None)
    if first is None:
        return "", ""
    args = str(first.data.get("args") or "")
    return _one_line(f"{first.text} {args}" if first.kind == "command" else first.text), first.kind


def _is_housekeeping(event: SeenEvent) -> bool:
    """Commands about the tool itself say nothing about the work."""
    return event.kind == "command" and event.text.lstrip("/").lower() in _HOUSEKEEPING


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 1] + "…"


def _ends_interrupted(events: list[SeenEvent], course: Course) -> bool:
    return any(e.kind == "interrupt" and e.seq == course.last_talk_seq for e in events)


def _set_times(session: AgentSession, facts: Gathered, course: Course, own_from_ms: int | None) -> None:
    session.entry_count = len(facts.steps)
    session.has_transcript = bool(facts.steps)
    session.started_at, session.ended_at = _moment(course.first_ms), _moment(course.last_ms)
    own = own_from_ms if own_from_ms is not None else course.first_ms
    session.own_started_at = _moment(own)
    session.start_quarter = None if own is None else quarter_of(own)
    session.active_seconds = session.wall_seconds = None
    if course.first_ms is not None and course.last_ms is not None and own is not None:
        session.wall_seconds = max(0, course.last_ms - own) // 1000
        # What its subagents worked is theirs, and how long it worked itself is not known.
        session.active_seconds = None if facts.is_told_by_members else course.active_ms // 1000


def _moment(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)


def _set_usage(session: AgentSession, facts: Gathered) -> None:
    rows = facts.responses
    for name in TOKENS:
        setattr(session, name, sum(row[f"sum_{name}"] for row in rows))
    session.response_count = sum(row["responses"] for row in rows)
    session.lower_bound_responses = sum(row["lower_bound"] for row in rows)
    session.partial_responses = sum(row["partial"] for row in rows)
    session.unpriced_tokens = sum(row["unpriced"] for row in rows)
    session.cost_nano_usd = _sum_known(row["cost"] for row in rows)
    session.reported_cost_nano_usd = _sum_known(row["reported"] for row in rows)
    session.inherited_response_count, session.inherited_tokens = facts.inherited
    by_model = Counter[str]()
    for row in rows:
        by_model[display_model(row["model"], row["fast"])] += row["responses"]
    ranked = sorted(by_model.items(), key=lambda item: (-item[1], item[0]))
    session.models_used = [{"name": name, "responses": count} for name, count in ranked]
    session.model = ranked[0][0] if ranked else ""


def _sum_known(values: Iterable[int | None]) -> int | None:
    known = [v for v in values if v is not None]
    return sum(known) if known else None


def _set_facets(session: AgentSession, facts: Gathered) -> None:
    facets = facts.facets
    session.versions = facets.get("version", [])
    session.branches = facets.get("branch", [])
    session.branch = (session.branches or [""])[0][:300]
    session.cwds = facets.get("cwd", [])
    session.cwd = (session.cwds or [""])[0][:1000]
    session.entrypoint = (facets.get("entrypoint") or [""])[0][:60]
    session.author = (facets.get("author") or [""])[0][:200]


def _set_events(session: AgentSession, facts: Gathered) -> None:
    own = [e for e in facts.events if not e.inherited]
    kinds = Counter(e.kind for e in own)
    asked = sum(e.kind == "prompt" and e.data.get("source") != "parent" for e in own)
    session.prompt_count = asked + kinds["command"]
    session.api_error_count = kinds["api_error"]
    session.compaction_count = kinds["compaction"]
    links = {e.text: e.data for e in facts.events if e.kind == "pr" and e.text}
    session.pull_requests = [
        {"url": url, "number": data.get("prNumber"), "repository": data.get("prRepository")}
        for url, data in links.items()
    ]


def _set_work(session: AgentSession, facts: Gathered) -> None:
    session.tool_call_count = sum(row["calls"] for row in facts.calls)
    session.tool_error_count = sum(row["errors"] for row in facts.calls)
    session.web_search_side_calls = sum(row["web_searches_sum"] for row in facts.calls)
    session.tools = [_tool(row) for row in facts.calls]
    session.skills, session.agents = facts.skills, facts.agents
    changes = [c for c in facts.changes if c.action in ("create", "update", "delete")]
    session.files_changed = len({c.path for c in changes})
    session.lines_added = sum(c.lines_added or 0 for c in changes)
    session.lines_removed = sum(c.lines_removed or 0 for c in changes)
    commits = dict.fromkeys(hash_ for c in facts.changes for hash_ in c.commits.split())
    session.commits = list(commits)


def _tool(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "count": row["calls"],
        "errors": row["errors"],
        "totalMs": row["elapsed"],
        "timed": row["timed"],
        "executionMs": row["execution"],
        **{name: row[f"outcome_{name}"] for name in OUTCOMES},
    }
