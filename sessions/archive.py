"""The archive: every byte that was read, compressed, kept until it is pruned, and how to get a line back from it.

`segment_bytes` and `original_lines` give what was read, secrets and all: for deriving and checking. What is shown to
anybody comes from the others, which put a word in the place of each secret.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

import zstandard

from sessions.models import ArchiveSegment, TranscriptEntry
from sessions.parsers.packing import Packed, unpacked
from sessions.parsers.secrets.masking import masked_bytes, masked_line

SEGMENT_COLUMNS = (
    "source_id",
    "generation",
    "offset",
    "length",
    "first_line",
    "sha256",
    "data",
    "provisional",
    "abridged",
)


class ArchiveDamaged(Exception):
    """A segment's bytes are not those that were archived."""


class TextPruned(ArchiveDamaged):
    """A segment's bytes were dropped by `manage.py prune`: nothing is damaged, and nothing is there."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        super().__init__(f"The text was pruned on {at:%Y-%m-%d}; its figures stay.")


# A line's bytes, or why they are not there: it was pruned, or (None) the archive is damaged. Costs no other line.
type Line = bytes | TextPruned | None


def segment_row(
    source_id: int, generation: int, first_line: int, packed: Packed, *, provisional: bool = False
) -> tuple[Any, ...]:
    """A row for SEGMENT_COLUMNS."""
    offset, length, digest, data, is_abridged = packed
    return source_id, generation, offset, length, first_line, digest, data, provisional, is_abridged


def segment_bytes(segment: ArchiveSegment) -> bytes:
    """The segment's original bytes.

    Raises TextPruned when they were dropped, ArchiveDamaged when they do not have the digest they were stored with.
    """
    if segment.pruned_at:
        raise TextPruned(segment.pruned_at)
    try:
        raw = unpacked(bytes(segment.data))
    except zstandard.ZstdError as error:
        raise ArchiveDamaged(f"Archive segment {segment.pk} cannot be decompressed: {error}.") from error
    if not segment.abridged and sha256(raw).digest() != bytes(segment.sha256):
        raise ArchiveDamaged(f"Archive segment {segment.pk} does not have the digest it was stored with.")
    return raw


def masked_file(segments: Iterable[ArchiveSegment]) -> bytes:
    """The bytes of a file that is no transcript, secrets masked. Raises ArchiveDamaged."""
    return masked_bytes(b"".join(map(segment_bytes, segments)))


def original_lines(entries: Iterable[TranscriptEntry]) -> Iterator[tuple[TranscriptEntry, bytes]]:
    """Each entry with its original line (newline and all), reading every segment once where entries are in order.

    Entries whose lines were pruned are left out.
    """
    held: ArchiveSegment | None = None
    raw = b""
    for entry in entries:
        if held is None or not _covers(held, entry):
            held = _segment_of(entry)
            raw = b"" if held.pruned_at else segment_bytes(held)
        if held.pruned_at:
            continue
        start = entry.offset - held.offset
        yield entry, raw[start : start + entry.length]


def original_line(entry: TranscriptEntry) -> bytes:
    """One entry's original line. Raises TextPruned and ArchiveDamaged."""
    segment = _segment_of(entry)
    return segment_bytes(segment)[entry.offset - segment.offset :][: entry.length]


def scattered_lines(entries: Iterable[TranscriptEntry]) -> dict[int, Line]:
    """{entry: its line, secrets masked} for lines from all over the archive.

    Two queries, however many segments the lines stand in.
    """
    wanted = list(entries)
    places = ArchiveSegment.objects.filter(source__in={entry.source_id for entry in wanted})
    starts: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for pk, source, generation, offset in places.order_by("offset").values_list(
        "id", "source_id", "generation", "offset"
    ):
        starts.setdefault((source, generation), []).append((offset, pk))
    in_segment: dict[int, list[TranscriptEntry]] = {}
    for entry in wanted:
        known = starts.get((entry.source_id, entry.generation), [])
        at = bisect_right(known, entry.offset, key=lambda start: start[0]) - 1
        in_segment.setdefault(known[at][1] if at >= 0 else 0, []).append(entry)
    lines: dict[int, Line] = dict.fromkeys(entry.pk for entry in wanted)
    for segment in ArchiveSegment.objects.filter(id__in=in_segment).iterator(chunk_size=4):
        lines |= _lines_in(segment, in_segment[segment.pk])
    return lines


def _lines_in(segment: ArchiveSegment, entries: Iterable[TranscriptEntry]) -> dict[int, Line]:
    try:
        raw = segment_bytes(segment)
    except TextPruned as pruned:
        return {entry.pk: pruned for entry in entries if _covers(segment, entry)}
    except ArchiveDamaged:
        return {}
    return {
        entry.pk: masked_line(raw[entry.offset - segment.offset :][: entry.length])
        for entry in entries
        if _covers(segment, entry)
    }


def readable_lines(entries: Iterable[TranscriptEntry]) -> list[tuple[TranscriptEntry, Line]]:
    """Each entry with its line, secrets masked."""
    wanted = list(entries)
    lines = scattered_lines(wanted)
    return [(entry, lines[entry.pk]) for entry in wanted]


def _covers(segment: ArchiveSegment, entry: TranscriptEntry) -> bool:
    return (
        segment.source_id == entry.source_id
        and segment.generation == entry.generation
        and segment.offset <= entry.offset < segment.offset + segment.length
    )


def _segment_of(entry: TranscriptEntry) -> ArchiveSegment:
    return (
        ArchiveSegment.objects.filter(
            source_id=entry.source_id, generation=entry.generation, offset__lte=entry.offset
        )
        .order_by("-offset")
        .first()
    ) or _missing(entry)


def _missing(entry: TranscriptEntry) -> ArchiveSegment:
    raise ArchiveDamaged(f"No archive segment holds the line of entry {entry.pk}.")
