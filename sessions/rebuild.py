"""Deriving facts again from the archive alone: after a better parser, after a half-written line, after any doubt.

Sources are rebuilt in families: those that share a session, a response or a call. A family's facts are deleted and
derived again in one transaction, so that readers never see a gap and a kill leaves old or new facts, whole.
"""

from collections.abc import Callable, Iterable, Iterator

from django.db import transaction

from sessions.archive import segment_bytes
from sessions.ingest import BatchWriter, mark_dirty
from sessions.models import (
    AgentSession,
    ArchiveSegment,
    ModelResponse,
    QuarantinedLine,
    ResponseCopy,
    SecretFinding,
    SessionEvent,
    SessionFacet,
    SourceFile,
    SourceSession,
    ToolCall,
    ToolCallCopy,
    TranscriptEntry,
)
from sessions.owners import sidecar_identity
from sessions.parsers.formats.claude_code import LineReader
from sessions.parsers.lines import Chunk, Oversize, Tail, split
from sessions.parsers.pricing import PriceBook
from sessions.parsers.records import SessionRef
from sessions.reading import reader_for, start_over, supersede, take_chunk, take_tail
from sessions.search.lines import forget_sessions
from sessions.sidecars import apply_sidecar


def rebuild(
    prices: PriceBook,
    source_ids: Iterable[int] | None = None,
    *,
    bring_back: Callable[[set[int]], bool] = lambda _: False,
) -> Iterator[int]:
    """Rebuild these sources and all that share facts with them (default: every source).

    A family of which text was pruned keeps the facts it has, unless `bring_back` gets the text of its sources again.
    Yields, after each family, how many sources it had. Callers refresh sessions and rollups afterwards.
    """
    wanted = None if source_ids is None else set(source_ids)
    pruned = pruned_sources()
    for family in families():
        if wanted is None or wanted & family:
            if family & pruned and not bring_back(family & pruned):
                SourceFile.objects.filter(id__in=family).update(needs_rebuild=False)
            else:
                _rebuild_family(family, prices)
            yield len(family)


def pruned_sources() -> set[int]:
    """Transcripts of which lines were pruned."""
    segments = ArchiveSegment.objects.filter(pruned_at__isnull=False)
    return set(segments.values_list("source_id", flat=True).distinct())


def families() -> list[set[int]]:
    """Sources grouped by what they share, in a stable order."""
    parent: dict[int, int] = {}

    def find(key: int) -> int:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    # Sessions have large keys and sources small ones, so both can be nodes of one graph; sources are negated.
    for source_id, session_id in SourceSession.objects.values_list("source_id", "session_id"):
        parent[find(-source_id)] = find(session_id)
    # A subagent of which only progress records tell has no file: it goes with its trunk's.
    for key, native_id in AgentSession.objects.exclude(agent_id="").values_list("id", "native_id"):
        parent[find(key)] = find(SessionRef(native_id).key)
    shared = ResponseCopy.objects.filter(response__copy_count__gt=1)
    for key, session_id in shared.values_list("response_id", "session_id"):
        parent[find(session_id)] = find(key)
    calls = ToolCallCopy.objects.filter(call__copy_count__gt=1)
    for key, session_id in calls.values_list("call_id", "session_id"):
        parent[find(session_id)] = find(key)
    groups: dict[int, set[int]] = {}
    for source_id in SourceFile.objects.order_by("id").values_list("id", flat=True):
        groups.setdefault(find(-source_id), set()).add(source_id)
    return sorted(groups.values(), key=min)


def _rebuild_family(family: set[int], prices: PriceBook) -> None:
    with transaction.atomic():
        sources = list(SourceFile.objects.filter(id__in=family).order_by("kind", "id"))
        sessions = set(SourceSession.objects.filter(source__in=sources).values_list("session_id", flat=True))
        sessions |= _progress_sessions(sessions)
        delete_facts(sessions, family)
        writer = BatchWriter(prices)
        for source in sources:
            if source.kind == SourceFile.Kind.TRANSCRIPT:
                _replay(source, writer)
        writer.flush()
        AgentSession.objects.filter(id__in=sessions).update(stale=True)
        for source in _sidecars_of(sessions):
            _replay_sidecar(source)


