"""Noting the secrets that stand in files other than transcripts: plans, stored tool outputs, sidecars.

A file has texts: what it held each time that it was read, one generation of its archive each. A secret that an earlier
text held and the present one does not stays noted, with the last text that held it: it was read here, by an agent or a
model, and deleting it from a file does not take it back.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import batched

from django.db import transaction
from django.db.models import QuerySet

from sessions.archive import ArchiveDamaged, segment_bytes
from sessions.models import ArchiveSegment, SecretFinding, SourceFile
from sessions.owners import owner_key
from sessions.parsers.secrets.files import FileSecret, file_secrets

FILES_AT_ONCE = 50
type Name = tuple[str, int]  # of a secret: its kind and its fingerprint


@dataclass(slots=True)
class Standing:
    """Where in a file's texts a secret stands: where in the last of them, and in which it stood first."""

    secret: FileSecret
    generation: int
    first_generation: int


@dataclass(slots=True)
class Searched:
    """What a file's archived texts hold; `is_whole` when all of them could be searched."""

    standing: dict[Name, Standing] = field(default_factory=dict)
    is_whole: bool = True


def secrets_of(source: SourceFile, raw: bytes) -> list[FileSecret]:
    """What is secret in a text of this file, as it is masked where that is shown."""
    return file_secrets(raw, is_json=source.kind == SourceFile.Kind.SIDECAR)


def note_secrets(source: SourceFile, found: Sequence[FileSecret]) -> None:
    """Write what stands in the text that was just read; callers hold the transaction.

    What earlier texts held stays as it is noted, and costs nothing where the new one holds nothing.
    """
    told = {
        (one.seen.kind, one.seen.fingerprint): Standing(one, source.generation, source.generation)
        for one in found
    }
    if told:
        _write(source, told, _noted(source))


def unsearched() -> QuerySet[SourceFile]:
    """Files that are no transcripts and were not searched yet."""
    return SourceFile.objects.filter(secrets_searched=None).exclude(kind=SourceFile.Kind.TRANSCRIPT)


def search_archived(stop: Callable[[], bool] = lambda: False) -> Iterator[int]:
    """Search files that were read and not searched yet; yields after each few of them how many that were.

    Each few are a transaction of their own: a run that is killed is gone on with by the next.
    """
    while sources := list(unsearched().order_by("id")[:FILES_AT_ONCE]):
        if stop():
            return
        searched = [(source, archived_secrets(source)) for source in sources]
        with transaction.atomic():
            for source, found in searched:
                _replace(source, found)
        yield len(sources)


def mark_unsearched() -> None:
    """Have all files searched again but those whose text was pruned, of which what is noted is all there is."""
    pruned = ArchiveSegment.objects.filter(pruned_at__isnull=False).values("source_id")
    files = SourceFile.objects.exclude(kind=SourceFile.Kind.TRANSCRIPT)
    files.exclude(id__in=pruned).update(secrets_searched=None)


def archived_secrets(source: SourceFile) -> Searched:
    """What the archived texts of a file hold."""
    found = Searched()
    for segment in ArchiveSegment.objects.filter(source=source).order_by("generation").iterator(chunk_size=4):
        try:
            raw = segment_bytes(segment)
        except ArchiveDamaged:
            found.is_whole = False
            continue
        for secret in secrets_of(source, raw):
            name = (secret.seen.kind, secret.seen.fingerprint)
            before = found.standing.get(name)
            first = before.first_generation if before else segment.generation
            found.standing[name] = Standing(secret, segment.generation, first)
    return found


def is_noted_right(source: SourceFile) -> bool:
    """Whether exactly what the archived texts hold is noted; True also where some of them cannot be searched."""
    found = archived_secrets(source)
    noted = {name: (row.generation, row.line, row.lines) for name, row in _noted(source).items()}
    held = {
        name: (each.generation, each.secret.line, each.secret.lines) for name, each in found.standing.items()
    }
    return noted == held or not found.is_whole


def _replace(source: SourceFile, found: Searched) -> None:
    """Write what all texts hold. Where one could not be searched, what was noted of it before stays."""
    noted = _noted(source)
    if found.is_whole:
        gone = [row.pk for name, row in noted.items() if name not in found.standing]
        for some in batched(gone, 500):
            SecretFinding.objects.filter(pk__in=some).delete()
    _write(source, found.standing, noted)
    SourceFile.objects.filter(pk=source.pk).update(secrets_searched=found.is_whole)


def _noted(source: SourceFile) -> dict[Name, SecretFinding]:
    return {(row.kind, row.fingerprint): row for row in SecretFinding.objects.filter(source=source)}


def _write(source: SourceFile, told: dict[Name, Standing], noted: dict[Name, SecretFinding]) -> None:
    owner = owner_key(source)
    rows = [_row(source, owner, standing, noted.get(name)) for name, standing in told.items()]
    SecretFinding.objects.bulk_create([row for row in rows if row._state.adding], batch_size=500)
    known = [row for row in rows if not row._state.adding]
    changing = ["session", "hint", "generation", "line", "lines", "at_ms"]
    SecretFinding.objects.bulk_update(known, changing, batch_size=500)


def _row(
    source: SourceFile, owner: int | None, standing: Standing, row: SecretFinding | None
) -> SecretFinding:
    """The row of a secret. Of a text that was replaced nobody knows when it was written, unless it was noted then."""
    seen = standing.secret.seen
    written = source.mtime_ns // 1_000_000
    if row is None:
        began = written if standing.first_generation == source.generation else None
        row = SecretFinding(source=source, kind=seen.kind, fingerprint=seen.fingerprint, first_at_ms=began)
    if row.generation != standing.generation:
        row.at_ms = written if standing.generation == source.generation else None
    row.session_id, row.hint, row.generation = owner, seen.hint, standing.generation
    row.line, row.lines = standing.secret.line, standing.secret.lines
    return row
