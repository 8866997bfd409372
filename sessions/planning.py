"""What a run has to read: the files on disk beside the files known, compared by their stat alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sessions.bulk import in_chunks
from sessions.models import SourceFile
from sessions.parsers.discovery import TRANSCRIPT, FoundFile, Root, Unreadable, walk
from sessions.reading import is_unchanged


class _Known(NamedTuple):
    """What is compared of a file that was read: of a hundred thousand, nearly all are as they were."""

    pk: int
    path: str
    kind: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    missing_since: datetime | None
    error: str
    pending_bytes: int
    committed_offset: int


@dataclass(slots=True)
class ReadingPlan:
    """What is to be done; nothing was opened or written to make it."""

    roots: list[Root]
    changed: list[tuple[SourceFile | None, FoundFile]] = field(default_factory=list)  # newest first
    unchanged: int = 0
    seen: int = 0  # transcripts; the files beside them are not counted
    gone: list[int] = field(default_factory=list)  # sources not marked as missing yet
    missing: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)

    @property
    def bytes_to_read(self) -> int:
        return sum(
            found.size - (source.committed_offset if source else 0)
            for source, found in self.changed
            if found.kind == TRANSCRIPT
        )

    @property
    def is_empty(self) -> bool:
        return not self.changed and not self.gone


def plan_reading(roots: list[Root], now: datetime) -> ReadingPlan:
    """Compare the roots with what is known of them."""
    plan = ReadingPlan(roots)
    known = _known(roots)
    found: dict[str, FoundFile] = {}
    for root in roots:
        if not root.exists:
            continue
        for item in walk(root):
            if isinstance(item, Unreadable):
                plan.unreadable.append(item)
            else:
                found.setdefault(item.path, item)
    lost = {path: source for path, source in known.items() if path not in found}
    moved = _moved(lost.values(), [f for path, f in found.items() if path not in known])
    changed: list[tuple[_Known | None, FoundFile]] = []
    for path, item in found.items():
        source = known.get(path) or moved.get(path)
        plan.seen += item.kind == TRANSCRIPT
        if source is not None and path == source.path and is_unchanged(source, item, now):
            plan.unchanged += item.kind == TRANSCRIPT
        else:
            changed.append((source, item))
    changed.sort(key=lambda pair: (pair[1].kind != TRANSCRIPT, -pair[1].mtime_ns, pair[1].path))
    rows = _rows(source.pk for source, _ in changed if source)
    plan.changed = [(rows[source.pk] if source else None, item) for source, item in changed]
    kept = {source.pk for source in moved.values()}
    left = [source for source in lost.values() if source.pk not in kept]
    plan.gone = [source.pk for source in left if source.missing_since is None]
    plan.missing = sum(source.kind == TRANSCRIPT for source in left)
    return plan


def _known(roots: list[Root]) -> dict[str, _Known]:
    rows = SourceFile.objects.filter(root__in=[root.path for root in roots]).values_list(*_Known._fields)
    return {known.path: known for known in map(_Known._make, rows.iterator())}


def _rows(keys: Iterable[int]) -> dict[int, SourceFile]:
    return {row.pk: row for some in in_chunks(keys) for row in SourceFile.objects.filter(pk__in=some)}


def _moved(lost: Iterable[_Known], new: list[FoundFile]) -> dict[str, _Known]:
    """Files that were renamed or moved: the same inode, not smaller than what was read of it."""
    by_inode = {(s.device, s.inode): s for s in lost if s.inode}
    found = {}
    for item in new:
        source = by_inode.get((item.device, item.inode))
        if source and item.kind == source.kind and item.size >= source.committed_offset:
            found[item.path] = source
            del by_inode[item.device, item.inode]
    return found
