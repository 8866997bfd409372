"""What was found in sessions, described for a reader: whose words, where they stand, and the words themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sessions.archive import scattered_lines
from sessions.facts.tool_calls import call_key
from sessions.models import AgentSession, Project, SearchItem, ToolCallCopy, TranscriptEntry
from sessions.parsers.display import shown
from sessions.parsers.records import SearchText
from sessions.search.filling import texts_in
from sessions.search.finding import Hit
from sessions.search.lines import KINDS, text_of
from sessions.search.query import Query
from sessions.search.snippets import Piece, snippet
from sessions.selectors.transcript_items import moment

_Kind = SearchItem.Kind
_LIGHT = (
    "id",
    "public_id",
    "agent_id",
    "title",
    "started_at",
    "project__name",
    "project__slug",
    "project__id",
)


@dataclass(frozen=True, slots=True)
class Result:
    """A hit with what a reader wants to know. Exactly one of session, document, feature and task is there."""

    hit: Hit
    title: str
    pieces: tuple[Piece, ...]
    at: datetime | None
    project: Project | None
    session: AgentSession | None = None
    seq: int | None = None  # the line the words stand in
    shown_seq: int | None = None  # the line they are shown with: a result is shown with its call
    tool: str = ""
    path: str = ""  # the file that the call names, as it stands there
    plan_key: int | None = None
    plan_id: str = ""  # as the API names it

    @property
    def kind(self) -> str:
        """The kind's name as filters have it."""
        return _Kind(self.hit.kind).name.lower()


@dataclass(slots=True)
class _Lookups:
    """Everything the hits of a page refer to."""

    sessions: dict[int, AgentSession]
    entries: dict[int, TranscriptEntry]
    texts: dict[int, list[SearchText]] = field(default_factory=dict)
    calls: dict[tuple[int, int], ToolCallCopy] = field(default_factory=dict)
    use_seqs: dict[int, int] = field(default_factory=dict)


def session_results(hits: Sequence[Hit], query: Query) -> dict[int, Result]:
    """{item: result} for the hits in sessions, in a fixed number of queries beside the archive's segments."""
    mine = [hit for hit in hits if hit.session_key is not None]
    found = _look_up(mine)
    results = {hit.id: _result(hit, query, found) for hit in mine}
    return {key: result for key, result in results.items() if result is not None}


def _look_up(hits: Sequence[Hit]) -> _Lookups:
    targets = {hit.target for hit in hits if hit.kind != _Kind.TITLE}
    sessions: Any = AgentSession.objects.select_related("project").only(*_LIGHT)
    found = _Lookups(
        sessions.in_bulk({hit.session_key for hit in hits}), TranscriptEntry.objects.in_bulk(targets)
    )
    lines = scattered_lines(found.entries.values())
    found.texts = {key: texts_in(raw) for key, raw in lines.items()}
    _look_up_calls(found)
    return found


def _look_up_calls(found: _Lookups) -> None:
    """The calls that lines are answers to: their tool, and where they stand."""
    keys = {call_key(said.call_id) for texts in found.texts.values() for said in texts if said.call_id}
    sessions = {entry.session_id for entry in found.entries.values()}
    copies = ToolCallCopy.objects.filter(call__in=keys, session__in=sessions).select_related("call")
    found.calls = {(copy.session_id, copy.call_id): copy for copy in copies}
    uses = {copy.use_entry_id for copy in found.calls.values() if copy.use_entry_id}
    found.use_seqs = dict(TranscriptEntry.objects.filter(id__in=uses).values_list("id", "seq"))


def _result(hit: Hit, query: Query, found: _Lookups) -> Result | None:
    """None where what was found has gone since."""
    session = found.sessions.get(hit.session_key or 0)
    if session is None:
        return None
    if hit.kind == _Kind.TITLE:
        pieces = snippet(session.title, query)
        return Result(hit, shown(session.title), pieces, session.started_at, session.project, session)
    entry = found.entries.get(hit.target)
    if entry is None:
        return None
    texts = found.texts[entry.pk]
    tool, path, use_seq = _call_of(entry, hit.kind, texts, found)
    return Result(
        hit,
        shown(session.title),
        snippet(text_of(texts, hit.kind), query),
        moment(entry.at_ms),
        session.project,
        session,
        seq=entry.seq,
        shown_seq=use_seq or entry.seq,
        tool=tool,
        path=path,
    )


def _call_of(
    entry: TranscriptEntry, kind: int, texts: Iterable[SearchText], found: _Lookups
) -> tuple[str, str, int | None]:
    """The tool of a call or an answer, the file it names, and the line of the call where it is another one."""
    said = next((said for said in texts if said.call_id and KINDS[said.kind] == kind), None)
    if said is None:
        return "", "", None
    copy = found.calls.get((entry.session_id, call_key(said.call_id)))
    if copy is None:
        return said.tool, "", None
    return said.tool or copy.call.name, copy.call.path, found.use_seqs.get(copy.use_entry_id or 0)
