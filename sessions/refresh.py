"""Deriving the columns of sessions whose facts changed. A session is stale until this has looked at it."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import JSONField

from sessions.bulk import in_chunks, rows_where_in, save_columns
from sessions.derive.branches import entries_to_mark
from sessions.derive.chains import continued_from
from sessions.derive.columns import derive_columns
from sessions.derive.families import Families, family_of, mark_inherited, own_from
from sessions.derive.gather import Gathered, gather, pending_calls
from sessions.derive.ownership import mark_stale, settle_owners
from sessions.derive.places import Places, delete_empty_stand_ins
from sessions.ingest import mark_dirty
from sessions.models import (
    AgentSession,
    ModelResponse,
    SessionEvent,
    SourceSession,
    ToolCall,
    TranscriptEntry,
)
from sessions.portions import Portions

_PORTIONS = Portions(most=200, least=2)
_COLUMNS = tuple(f.attname for f in AgentSession._meta.concrete_fields if f.attname != "id")
# All of them are derived: what they held before is not looked at.
_LISTS = tuple(f.attname for f in AgentSession._meta.concrete_fields if isinstance(f, JSONField))
# What the rollups are keyed by: when one of these changes, the session's quarters are counted anew.
_DIMENSIONS = ("project_id", "session_type", "agent_name", "branch")


def refresh_stale(
    *,
    on_refreshed: Callable[[list[int]], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Derive the columns of every stale session; returns how many rows were looked at.

    `on_refreshed` is told the sessions of each batch, inside the batch's transaction.
    """
    looked = 0
    while not stop():
        # Trunks first: a subagent takes its project from its trunk.
        stale = AgentSession.objects.stale().order_by("agent_id", "id").values_list("id", flat=True)
        ids = list(stale[: _PORTIONS.size])
        if not ids:
            break
        with _PORTIONS.transaction(len(ids)):
            looked += len(ids)
            on_refreshed(_refresh(ids))
    delete_empty_stand_ins()
    return looked


def _refresh(ids: list[int]) -> list[int]:
    """The sessions that are left of these: those of which nothing remained are gone."""
    _rank_sources(ids)
    moved, quarters = settle_owners(ids)
    mark_dirty(quarters)
    mark_stale(moved - set(ids))
    rows = AgentSession.objects.defer(*_LISTS).in_bulk(ids)
    sessions = {key: rows[key] for key in ids}
    facts = gather(list(sessions))
    families = family_of(sessions, facts)
    facts |= gather(mark_inherited(families))
    _mark_branches(facts)
    chains = continued_from(sessions.values(), facts)
    waiting = pending_calls(list(sessions))
    before = {key: _dimensions(s) for key, s in sessions.items()}
    for key, session in sessions.items():
        _derive(session, facts[key], families, has_pending_call=key in waiting)
        session.continued_from_id = chains.get(key)
    places = Places(sessions.values())
    for session in sorted(sessions.values(), key=_placing_order):
        places.set_project(session)
    _drop_empty(sessions, facts)
    save_columns(AgentSession, list(sessions.values()), _COLUMNS)
    changed = [key for key, session in sessions.items() if _dimensions(session) != before[key]]
    _note_changed(changed, sessions)
    return list(sessions)


def _derive(session: AgentSession, facts: Gathered, families: Families, *, has_pending_call: bool) -> None:
    derive_columns(
        session, facts, has_pending_call=has_pending_call, own_from_ms=own_from(session, facts, families)
    )
    families.set_relations(session, facts)
    session.stale = False


def _mark_branches(facts: dict[int, Gathered]) -> None:
    """Note which lines stand off the live branch of their session."""
    changes = [entries_to_mark(bundle.lines) for bundle in facts.values()]
    for is_off, which in ((True, 0), (False, 1)):
        for ids in in_chunks(entry for change in changes for entry in change[which]):
            TranscriptEntry.objects.filter(id__in=ids).update(off_branch=is_off)


def _placing_order(session: AgentSession) -> tuple[bool, bool]:
    """Those that say where they ran make the projects that the others are looked up in."""
    return bool(session.agent_id), not session.cwd


def _dimensions(session: AgentSession) -> tuple[Any, ...]:
    return tuple(getattr(session, name) for name in _DIMENSIONS)


def _note_changed(changed: list[int], sessions: dict[int, AgentSession]) -> None:
    """Rollups of sessions that changed their dimensions, and subagents whose trunk did, are behind."""
    if not changed:
        return
    own = ModelResponse.objects.filter(owner_id__in=changed).values_list("quarter", flat=True)
    calls = ToolCall.objects.filter(owner_id__in=changed, quarter__isnull=False)
    mark_dirty({*own, *calls.values_list("quarter", flat=True)})
    trunks = {sessions[key].native_id for key in changed if not sessions[key].agent_id}
    members = AgentSession.objects.filter(native_id__in=trunks).exclude(agent_id="")
    mark_stale(set(members.values_list("id", flat=True)) - set(changed))


def _rank_sources(ids: list[int]) -> None:
    """Order the files of sessions that stand in several, and their entries with them."""
    standing = Counter(row[0] for row in rows_where_in(SourceSession, ("session_id",), "session_id", ids))
    several: dict[int, list[SourceSession]] = {key: [] for key, files in standing.items() if files > 1}
    for link in SourceSession.objects.filter(session_id__in=several).select_related("source"):
        several[link.session_id].append(link)
    firsts = TranscriptEntry.objects.first_times(
        (x.source_id, x.session_id) for v in several.values() for x in v
    )
    for session_id, found in several.items():
        ordered = sorted(
            found, key=lambda x: (firsts.get((x.source_id, x.session_id), 0), x.source.relative_path)
        )
        for rank, link in enumerate(ordered):
            _place_entries(session_id, link, rank)


def _place_entries(session_id: int, link: SourceSession, rank: int) -> None:
    if link.rank != rank:
        SourceSession.objects.filter(pk=link.pk).update(rank=rank)
    entries = TranscriptEntry.objects.filter(session_id=session_id, source_id=link.source_id)
    events = SessionEvent.objects.filter(session_id=session_id, entry_id__in=entries.values("id"))
    events.behind_rank(rank).move_to_rank(rank)
    entries.behind_rank(rank).move_to_rank(rank)


def _drop_empty(sessions: dict[int, AgentSession], facts: dict[int, Gathered]) -> None:
    """Delete rows of sessions of which nothing is left (a half-written line had named them)."""
    for key, session in list(sessions.items()):
        nothing = not (
            facts[key].steps or facts[key].responses or facts[key].calls or any(facts[key].inherited)
        )
        if nothing and not _has_members(session):
            del sessions[key]
            AgentSession.objects.filter(pk=key).delete()


def _has_members(session: AgentSession) -> bool:
    members: Iterable[Any] = AgentSession.objects.filter(native_id=session.native_id).exclude(pk=session.pk)
    return not session.agent_id and members.exists()  # type: ignore[attr-defined]
