"""Changes of files, line by line, with the part of a line that changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sessions.parsers.display import shown
from sessions.parsers.values import items, mapping

INSERTED, DELETED, KEPT, SEAM = "ins", "del", "same", "seam"
MOST_LINES = 1000
# Comparing pairs of longer lines says nothing to a reader.
_PAIRED_CHARS = 500


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a change. Numbers are those of the file before and after, None where the line is not there or where
    they are not known; `before`, `changed` and `after` are its text, `changed` being what differs from its partner.
    """

    mark: str
    old: int | None
    new: int | None
    before: str
    changed: str = ""
    after: str = ""

    @property
    def text(self) -> str:
        return f"{self.before}{self.changed}{self.after}"


def patch_lines(hunks: Any) -> Iterator[DiffLine]:
    """The lines of a structured patch, a seam before every hunk but a first one at the top of the file.

    Of a hunk as many lines are looked at as are shown at most, and one more.
    """
    for number, hunk in enumerate(map(mapping, items(hunks))):
        old, new = _number(hunk.get("oldStart")), _number(hunk.get("newStart"))
        if number or (old or 0) > 1:
            yield DiffLine(SEAM, old, new, "")
        written = [line for line in items(hunk.get("lines"))[: MOST_LINES + 1] if isinstance(line, str)]
        yield from paired(_numbered(written, old, new))


def replacement_lines(old: str, new: str) -> Iterator[DiffLine]:
    """What a replacement asks for, as far as it is shown; where in the file it is made is not known."""
    before, after = (text.split("\n", MOST_LINES + 1)[: MOST_LINES + 1] for text in (old, new))
    start = _alike(before, after)
    end = _alike(before[start:][::-1], after[start:][::-1])
    lines = [f" {line}" for line in before[:start]]
    lines += [f"-{line}" for line in before[start : len(before) - end]]
    lines += [f"+{line}" for line in after[start : len(after) - end]]
    lines += [f" {line}" for line in before[len(before) - end :]]
    yield from paired(_numbered(lines, None, None))


def _number(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 1 << 31 else None


def _numbered(written: Iterable[str], old: int | None, new: int | None) -> Iterator[DiffLine]:
    for line in written:
        mark = {"+": INSERTED, "-": DELETED, "\\": SEAM}.get(line[:1], KEPT)
        if mark == SEAM:  # "\ No newline at end of file"
            continue
        in_old, in_new = mark != INSERTED, mark != DELETED
        yield DiffLine(mark, old if in_old else None, new if in_new else None, line[1:])
        old = None if old is None else old + in_old
        new = None if new is None else new + in_new


def paired(lines: Iterable[DiffLine]) -> Iterator[DiffLine]:
    """The lines fit to be shown; deleted ones that are followed by as many inserted ones are compared with them."""
    deleted: list[DiffLine] = []
    inserted: list[DiffLine] = []
    for line in lines:
        if line.mark == DELETED and not inserted:
            deleted.append(line)
        elif line.mark == INSERTED:
            inserted.append(line)
        else:
            yield from _compared(deleted, inserted)
            deleted, inserted = ([line], []) if line.mark == DELETED else ([], [])
            if line.mark != DELETED:
                yield _fit(line)
    yield from _compared(deleted, inserted)


def _compared(deleted: list[DiffLine], inserted: list[DiffLine]) -> Iterator[DiffLine]:
    if len(deleted) != len(inserted):
        yield from map(_fit, [*deleted, *inserted])
        return
    pairs = [_split(a, b) for a, b in zip(deleted, inserted, strict=True)]
    yield from (first for first, _ in pairs)
    yield from (second for _, second in pairs)


def _split(a: DiffLine, b: DiffLine) -> tuple[DiffLine, DiffLine]:
    """Two lines with what they share at their ends apart; as they are where they share little."""
    old, new = a.before, b.before
    if max(len(old), len(new)) > _PAIRED_CHARS:
        return _fit(a), _fit(b)
    start = _alike(old, new)
    end = _alike(old[start:][::-1], new[start:][::-1])
    if 2 * (start + end) < min(len(old), len(new)):
        return _fit(a), _fit(b)
    return _parts(a, start, end), _parts(b, start, end)


def _parts(line: DiffLine, start: int, end: int) -> DiffLine:
    text = line.before
    stop = len(text) - end
    return DiffLine(
        line.mark, line.old, line.new, shown(text[:start]), shown(text[start:stop]), shown(text[stop:])
    )


def _fit(line: DiffLine) -> DiffLine:
    return DiffLine(line.mark, line.old, line.new, shown(line.before))


def _alike(first: Any, second: Any) -> int:
    """How many members two sequences share from their beginnings on."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count
