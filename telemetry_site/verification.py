"""Holding the database against itself: one digest of all facts, and every promise about them checked.

The digest is the same for the same transcripts however they were read: in any order, in any number of steps,
on any database, or derived again from the archive. So it leaves out what depends on the reading alone: row ids,
times of reading, marks of vanished files, and which of several identical copies of a line is pointed to.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.db.models import Model, Q, QuerySet

from analytics.days.querysets import QUARTERS
from analytics.days.rollup import differing_days
from analytics.models import SessionToolUsage, SessionUsage, ToolTiming
from analytics.periods import quarter_start
from analytics.querysets import TIMING_COLUMNS, TOOL_COLUMNS, USAGE_COLUMNS
from analytics.rollups import differing_quarters
from sessions.archive import ArchiveDamaged, TextPruned, original_lines, segment_bytes
from sessions.models import (
    AgentSession,
    ArchiveSegment,
    DirtyQuarter,
    ModelResponse,
    QuarantinedLine,
    ResponseCopy,
    SessionEvent,
    SessionFacet,
    SourceFile,
    ToolCall,
    ToolCallCopy,
    TranscriptEntry,
)
from sessions.parsers.keys import bytes_key
from sessions.parsers.lines import content
from sessions.querysets import LINE_COUNTS
from sessions.secrets.noting import is_noted_right

_READ_AT_ONCE = 2000
# A check that finds one damaged row often finds thousands: the first few tell what is wrong.
_SHOWN = 5


def database_digest() -> str:
    """A hexadecimal sha256 over all facts; equal when two databases hold the same facts."""
    return sha256(json.dumps(table_digests(), sort_keys=True).encode()).hexdigest()


def table_digests() -> dict[str, str]:
    """{table: "rows:digest"}, to see where two databases differ."""
    found = {name: _digest(rows.iterator(chunk_size=_READ_AT_ONCE)) for name, rows in _dumps()}
    return found | {"lines": _digest(_line_rows())}


def _dumps() -> Iterator[tuple[str, Any]]:
    """(table, its rows as tuples that say the same in every database)."""
    yield "sessions", AgentSession.objects.values_list(*_session_columns())
    yield "responses", ModelResponse.objects.values_list(*_columns(ModelResponse))
    yield "response_copies", ResponseCopy.objects.values_list(*_columns(ResponseCopy, "entry_id"))
    yield "tool_calls", ToolCall.objects.values_list(*_columns(ToolCall))
    yield "tool_call_copies", _call_copies()
    standing: tuple[str, ...] = ("id", "source_id", "generation", "offset", "length", "seq", "provisional")
    yield "entries", TranscriptEntry.objects.values_list(*_columns(TranscriptEntry, *standing))
    yield "events", SessionEvent.objects.values_list(*_columns(SessionEvent, "id", "entry_id", "seq"))
    yield "facets", SessionFacet.objects.values_list(*_columns(SessionFacet, "first_line"))
    places = ("id", "source_id", "generation", "provisional")
    yield "quarantined", QuarantinedLine.objects.values_list(*_columns(QuarantinedLine, *places))
    yield "usage", SessionUsage.objects.values_list(*_with_names(USAGE_COLUMNS))
    yield "tool_usage", SessionToolUsage.objects.values_list(*_with_names(TOOL_COLUMNS))
    yield "tool_timings", ToolTiming.objects.values_list(*TIMING_COLUMNS)


def _columns(model: type[Model], *left_out: str) -> list[str]:
    return [f.attname for f in model._meta.concrete_fields if f.attname not in left_out]


def _session_columns() -> list[str]:
    return list(_with_names(_columns(AgentSession, "stale", "source_missing", "text_pruned_at")))


_SAID_EVERYWHERE = {
    "project_id": ("project__key",),
    "feature_id": ("feature__slug",),
    "phase_id": ("phase__token",),
    "task_id": ("task__document__project_path", "task__raw_id", "task__occurrence"),
}


def _with_names(columns: Iterable[str]) -> list[str]:
    """Ids are given out in the order of reading; what stands here for them says the same everywhere."""
    return [said for name in columns for said in _SAID_EVERYWHERE.get(name, (name,))]


def _call_copies() -> QuerySet[Any, Any]:
    answered = Q(result_entry_id__isnull=False)  # the entry's own id is another in every database
    names = ("id", "call_id", "session_id", "has_use", "is_error")
    return ToolCallCopy.objects.annotate(answered=answered).values_list(*names, "answered")


def _line_rows() -> Iterator[tuple[Any, ...]]:
    """The equation's terms and the kinds of records, over all files.

    Not per file: which of two equal files has the duplicates depends on which was read first.
    """
    transcripts = SourceFile.objects.transcripts()
    yield tuple(sorted(transcripts.line_totals().items()))
    kinds: dict[str, int] = {}
    for counts in transcripts.values_list("record_counts", flat=True):
        for kind, count in counts.items():
            kinds[kind] = kinds.get(kind, 0) + count
    yield tuple(sorted(kinds.items()))


def _digest(rows: Iterable[tuple[Any, ...]]) -> str:
    """A digest that does not depend on the rows' order: the sum of the digests of all rows."""
    total = count = 0
    for row in rows:
        text = json.dumps(row, default=_plain, sort_keys=True, ensure_ascii=False)
        total += int.from_bytes(sha256(text.encode()).digest(), "big")
        count += 1
    return f"{count}:{total % (1 << 256):064x}"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"No canonical form of {type(value).__name__} is known.")


