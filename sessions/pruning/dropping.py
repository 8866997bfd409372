"""Dropping the bytes of archived segments, and taking them back from files that still hold them.

A segment keeps its row: where it stood, how long it was, its digest, and when it was pruned. So a file that grows is
known again by its digests, and what it held can be brought back from it.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from sessions.models import AgentSession, ArchiveSegment, SourceFile, SourceSession
from sessions.parsers.lines import Chunk, prefix_matches
from sessions.parsers.packing import pack
from sessions.pruning.candidates import with_text

# Of segments of about a megabyte: few enough that readers and writers get their turn.
SEGMENTS_AT_ONCE = 20


def is_on_disk(source: SourceFile) -> bool:
    """Whether the file holds every byte that was read of it, of earlier generations too."""
    rows = with_text(source).values_list("generation", "offset", "length", "sha256")
    if any(row[0] != source.generation for row in rows):
        return False
    try:
        with open(source.path, "rb") as stream:
            return prefix_matches(stream, [(row[1], row[2], bytes(row[3])) for row in rows])
    except OSError:
        return False


def drop_text(source: SourceFile, now: datetime) -> int:
    """Drop the bytes of a source, a few segments a transaction; returns how many segments that was."""
    dropped = 0
    while True:
        with transaction.atomic():
            ids = list(with_text(source).order_by("id").values_list("id", flat=True)[:SEGMENTS_AT_ONCE])
            ArchiveSegment.objects.filter(id__in=ids).update(data=b"", pruned_at=now)
            _sessions_of({source.pk}).filter(text_pruned_at=None).update(text_pruned_at=now)
        if not ids:
            return dropped
        dropped += len(ids)


def bring_back(source_ids: set[int]) -> bool:
    """Take pruned bytes of these sources from their files again; whether all of them have their text now."""
    pruned = ArchiveSegment.objects.filter(source__in=source_ids, pruned_at__isnull=False)
    with transaction.atomic(savepoint=True):
        is_whole = all(_bring_back(segment) for segment in pruned.select_related("source"))
        if is_whole:
            _sessions_of(source_ids).update(text_pruned_at=None)
        else:
            transaction.set_rollback(True)
    return is_whole


def _sessions_of(source_ids: set[int]) -> QuerySet[AgentSession]:
    links = SourceSession.objects.filter(source__in=source_ids)
    return AgentSession.objects.filter(id__in=links.values("session_id"))


def _bring_back(segment: ArchiveSegment) -> bool:
    if segment.generation != segment.source.generation:
        return False
    try:
        with open(segment.source.path, "rb") as stream:
            stream.seek(segment.offset)
            packed = pack(Chunk(segment.offset, stream.read(segment.length)))
    except OSError:
        return False
    if packed.sha256 != bytes(segment.sha256):
        return False
    ArchiveSegment.objects.filter(pk=segment.pk).update(data=packed.data, pruned_at=None)
    return True