def _progress_sessions(sessions: set[int]) -> set[int]:
    """Subagents that only progress records in these sessions tell of: they have no file of their own."""
    natives = AgentSession.objects.filter(id__in=sessions, agent_id="").values("native_id")
    members = AgentSession.objects.filter(native_id__in=natives, source_links=None)
    return set(members.values_list("id", flat=True))


def delete_facts(sessions: set[int], family: set[int]) -> None:
    responses = ModelResponse.objects.filter(copies__session_id__in=sessions)
    calls = ToolCall.objects.filter(owner_id__in=sessions)
    mark_dirty(responses.values_list("quarter", flat=True).distinct())
    mark_dirty(calls.filter(quarter__isnull=False).values_list("quarter", flat=True).distinct())
    ResponseCopy.objects.filter(session_id__in=sessions).delete()
    ToolCallCopy.objects.filter(session_id__in=sessions).delete()
    ModelResponse.objects.filter(owner_id__in=sessions).delete()
    calls.delete()
    SessionEvent.objects.filter(session_id__in=sessions).delete()
    SessionFacet.objects.filter(session_id__in=sessions).delete()
    SecretFinding.objects.of_lines().filter(session_id__in=sessions).delete()
    forget_sessions(sessions)
    TranscriptEntry.objects.filter(session_id__in=sessions).delete()
    QuarantinedLine.objects.filter(source_id__in=family).delete()
    SourceSession.objects.filter(source_id__in=family).delete()


def _replay(source: SourceFile, writer: BatchWriter) -> None:
    """Read a source's archived bytes as if they were read from its file, generation by generation."""
    _forget_facts(source)
    segments = ArchiveSegment.objects.filter(source=source).order_by("generation", "offset")
    readers: dict[int, LineReader] = {}
    for segment in segments:
        if segment.generation not in readers:
            if readers:
                # What a generation brings again is found among the stored lines of those before it.
                writer.flush()
                start_over(source)
            source.generation = segment.generation
            readers[segment.generation] = reader_for(source, _archived_lines(source, segment.generation))
        reader = readers[segment.generation]
        raw = segment_bytes(segment)
        if segment.provisional:
            result = reader.read(segment.offset, source.line_count + 1, raw)
            take_tail(source, Tail(segment.offset, raw), result, writer, torn=True, archive=False)
        else:
            take_chunk(source, _chunk(segment, raw), reader, writer, archive=False)
        writer.flush_if_full()
    writer.touch(source)
    if source.generation > 1:
        writer.after_write(lambda: supersede(source))


def _forget_facts(source: SourceFile) -> None:
    start_over(source)
    source.lines_seen = source.lines_stored = source.lines_duplicate = 0
    source.lines_quarantined = source.lines_blank = 0
    source.record_counts, source.needs_rebuild = {}, False


def _archived_lines(source: SourceFile, generation: int) -> Iterator[bytes]:
    segments = ArchiveSegment.objects.filter(source=source, generation=generation).order_by("offset")
    for segment in segments.iterator(chunk_size=4):
        yield from (line for _, line in split(segment_bytes(segment), segment.offset))


def _chunk(segment: ArchiveSegment, raw: bytes) -> Chunk:
    if not segment.abridged:
        return Chunk(segment.offset, raw)
    half = len(raw) // 2
    digest = bytes(segment.sha256)
    return Chunk(
        segment.offset, b"", Oversize(segment.offset, segment.length, digest, raw[:half], raw[half:])
    )


def _sidecars_of(sessions: set[int]) -> list[SourceFile]:
    """Sidecars have no entries: they belong to the session their path names."""
    natives = set(AgentSession.objects.filter(id__in=sessions).values_list("native_id", flat=True))
    sidecars = SourceFile.objects.filter(kind=SourceFile.Kind.SIDECAR)
    return [s for s in sidecars if sidecar_identity(s).owner in natives]


def _replay_sidecar(source: SourceFile) -> None:
    segment = ArchiveSegment.objects.filter(source=source).order_by("-generation").first()
    if segment:
        apply_sidecar(source, segment_bytes(segment))
