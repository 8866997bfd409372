"""Reading files from where reading stopped: what changed, what is new, what stands half-written at the end.

A file is opened only when its stat changed. What was read before must still stand there, byte for byte, or the file
starts a new generation and is read from its beginning; lines that no longer stand in it stay, marked superseded.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol

from sessions.ingest import BatchWriter, record_name
from sessions.models import (
    AgentSession,
    ArchiveSegment,
    QuarantinedLine,
    SecretFinding,
    SessionEvent,
    SourceFile,
    SourceSession,
    TranscriptEntry,
)
from sessions.parsers.discovery import FoundFile
from sessions.parsers.formats.claude_code import LineReader, identify
from sessions.parsers.keys import bytes_key
from sessions.parsers.lines import Chunk, Tail, content, prefix_matches, read_chunks
from sessions.parsers.records import BadLine, ParsedLine
from sessions.parsers.secrets.masking import masked_line
from sessions.parsers.transcript_parts import (
    FileStart,
    LinesRead,
    Part,
    ReadLine,
    lines_from_start,
    owner_of,
    parse_chunk,
    posix,
)
from sessions.search.lines import forget_entries

# Growth of a file up to this size is checked against every byte read before; of a larger one, against its first and
# last segment, and against all of it when its inode changed. `verify --sources` checks everything.
FULL_CHECK_BYTES = 8 << 20
TORN_AFTER = timedelta(minutes=10)


class Checkpoint(Protocol):
    """What is known of a file that was read: a SourceFile, or the columns of one that are compared."""

    @property
    def device(self) -> int: ...
    @property
    def inode(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...
    @property
    def ctime_ns(self) -> int: ...
    @property
    def missing_since(self) -> datetime | None: ...
    @property
    def error(self) -> str: ...
    @property
    def pending_bytes(self) -> int: ...


def is_unchanged(source: Checkpoint, found: FoundFile, now: datetime) -> bool:
    """Whether nothing says that the file differs from what was read of it."""
    same = (
        source.device == found.device
        and source.inode == found.inode
        and source.size == found.size
        and source.mtime_ns == found.mtime_ns
        and source.ctime_ns == found.ctime_ns
        and source.missing_since is None
        and not source.error
    )
    return same and not (source.pending_bytes and _is_torn(found, now))


def read_source(source: SourceFile, found: FoundFile, writer: BatchWriter, now: datetime) -> int:
    """Read what is new in a transcript into the writer; returns how many bytes that was.

    Raises OSError when the file cannot be read.
    """
    with open(found.location, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if not is_fresh(source) and not continues(source, found, stream, size):
            begin_generation(source, writer)
        elif source.provisional_bytes:
            source.needs_rebuild |= _take_back_tail(source, stream, size, writer)
        if source.missing_since:
            writer.after_write(lambda: _is_back(source))
        _note_stat(source, found, size, now)
        start = source.committed_offset
        reader = reader_for(source, lines_from_start(stream, size))
        for part in read_chunks(stream, start, size):
            if isinstance(part, Chunk):
                take_chunk(source, part, reader, writer)
                writer.flush_if_full()
            else:
                result = reader.read(part.offset, source.line_count + 1, part.raw)
                take_tail(source, part, result, writer, torn=_is_torn(found, now))
                source.needs_rebuild |= reader.guess_was_wrong
    writer.touch(source)
    if source.generation > 1:
        writer.after_write(lambda: supersede(source))
    writer.tally.bytes_read += size - start
    return size - start


def is_fresh(source: SourceFile) -> bool:
    """Whether nothing was read of it yet, or all is to be read again."""
    return source.committed_offset == 0 and not source.provisional_bytes


def take_parts(
    source: SourceFile, found: FoundFile, parts: Iterable[Part], writer: BatchWriter, now: datetime
) -> None:
    """Take a fresh transcript that was read elsewhere, part by part."""
    for part in parts:
        if isinstance(part, FileStart):
            _note_stat(source, found, part.size, now)
            source.owner, source.owner_guessed = part.owner, part.owner_guessed
        elif isinstance(part, LinesRead):
            if part.packed:
                writer.add_packed(source, part.packed)
            _take_lines(source, part, writer)
            writer.flush_if_full()
        else:
            take_tail(source, part.tail, part.result, writer, torn=_is_torn(found, now))
            source.needs_rebuild |= part.owner_guess_was_wrong
    writer.touch(source)
    writer.tally.bytes_read += source.size


def reader_for(source: SourceFile, lines: Iterator[bytes]) -> LineReader:
    """A reader that knows what the lines before the checkpoint said."""
    relative = posix(source.relative_path)
    identity = identify(relative)
    if not source.owner or source.committed_offset == 0:
        source.owner, source.owner_guessed = owner_of(identity, relative, lines)
    reader = LineReader(identity, source.owner, source.owner_guessed, last_at_ms=source.last_at_ms)
    if source.committed_offset and not identity.agent_id:
        reader.side_roots = _side_roots(source)
    return reader


def _side_roots(source: SourceFile) -> dict[int, str]:
    """Which side chain each side-chain line of a main file belongs to (old versions wrote no agent id)."""
    sides = AgentSession.objects.filter(source_links__source=source, agent_id__startswith="side")
    names = dict(sides.values_list("id", "agent_id"))
    entries = TranscriptEntry.objects.filter(session_id__in=names, source=source)
    return {uuid: names[session] for uuid, session in entries.values_list("uuid_key", "session_id")}


def take_chunk(
    source: SourceFile, chunk: Chunk, reader: LineReader, writer: BatchWriter, *, archive: bool = True
) -> None:
    """Hand a run of complete lines to the writer and move the checkpoint behind it."""
    if archive:
        writer.add_segment(source, chunk)
    else:
        writer.touch(source)
    _take_lines(source, parse_chunk(chunk, source.line_count, reader), writer)


def _take_lines(source: SourceFile, read: LinesRead, writer: BatchWriter) -> None:
    for result in read.lines:
        source.line_count += 1
        if result is None:
            writer.add_blank_line(source)
        elif isinstance(result, BadLine):
            writer.add_bad_line(source, result)
        else:
            writer.add_line(source, result)
    source.committed_offset = read.end
    source.last_at_ms = read.last_at_ms
    source.needs_rebuild |= read.owner_guess_was_wrong


def continues(source: SourceFile, found: FoundFile, stream: BinaryIO, size: int) -> bool:
    """Whether the file still begins with all that was read of it."""
    if size < source.committed_offset + source.provisional_bytes:
        return False
    segments = list(
        ArchiveSegment.objects.filter(source=source, generation=source.generation)
        .order_by("offset")
        .values_list("offset", "length", "sha256")
    )
    moved = (source.device, source.inode) != (found.device, found.inode)
    if not moved and size > source.committed_offset > FULL_CHECK_BYTES:
        segments = [segments[0], segments[-1]]
    return prefix_matches(stream, [(offset, length, bytes(digest)) for offset, length, digest in segments])


def begin_generation(source: SourceFile, writer: BatchWriter) -> None:
    """The file is another than was read: read it from the start. What stood in it stays (see `supersede`)."""
    writer.before_write(lambda: _keep_tail_rows(source.pk))
    source.generation += 1
    source.pending_bytes = 0
    start_over(source)


def start_over(source: SourceFile) -> None:
    """Put the checkpoint back to the first byte."""
    source.committed_offset = source.line_count = 0
    source.owner, source.owner_guessed, source.last_at_ms = "", False, None
    _forget_tail(source)


def _keep_tail_rows(source_id: int) -> None:
    """A last line without newline in a file that was rewritten will not grow any more: it stays as it is."""
    of_source = {"source_id": source_id, "provisional": True}
    TranscriptEntry.objects.filter(session__source_links__source_id=source_id, **of_source).update(
        provisional=False
    )
    QuarantinedLine.objects.filter(**of_source).update(provisional=False)
    ArchiveSegment.objects.filter(**of_source).update(provisional=False)


def _forget_tail(source: SourceFile) -> None:
    source.provisional_bytes, source.provisional_digest, source.provisional_name = 0, None, ""


def supersede(source: SourceFile) -> int:
    """Mark entries of earlier generations that the newest one did not bring again; returns how many."""
    return TranscriptEntry.objects.filter(
        session__source_links__source=source,
        source=source,
        generation__lt=source.generation,
        superseded=False,
    ).update(superseded=True)


def _take_back_tail(source: SourceFile, stream: BinaryIO, size: int, writer: BatchWriter) -> bool:
    """The last line had no newline when it was read, and is read again now, whole or still growing.

    Returns whether its facts must be derived again, because the line grew into something else.
    """
    stream.seek(source.committed_offset)
    line = stream.readline(size - source.committed_offset)
    same = source.provisional_digest is not None and bytes_key(content(line)) == source.provisional_digest
    if same:
        # Its entry stays; reading the line again will count it as a duplicate, which this takes back.
        source.lines_seen -= 1
        source.lines_duplicate -= 1
        writer.tally.lines["duplicate"] -= 1
        ended = line.endswith(b"\n")
        writer.before_write(lambda: _confirm_tail_rows(source.pk, ended=ended))
    else:
        counted = source.provisional_digest is not None
        writer.before_write(lambda: _delete_tail_rows(source, counted))
    if source.provisional_name:
        source.record_counts[source.provisional_name] -= 1
        if not source.record_counts[source.provisional_name]:
            del source.record_counts[source.provisional_name]
    retract = source.provisional_digest is not None and not same
    _forget_tail(source)
    return retract


def _confirm_tail_rows(source_id: int, *, ended: bool) -> None:
    """The line is what it was; once it has its newline it is as good as any other."""
    entries = TranscriptEntry.objects.filter(session__source_links__source_id=source_id, source_id=source_id)
    if ended:
        entries.filter(provisional=True).update(provisional=False)
    ArchiveSegment.objects.filter(source_id=source_id, provisional=True).delete()


def _delete_tail_rows(source: SourceFile, counted: bool) -> None:
    """Take the rows of the half-written line out of the database and its counts."""
    entries = TranscriptEntry.objects.filter(
        session__source_links__source=source, source=source, provisional=True
    )
    ids = list(entries.values_list("id", flat=True))
    forget_entries(ids)
    SessionEvent.objects.filter(entry_id__in=ids).delete()
    SecretFinding.objects.filter(entry_id__in=ids).delete()
    TranscriptEntry.objects.filter(id__in=ids).delete()
    QuarantinedLine.objects.filter(source=source, provisional=True).delete()
    ArchiveSegment.objects.filter(source=source, provisional=True).delete()
    source.lines_seen -= 1
    if not counted:
        source.lines_quarantined -= 1
    elif ids:
        source.lines_stored -= 1
    else:
        source.lines_duplicate -= 1


def take_tail(
    source: SourceFile,
    tail: Tail,
    result: ReadLine,
    writer: BatchWriter,
    *,
    torn: bool,
    archive: bool = True,
) -> None:
    """Bytes after the last newline: a whole record counts at once, half of one waits, an old half is torn.

    `result` is what they say, read as a line.
    """
    body = content(tail.raw)
    source.pending_bytes = 0
    if not body:
        return
    if isinstance(result, ParsedLine):
        result.length = len(tail.raw)
        writer.add_line(source, result, provisional=True)
        source.provisional_digest = result.digest
        source.provisional_name = record_name(result.kind, result.subtype)
    elif torn:
        detail = "The file ends in the middle of this line and did not change for ten minutes."
        excerpt = masked_line(body)[:800].decode("utf-8", "replace")[:200]
        bad = BadLine(tail.offset, len(tail.raw), source.line_count + 1, "torn", detail, excerpt)
        writer.add_bad_line(source, bad, provisional=True)
    else:
        source.pending_bytes = len(tail.raw)
        writer.tally.lines["pending"] += 1
        return
    source.provisional_bytes = len(tail.raw)
    if archive:
        _keep_tail(source, tail, writer)


def _keep_tail(source: SourceFile, tail: Tail, writer: BatchWriter) -> None:
    chunk = Chunk(tail.offset, tail.raw)
    writer.add_segment(source, chunk, provisional=True)


def _note_stat(source: SourceFile, found: FoundFile, size: int, now: datetime) -> None:
    source.device, source.inode = found.device, found.inode
    # The size that was read to: a file that grew since it was looked at is looked at again.
    source.size, source.mtime_ns, source.ctime_ns = size, found.mtime_ns, found.ctime_ns
    source.missing_since, source.error = None, ""
    source.first_read_at = source.first_read_at or now
    source.last_read_at = now


def _is_back(source: SourceFile) -> None:
    """Take the mark off sessions that miss no file any more."""
    missing = SourceSession.objects.filter(source__missing_since__isnull=False).values("session_id")
    marked = AgentSession.objects.filter(source_links__source=source, source_missing=True)
    marked.exclude(id__in=missing).update(source_missing=False)


def _is_torn(found: FoundFile, now: datetime) -> bool:
    return now.timestamp() - found.mtime_ns / 1e9 > TORN_AFTER.total_seconds()
