"""Writing what was read: one transaction a batch holds archive, entries, facts, marks and checkpoints.

Killing the process at any moment loses nothing and doubles nothing: a batch is there whole, with the
checkpoint after it, or not at all.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sessions.archive import SEGMENT_COLUMNS, segment_row
from sessions.bulk import column_values, next_id, rows_where_in, save_columns, write_rows
from sessions.entry_rows import (
    ENTRY_COLUMNS,
    EVENT_COLUMNS,
    FINDING_COLUMNS,
    NewLine,
    entry_row,
    event_rows,
    finding_rows,
)
from sessions.facts.facets import write_facets
from sessions.facts.followers import followers_of
from sessions.facts.responses import SeenInEntry, write_responses
from sessions.facts.stored_keys import StoredKeys
from sessions.facts.tool_calls import CallSeen, call_key, write_tool_calls
from sessions.models import (
    AgentSession,
    ArchiveSegment,
    DirtyQuarter,
    ModelResponse,
    QuarantinedLine,
    SecretFinding,
    SessionEvent,
    SourceFile,
    SourceSession,
    TranscriptEntry,
)
from sessions.parsers.lines import Chunk
from sessions.parsers.packing import Packed, pack
from sessions.parsers.pricing import PriceBook
from sessions.parsers.records import SESSION, BadLine, ParsedLine, SessionRef
from sessions.portions import Portions
from sessions.search.lines import IndexedLine, index_lines

QUARANTINE_COLUMNS = (
    "source_id",
    "generation",
    "offset",
    "length",
    "line_no",
    "reason",
    "detail",
    "excerpt",
    "provisional",
)
SOURCE_COLUMNS = tuple(f.attname for f in SourceFile._meta.concrete_fields if f.attname != "id")
# One thread: compressor and digest let go of the interpreter's lock, so that they use the other core.
_COMPRESSING = ThreadPoolExecutor(1, "archive")
SESSION_COLUMNS = tuple(f.attname for f in AgentSession._meta.concrete_fields)
COLD_BATCH_LINES = 5000
LIVE_BATCH_LINES = 500
BATCH_BYTES = 16 << 20
_PORTIONS = Portions(most=COLD_BATCH_LINES, least=100)


@dataclass(slots=True)
class Tally:
    """What a run wrote, for its report."""

    lines: Counter[str] = field(default_factory=Counter)
    sessions: Counter[str] = field(default_factory=Counter)
    responses: Counter[str] = field(default_factory=Counter)
    tool_calls: Counter[str] = field(default_factory=Counter)
    bytes_read: int = 0


class BatchWriter:
    """Collects parsed lines and writes them in batches. One writer at a time holds the sync lease."""

    def __init__(self, prices: PriceBook, *, batch_lines: int = COLD_BATCH_LINES) -> None:
        self.tally = Tally()
        self.lines_done = 0  # lines handed over, written or not
        self._prices = prices
        self._batch_lines = batch_lines
        self._known_sessions: set[int] = set()
        self._created_sessions: set[int] = set()
        self._updated_sessions: set[int] = set()
        self._links: set[tuple[int, int]] = set()
        self._keys: dict[SessionRef, int] = {}
        self._next_entry = 0
        self._known = StoredKeys(
            was_empty=not (ModelResponse.objects.exists() or TranscriptEntry.objects.exists())
        )
        self._clear()

    def _clear(self) -> None:
        self._lines: list[NewLine] = []
        self._bytes = 0
        self._segments: list[Callable[[], tuple[Any, ...]]] = []
        self._quarantine: list[tuple[Any, ...]] = []
        self._sources: dict[int, SourceFile] = {}
        self._refs: dict[int, SessionRef] = {}
        self._demo: set[int] = set()
        self._before: list[Callable[[], object]] = []
        self._after: list[Callable[[], object]] = []

    def before_write(self, action: Callable[[], object]) -> None:
        """Do this at the beginning of the batch's transaction."""
        self._before.append(action)

    def after_write(self, action: Callable[[], object]) -> None:
        """Do this at the end of the batch's transaction."""
        self._after.append(action)

    def add_line(self, source: SourceFile, line: ParsedLine, *, provisional: bool = False) -> None:
        """Store a line. Counts as stored or duplicate when the batch is written."""
        key = self._keys.get(line.session)
        if key is None:
            key = self._keys[line.session] = line.session.key
        self._refs[key] = line.session
        for seen in line.responses:
            if seen.session is not line.session:
                self._refs[self._session_key(seen.session)] = seen.session
        self._lines.append(NewLine(line, source, key, provisional))
        self._bytes += line.length
        self.lines_done += 1
        source.lines_seen += 1
        name = record_name(line.kind, line.subtype)
        source.record_counts[name] = source.record_counts.get(name, 0) + 1
        if source.is_demo:
            self._demo |= {key, *(self._session_key(seen.session) for seen in line.responses)}
            self._demo.add(self._session_key(SessionRef(line.session.native_id)))

    def add_bad_line(self, source: SourceFile, bad: BadLine, *, provisional: bool = False) -> None:
        """Quarantine a line that could not be understood."""
        source.lines_seen += 1
        source.lines_quarantined += 1
        self.tally.lines["quarantined"] += 1
        self._quarantine.append(
            (
                source.pk,
                source.generation,
                bad.offset,
                bad.length,
                bad.line_no,
                bad.reason,
                bad.detail.replace("\x00", "\ufffd")[:500],
                bad.excerpt[:400],
                provisional,
            )
        )

    def add_blank_line(self, source: SourceFile) -> None:
        """Count a line that holds nothing."""
        source.lines_seen += 1
        source.lines_blank += 1
        self.tally.lines["blank"] += 1

    def add_segment(self, source: SourceFile, chunk: Chunk, *, provisional: bool = False) -> None:
        """Keep the bytes the next lines come from. They are compressed while the lines are parsed."""
        self._add_segment(source, _COMPRESSING.submit(pack, chunk).result, provisional=provisional)

    def add_packed(self, source: SourceFile, packed: Packed) -> None:
        """Keep the bytes the next lines come from, which are compressed already."""
        self._add_segment(source, lambda: packed)

    def _add_segment(
        self, source: SourceFile, packed: Callable[[], Packed], *, provisional: bool = False
    ) -> None:
        row = partial(
            segment_row, source.pk, source.generation, source.line_count + 1, provisional=provisional
        )
        self._segments.append(lambda: row(packed()))
        self._sources[source.pk] = source

    def note_bytes(self, count: int) -> None:
        """Count bytes that come without lines towards a full batch."""
        self._bytes += count

    def touch(self, source: SourceFile) -> None:
        """Write this source's row (its checkpoint) with the batch."""
        self._sources[source.pk] = source

    def flush_if_full(self) -> bool:
        """Write the batch when it is large enough; True when it was."""
        lines = min(self._batch_lines, _PORTIONS.size)
        if len(self._lines) < lines and self._bytes * COLD_BATCH_LINES < BATCH_BYTES * lines:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Write everything collected in one transaction."""
        with _PORTIONS.transaction(len(self._lines)):
            self._write()
        self._clear()

    def _write(self) -> None:
        for action in self._before:
            action()
        write_rows(ArchiveSegment, SEGMENT_COLUMNS, [row() for row in self._segments])
        write_rows(QuarantinedLine, QUARANTINE_COLUMNS, self._quarantine)
        if self._lines:
            self._create_sessions()
            new = self._new_lines()
            self._write_entries(new)
            self._write_facts(new)
            write_rows(SecretFinding, FINDING_COLUMNS, [row for item in new for row in finding_rows(item)])
            index_lines(IndexedLine(n.entry_id, n.session_key, n.line.at_ms, n.line.texts) for n in new)
        save_columns(SourceFile, list(self._sources.values()), SOURCE_COLUMNS)
        for action in self._after:
            action()

    def _session_key(self, ref: SessionRef) -> int:
        key = self._keys.get(ref)
        if key is None:
            key = self._keys[ref] = ref.key
        return key

    def _create_sessions(self) -> None:
        """Every session a line names, and the trunk of every subagent, has a row."""
        wanted = dict(self._refs)
        for ref in self._refs.values():
            if ref.agent_id:
                trunk = SessionRef(ref.native_id)
                wanted.setdefault(self._session_key(trunk), trunk)
        missing = {key: ref for key, ref in wanted.items() if key not in self._known_sessions}
        existing = {row[0] for row in rows_where_in(AgentSession, ("id",), "id", missing)}
        fresh = {key: ref for key, ref in missing.items() if key not in existing}
        write_rows(AgentSession, SESSION_COLUMNS, _session_rows(fresh))
        self._known_sessions |= missing.keys()
        self._created_sessions |= fresh.keys()
        self.tally.sessions["created"] = len(self._created_sessions)
        AgentSession.objects.filter(id__in=self._demo, is_demo=False).update(is_demo=True)

    def _new_lines(self) -> list[NewLine]:
        """The lines that are not stored yet; the others are counted as duplicates."""
        columns = ("uuid_key", "session_id", "digest", "id", "source_id", "generation")
        uuid_keys = {item.line.uuid_key for item in self._lines}
        looked_up = self._known.perhaps(uuid_keys)
        stored = {row[:3]: row[3:] for row in rows_where_in(TranscriptEntry, columns, "uuid_key", looked_up)}
        self._known.add(uuid_keys)
        fresh: dict[tuple[int, int, int], NewLine] = {}
        moved: list[tuple[int, ...]] = []
        for item in self._lines:
            identity = (item.line.uuid_key, item.session_key, item.line.digest)
            if identity not in stored and identity not in fresh:
                fresh[identity] = item
                item.source.lines_stored += 1
                self.tally.lines["stored"] += 1
                continue
            item.source.lines_duplicate += 1
            self.tally.lines["duplicate"] += 1
            known = stored.get(identity)
            if known and known[1] == item.source.pk and known[2] < item.source.generation:
                line = item.line
                moved.append((item.source.generation, line.offset, line.length, line.line_no, known[0]))
        self._move_entries(moved)
        return list(fresh.values())

    def _move_entries(self, moved: list[tuple[int, ...]]) -> None:
        """Lines of a rewritten file that stand in it again: point to where they stand now."""
        for generation, offset, length, line_no, entry_id in moved:
            TranscriptEntry.objects.filter(id=entry_id).update(
                generation=generation, offset=offset, length=length, seq=line_no, superseded=False
            )
            SessionEvent.objects.filter(entry_id=entry_id).update(seq=line_no)

    def _write_entries(self, new: list[NewLine]) -> None:
        self._next_entry = self._next_entry or next_id(TranscriptEntry)
        rows = []
        for item in new:
            item.entry_id = self._next_entry
            self._next_entry += 1
            rows.append(entry_row(item))
        write_rows(TranscriptEntry, ENTRY_COLUMNS, rows)
        links = {(item.source.pk, item.session_key) for item in new} - self._links
        SourceSession.objects.bulk_create(
            [SourceSession(source_id=source, session_id=session) for source, session in sorted(links)],
            ignore_conflicts=True,
        )
        self._links |= links

    def _write_facts(self, new: list[NewLine]) -> None:
        responses = [
            SeenInEntry(seen, self._session_key(seen.session), item.entry_id)
            for item in new
            for seen in item.line.responses
        ]
        calls = [
            CallSeen(call_key(part.call_id), part, item.session_key, item.entry_id)
            for item in new
            for part in item.line.call_parts
        ]
        wrote = write_responses(responses, self._prices, self._known)
        called = write_tool_calls(calls, self._known)
        write_facets([(item.line, item.session_key) for item in new if item.line.facets], self._known)
        write_rows(SessionEvent, EVENT_COLUMNS, [row for item in new for row in event_rows(item)])
        self.tally.responses.update({"created": wrote.created, "updated": wrote.updated})
        self.tally.tool_calls.update({"created": called.created, "updated": called.updated})
        mark_dirty(wrote.quarters | called.quarters)
        self._updated_sessions |= {item.session_key for item in new} - self._created_sessions
        self.tally.sessions["updated"] = len(self._updated_sessions)
        touched = set(self._refs) | wrote.sessions | called.sessions
        touched |= followers_of([item.line for item in new], set(self._refs.values()))
        AgentSession.objects.filter(id__in=touched, stale=False).update(stale=True)


def record_name(kind: str, subtype: str) -> str:
    """How a record's type is counted and shown: "type" or "type/subtype"."""
    return f"{kind}/{subtype}" if subtype else kind


def mark_dirty(quarters: Iterable[int]) -> None:
    """Note that the rollups of these 15-minute slots must be made again."""
    write_rows(DirtyQuarter, ("quarter",), [(q,) for q in sorted(quarters)], unique=("quarter",))


def _session_rows(refs: dict[int, SessionRef]) -> list[tuple[Any, ...]]:
    """Rows for new sessions: every column at its default but those that name the session."""
    blank = column_values(AgentSession(), SESSION_COLUMNS)
    at = {name: position for position, name in enumerate(SESSION_COLUMNS)}
    rows = []
    for key, ref in refs.items():
        row = list(blank)
        row[at["id"]], row[at["public_id"]] = key, ref.public_id[:300]
        row[at["native_id"]], row[at["agent_id"]] = ref.native_id[:200], ref.agent_id[:100]
        row[at["session_type"]] = ref.session_type if ref.agent_id else SESSION
        rows.append(tuple(row))
    return rows