def verify() -> list[str]:
    """Check what the database promises; a sentence for each promise that is broken, [] when all is well.

    Reads the whole archive: some seconds per gigabyte of transcripts.
    """
    return [
        *_behind(),
        *_wrong_rollups(),
        *_wrong_days(),
        *_wrong_counts(),
        *_damaged_archive(),
        *_misplaced_entries(),
        *_misplaced_secrets(),
    ]


def _behind() -> Iterator[str]:
    if waiting := AgentSession.objects.stale().count():
        yield f"{waiting} sessions wait for their columns to be derived; `manage.py sync` does that."
    if dirty := DirtyQuarter.objects.count():
        yield f"{dirty} quarter hours wait for their rollups; `manage.py sync` makes them."


def _wrong_rollups() -> Iterator[str]:
    dirty = set(DirtyQuarter.objects.values_list("quarter", flat=True))
    wrong = [quarter for quarter in differing_quarters() if quarter not in dirty]
    if wrong:
        shown = ", ".join(str(quarter) for quarter in wrong[:_SHOWN])
        yield f"The rollups of {len(wrong)} quarter hours are not what their facts come to: {shown}."


def _wrong_days() -> Iterator[str]:
    """Rollups of days, against those of their quarters; days that wait for a quarter are told elsewhere."""
    dirty = {quarter // QUARTERS for quarter in DirtyQuarter.objects.values_list("quarter", flat=True)}
    if wrong := [day for day in differing_days() if day not in dirty]:
        shown = ", ".join(str(quarter_start(day * QUARTERS).date()) for day in wrong[:_SHOWN])
        yield f"The rollups of {len(wrong)} days are not what their quarter hours come to: {shown}."


def _wrong_counts() -> Iterator[str]:
    """The equation per file, and each of its terms that has rows against the number of those rows."""
    stored = TranscriptEntry.objects.counts_by_source()
    quarantined = QuarantinedLine.objects.values_list("source_id", flat=True)
    bad: dict[int, int] = {}
    for source_id in quarantined.iterator(chunk_size=_READ_AT_ONCE):
        bad[source_id] = bad.get(source_id, 0) + 1
    names = ("id", "relative_path", *LINE_COUNTS)
    for pk, path, seen, *terms in SourceFile.objects.transcripts().values_list(*names):
        if seen != sum(terms):
            yield f"{path}: {seen} lines were seen, but {sum(terms)} accounted for."
        if terms[0] != stored.get(pk, 0):
            yield f"{path}: {terms[0]} lines count as stored, but there are {stored.get(pk, 0)} entries."
        if terms[2] != bad.get(pk, 0):
            yield f"{path}: {terms[2]} lines count as quarantined, but {bad.get(pk, 0)} are in quarantine."


def _damaged_archive() -> Iterator[str]:
    """Every segment has its digest, and the segments of a file follow each other without a gap."""
    segments = ArchiveSegment.objects.order_by("source_id", "generation", "offset")
    at: tuple[int, int, int] | None = None
    for segment in segments.iterator(chunk_size=20):
        try:
            segment_bytes(segment)
        except TextPruned:
            pass  # its place, its length and its digest are there, which is all that was kept
        except ArchiveDamaged as damage:
            yield str(damage)
        start = at[2] if at and at[:2] == (segment.source_id, segment.generation) else 0
        if segment.offset != start:
            yield f"Archive segment {segment.pk} begins at byte {segment.offset}, not at {start}."
        at = (segment.source_id, segment.generation, segment.offset + segment.length)
    yield from _unarchived()


def _unarchived() -> Iterator[str]:
    """What a file's checkpoint says was read is in the archive, to the last byte."""
    for source in SourceFile.objects.all():
        segments = ArchiveSegment.objects.filter(source=source, generation=source.generation)
        last = segments.order_by("-offset").values_list("offset", "length").first()
        end = sum(last) if last else 0
        if end != source.committed_offset + source.provisional_bytes:
            read = source.committed_offset + source.provisional_bytes
            yield f"{source.relative_path}: {read} bytes were read, but {end} are in the archive."


def _misplaced_entries() -> Iterator[str]:
    """Every entry points at a line that has its digest, but for those whose lines were pruned."""
    entries = TranscriptEntry.objects.order_by("source_id", "generation", "offset")
    wrong = 0
    try:
        for entry, raw in original_lines(entries.iterator(chunk_size=_READ_AT_ONCE)):
            wrong += bytes_key(content(raw)) != entry.digest
    except ArchiveDamaged as damage:
        yield str(damage)
    if wrong:
        yield f"{wrong} entries point at bytes that are not their line."


def _misplaced_secrets() -> Iterator[str]:
    """What is noted of files that are no transcripts is what their texts hold, where all of those can be searched."""
    for source in SourceFile.objects.filter(secrets_searched=True).iterator(chunk_size=_READ_AT_ONCE):
        if not is_noted_right(source):
            yield (
                f"{source.relative_path}: its secrets are not noted as its texts hold them; "
                "`manage.py rebuild` does that."
            )
