"""What a pruning would take: families of files whose last session ended before a moment, and what each would free.

Files that share a session, a response or a call are pruned together or not at all, since they are rebuilt together.
"""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate

from django.db.models import F, QuerySet

from sessions.models import AgentSession, ArchiveSegment, SourceFile, SourceSession
from sessions.owners import output_owner
from sessions.parsers.transcript_parts import posix
from sessions.pruning.querysets import stored_bytes_by_source
from sessions.rebuild import families


@dataclass(slots=True)
class Candidate:
    """Files that are pruned together; `gone` are those of which lines stand nowhere but in the archive."""

    sources: list[SourceFile]
    sessions: set[str]  # public ids
    ended_at: datetime
    stored_bytes: int
    gone: list[SourceFile]

    def is_named(self, names: Collection[str]) -> bool:
        """Whether the names say that what is gone may be dropped too: by a session, or by each file or its folder."""
        wanted = set(names)
        return bool(self.sessions & wanted) or all(_places(source) & wanted for source in self.gone)

    @property
    def names(self) -> set[str]:
        """Everything it can be named by."""
        return self.sessions.union(*map(_places, self.gone))


@dataclass(slots=True)
class Prunable:
    """What would be pruned, and what is kept because its files are gone and nobody named it."""

    taken: list[Candidate] = field(default_factory=list)
    kept: list[Candidate] = field(default_factory=list)


def prunable(before: datetime, names: Collection[str] = ()) -> Prunable:
    """Everything that ended before a moment and has text left, oldest first.

    `names` are sessions, files or folders as the dry run tells them: of what is gone from the disk, or was rewritten
    there, only what they name is taken. Raises ValueError for a name that is nothing's.
    """
    found, unused = Prunable(), set(names)
    for candidate in sorted(_candidates(before), key=lambda each: each.ended_at):
        unused -= candidate.names
        (found.taken if candidate.is_named(names) else found.kept).append(candidate)
    if unused:
        raise ValueError(
            f"Nothing that ended before {before:%Y-%m-%d} and is gone from the disk is named {sorted(unused)[0]}."
        )
    return found


def with_text(source: SourceFile | None = None) -> QuerySet[ArchiveSegment]:
    """Segments with text to drop: half-written tails and the ends of oversize lines are small and stay."""
    segments = ArchiveSegment.objects.filter(pruned_at=None, provisional=False, abridged=False)
    return segments if source is None else segments.filter(source=source)


def _candidates(before: datetime) -> Iterator[Candidate]:
    sources, sizes = SourceFile.objects.in_bulk(), stored_bytes_by_source(with_text())
    sessions, outputs = _sessions_by_source(), _outputs_by_session(sources.values())
    rewritten = set(
        with_text().filter(generation__lt=F("source__generation")).values_list("source_id", flat=True)
    )
    for family in families():
        told = {s.pk: s for pk in family for s in sessions.get(pk, ())}
        natives = {session.native_id for session in told.values()}
        members = family.union(*(outputs.get(native, set()) for native in natives)) & sizes.keys()
        wanted = [sources[pk] for pk in sorted(members) if sources[pk].kind in _PRUNED_KINDS]
        ended_at = _ended_at(told.values(), wanted)
        if wanted and ended_at < before:
            gone = [source for source in wanted if source.pk in rewritten or not _stands(source)]
            stored = sum(sizes[source.pk] for source in wanted)
            yield Candidate(wanted, {s.public_id for s in told.values()}, ended_at, stored, gone)


# Sidecars are small, and plans are read by their history.
_PRUNED_KINDS = (SourceFile.Kind.TRANSCRIPT, SourceFile.Kind.TOOL_OUTPUT)


def _sessions_by_source() -> dict[int, list[AgentSession]]:
    rows = AgentSession.objects.only("public_id", "native_id", "ended_at").in_bulk()
    found: dict[int, list[AgentSession]] = {}
    for source_id, session_id in SourceSession.objects.values_list("source_id", "session_id"):
        if session_id in rows:
            found.setdefault(source_id, []).append(rows[session_id])
    return found


def _outputs_by_session(sources: Collection[SourceFile]) -> dict[str, set[int]]:
    """{session id: the outputs that lie in its folder}."""
    found: dict[str, set[int]] = {}
    for source in sources:
        if source.kind == SourceFile.Kind.TOOL_OUTPUT and (native := output_owner(source)):
            found.setdefault(native, set()).add(source.pk)
    return found


def _ended_at(sessions: Collection[AgentSession], sources: Collection[SourceFile]) -> datetime:
    """When the last of them ended; where no line has a time, when the last file was written."""
    ends = [session.ended_at for session in sessions if session.ended_at]
    written = (datetime.fromtimestamp(source.mtime_ns / 1e9, UTC) for source in sources)
    return max(ends) if ends else max(written, default=datetime.max.replace(tzinfo=UTC))


def _stands(source: SourceFile) -> bool:
    """Whether the file seems to hold what was read of it; whether it does is looked at before anything is dropped."""
    try:
        return source.missing_since is None and os.stat(source.path).st_size >= source.committed_offset
    except OSError:
        return False


def _places(source: SourceFile) -> set[str]:
    """Its path below its root, and every folder above it."""
    return set(accumulate(posix(source.relative_path).parts, lambda above, name: f"{above}/{name}"))
