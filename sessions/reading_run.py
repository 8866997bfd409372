"""One run of reading: every changed file, newest first, in batches; then the columns that follow from them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from sessions.ingest import BatchWriter
from sessions.models import AgentSession, SourceFile
from sessions.parsers.discovery import SIDECAR, TOOL_OUTPUT, TRANSCRIPT, FoundFile
from sessions.planning import ReadingPlan
from sessions.reading import continues, is_fresh, read_source, take_parts
from sessions.reading_ahead import ReaderDied, ReadingAhead, is_worthwhile
from sessions.sidecars import apply_waiting_sidecars, read_sidecar
from sessions.tool_outputs import read_tool_output


class Progress(NamedTuple):
    """How far a run is; bytes and files of this run only."""

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    lines_done: int


@dataclass(slots=True)
class ReadingResult:
    """What a run read, and what went wrong with it."""

    read: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)
    stopped: bool = False


def read_changed(
    plan: ReadingPlan,
    writer: BatchWriter,
    now: datetime,
    *,
    is_demo: bool = False,
    report: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> ReadingResult:
    """Read every changed file of the plan. A file that cannot be read is noted and the others go on."""
    result = ReadingResult()
    total, done = plan.bytes_to_read, 0
    with _ahead(plan) as ahead:
        _mark_missing(plan, now)
        pairs = _with_sources(plan.changed, is_demo)
        for number, (source, found) in enumerate(pairs, 1):
            if stop():
                result.stopped = True
                break
            before = writer.tally.bytes_read
            _read_one(source, found, writer, now, result, ahead)
            done += writer.tally.bytes_read - before
            report(Progress(number, len(pairs), done, total, writer.lines_done))
    writer.flush()
    apply_waiting_sidecars()
    return result


def _ahead(plan: ReadingPlan) -> ReadingAhead:
    """What reads new transcripts in another process; where that does not pay, it reads none."""
    new = [found for source, found in plan.changed if _is_new(source, found)]
    return ReadingAhead(new if is_worthwhile(new) else [])


def _is_new(source: SourceFile | None, found: FoundFile) -> bool:
    if source is None or found.kind != TRANSCRIPT:
        return found.kind == TRANSCRIPT
    return (
        source.path == found.path
        and source.generation == 1
        and is_fresh(source)
        and source.missing_since is None
    )


def _read_one(
    source: SourceFile,
    found: FoundFile,
    writer: BatchWriter,
    now: datetime,
    result: ReadingResult,
    ahead: ReadingAhead,
) -> None:
    try:
        source = _at_its_place(source, found, now)
        if found.kind == SIDECAR:
            read_sidecar(source, found, writer, now)
        elif found.kind == TOOL_OUTPUT:
            read_tool_output(source, found, writer, now)
        else:
            _read_transcript(source, found, writer, now, ahead)
            result.read += 1
    except OSError as error:
        reason = error.strerror or str(error)
        result.failed += 1
        result.problems.append(
            f"{found.path} could not be read: {reason}. It is tried again at the next sync."
        )
        # With the checkpoint as far as reading came: the mark makes the next sync go on from there.
        source.error, source.last_read_at = reason[:500], now
        writer.touch(source)
    writer.flush_if_full()


def _read_transcript(
    source: SourceFile, found: FoundFile, writer: BatchWriter, now: datetime, ahead: ReadingAhead
) -> None:
    parts = ahead.parts_of(found)
    if parts is not None:
        try:
            take_parts(source, found, parts, writer, now)
            return
        except ReaderDied:
            # What it gave is whole; reading goes on behind it.
            writer.tally.bytes_read += source.committed_offset
            writer.flush()
    read_source(source, found, writer, now)


def _with_sources(
    changed: list[tuple[SourceFile | None, FoundFile]], is_demo: bool
) -> list[tuple[SourceFile, FoundFile]]:
    """Every found file with its row; files seen for the first time get one."""
    fresh = [
        SourceFile(path=f.path, root=f.root, relative_path=f.relative, kind=f.kind, is_demo=is_demo)
        for source, f in changed
        if source is None
    ]
    with transaction.atomic():
        made = {source.path: source for source in SourceFile.objects.bulk_create(fresh, batch_size=500)}
    return [(source or made[found.path], found) for source, found in changed]


def _at_its_place(source: SourceFile, found: FoundFile, now: datetime) -> SourceFile:
    """The source of a file that may have been moved here. Raises OSError when the file cannot be read.

    File systems give the inode of a deleted file to the next new one: only the bytes tell that it is the same.
    """
    if source.path == found.path:
        return source
    with open(found.location, "rb") as stream:
        moved = continues(source, found, stream, found.size)
    if not moved:
        _mark([source.pk], now)
        return _with_sources([(None, found)], source.is_demo)[0][0]
    source.previous_paths = [*source.previous_paths, source.path][-20:]
    source.path, source.root, source.relative_path = found.path, found.root, found.relative
    return source


def _mark_missing(plan: ReadingPlan, now: datetime) -> None:
    """A file that vanished keeps everything that was read of it; only a mark says since when."""
    _mark(plan.gone, now)


def _mark(ids: list[int], now: datetime) -> None:
    with transaction.atomic():
        SourceFile.objects.filter(id__in=ids, missing_since=None).update(missing_since=now)
        AgentSession.objects.filter(source_links__source_id__in=ids).update(source_missing=True)
