"""Everything the columns of a few sessions derive from, in a fixed number of queries."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import orjson

from sessions.bulk import rows_where_in
from sessions.derive.branches import Line
from sessions.derive.course import Step
from sessions.derive.story import Change
from sessions.models import (
    AgentSession,
    ModelResponse,
    ResponseCopy,
    SessionEvent,
    SessionFacet,
    ToolCall,
    ToolCallCopy,
    TranscriptEntry,
)
from sessions.querysets import RANK_BITS


@dataclass(slots=True)
class SeenEvent:
    """A stored event."""

    kind: str
    at_ms: int | None
    seq: int
    text: str
    data: dict[str, Any]
    inherited: bool
    entry_id: int


@dataclass(slots=True)
class Gathered:
    """The facts of one session."""

    steps: list[Step] = field(default_factory=list)
    lines: list[tuple[Line, bool]] = field(
        default_factory=list
    )  # and whether it is marked off the live branch
    responses: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    events: list[SeenEvent] = field(default_factory=list)
    facets: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    changes: list[Change] = field(default_factory=list)
    skills: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)  # titles given to it by summaries anywhere
    inherited: tuple[int, int] = (0, 0)
    shared_with: dict[int, int] = field(default_factory=dict)
    last_stop_reason: str = ""
    # When a session without lines of its own is known to have been at work, and whether only its subagents tell.
    times: list[int] = field(default_factory=list)
    is_told_by_members: bool = False

    def order_by_time(self) -> None:
        """Put in order what stands in several files.

        A line that stands in two of them is stored where it was read first; when it was written is the same in all.
        """
        at, moments = 0, {}
        for step in self.steps:
            at = (
                step.at_ms if step.at_ms is not None else at
            )  # what tells no time stays behind the line before it
            moments[step.seq] = at
        self.steps.sort(key=lambda step: (moments[step.seq], step.seq))
        self.events.sort(key=lambda event: (moments.get(event.seq, 0), event.seq))
        self.lines.sort(key=lambda item: (moments[item[0].seq], item[0].seq))


def gather(session_ids: list[int]) -> dict[int, Gathered]:
    """The facts of each session; a session without facts has an empty bundle."""
    found = {session_id: Gathered() for session_id in session_ids}
    _gather_steps(session_ids, found)
    for row in ModelResponse.objects.totals_by_owner(session_ids):
        found[row["owner_id"]].responses.append(row)
    for row in ToolCall.objects.totals_by_owner(session_ids):
        found[row["owner_id"]].calls.append(row)
    _gather_events(session_ids, found)
    for bundle in found.values():
        if bundle.steps and bundle.steps[-1].seq >> RANK_BITS:
            bundle.order_by_time()
    _gather_facets(session_ids, found)
    _gather_calls(session_ids, found)
    _gather_summaries(session_ids, found)
    for session_id, inherited in ResponseCopy.objects.inherited_by_session(session_ids).items():
        found[session_id].inherited = inherited
    for session_id, shared in ResponseCopy.objects.shared_owners(session_ids).items():
        found[session_id].shared_with = shared
    for session_id, shared in ModelResponse.objects.twins_elsewhere(session_ids).items():
        mine = found[session_id].shared_with
        mine.update({owner: mine.get(owner, 0) + n for owner, n in shared.items()})
    _gather_last_stop(session_ids, found)
    _gather_times_without_lines(session_ids, found)
    return found


def _gather_steps(session_ids: list[int], found: dict[int, Gathered]) -> None:
    names = ("session_id", *Step._fields, "id", "uuid_key", "parent_key", "superseded", "off_branch")
    order = ("session_id", "seq", "id")
    for row in rows_where_in(TranscriptEntry, names, "session_id", session_ids, order_by=order):
        session_id, seq, kind, subtype, at_ms, entry_id, key, parent, superseded, is_off = row
        found[session_id].steps.append(Step(seq, kind, subtype, at_ms))
        if not superseded:
            found[session_id].lines.append((Line(entry_id, seq, key, parent, kind, subtype), bool(is_off)))


def _gather_events(session_ids: list[int], found: dict[int, Gathered]) -> None:
    names = ("session_id", "kind", "at_ms", "seq", "text", "data", "inherited", "entry_id")
    order = ("session_id", "seq", "id")
    rows = rows_where_in(SessionEvent, names, "session_id", session_ids, order_by=order)
    for session_id, kind, at_ms, seq, text, data, inherited, entry_id in rows:
        said = orjson.loads(data) if data != "{}" else {}
        found[session_id].events.append(SeenEvent(kind, at_ms, seq, text, said, bool(inherited), entry_id))


def _gather_facets(session_ids: list[int], found: dict[int, Gathered]) -> None:
    order = ("session_id", "name", "first_at_ms", "first_line", "value")
    rows = rows_where_in(SessionFacet, order, "session_id", session_ids, order_by=order)
    for session_id, name, _, _, value in rows:
        found[session_id].facets[name].append(value)


def _gather_calls(session_ids: list[int], found: dict[int, Gathered]) -> None:
    """File changes and commits, skills and agents, in order of time."""
    calls = ToolCall.objects.counted().filter(owner_id__in=session_ids)
    telling = calls.exclude(path="", commits="", skill="", agent_name="").order_by("use_at_ms", "id")
    names = ("use_at_ms", "path", "file_action", "lines_added", "lines_removed", "commits")
    more = ("owner_id", "outcome", "is_git", "skill", "agent_name")
    for row in telling.values(*names, *more):
        bundle = found[row["owner_id"]]
        if row["outcome"] == "ok" and (row["file_action"] or (row["commits"] and row["is_git"])):
            at_ms, path, action, added, removed, commits = (row[n] for n in names)
            commits = commits if row["is_git"] else ""
            bundle.changes.append(Change(at_ms or 0, path, action, added, removed, commits))
        if row["skill"] and row["skill"] not in bundle.skills:
            bundle.skills.append(row["skill"])
        if row["agent_name"] and row["agent_name"] not in bundle.agents:
            bundle.agents.append(row["agent_name"])
    for session_id, skill, _ in ModelResponse.objects.skills_by_owner(session_ids):
        if skill not in found[session_id].skills:
            found[session_id].skills.append(skill)


def _gather_summaries(session_ids: list[int], found: dict[int, Gathered]) -> None:
    mine = TranscriptEntry.objects.filter(session_id__in=session_ids)
    told = SessionEvent.objects.filter(kind="title", leaf_key__in=mine.values("uuid_key")).order_by(
        "leaf_key", "text"
    )
    titles = dict(told.values_list("leaf_key", "text"))
    if not titles:
        return
    leaves = mine.filter(uuid_key__in=titles).order_by("session_id", "seq")
    for session_id, uuid_key in leaves.values_list("session_id", "uuid_key"):
        found[session_id].summaries.append(titles[uuid_key])


def _gather_last_stop(session_ids: list[int], found: dict[int, Gathered]) -> None:
    copies = ResponseCopy.objects.filter(session_id__in=session_ids, is_assistant=True)
    ordered = copies.order_by("session_id", "first_at_ms", "response_id")
    for session_id, reason in ordered.values_list("session_id", "response__stop_reason"):
        found[session_id].last_stop_reason = reason


def _gather_times_without_lines(session_ids: list[int], found: dict[int, Gathered]) -> None:
    """A session without lines of its own was there when its responses were, or its subagents."""
    silent = [key for key in session_ids if not found[key].steps]
    told = ResponseCopy.objects.filter(session_id__in=silent)
    for session_id, at_ms in told.values_list("session_id", "first_at_ms"):
        found[session_id].times.append(at_ms)
    trunks = AgentSession.objects.filter(id__in=silent, agent_id="")
    natives = dict(trunks.values_list("native_id", "id"))
    for native, ends in TranscriptEntry.objects.times_by_family(natives).items():
        found[natives[native]].times.extend(ends)
        found[natives[native]].is_told_by_members = True


def pending_calls(session_ids: list[int]) -> set[int]:
    """Sessions that hold a call without an answer."""
    waiting = ToolCallCopy.objects.filter(
        session_id__in=session_ids, has_use=True, call__result_digest__isnull=True
    )
    return set(waiting.values_list("session_id", flat=True))
