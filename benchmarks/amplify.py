"""Multiply a folder of transcripts into distinct, valid copies of itself.

    python -m benchmarks.amplify SOURCE TARGET --copies 8
    python -m benchmarks.amplify SOURCE TARGET --bytes 500M [--seed 1] [--end 2026-01-31] [--days 365]

SOURCE is a `projects` folder or the config folder that holds one; TARGET receives `projects/<slug>/**`.

What makes a copy both distinct and valid:

- Every UUID, and every other identifier that stands under a known key anywhere in the source, is replaced by
  a fresh one of the same shape and length, wherever it stands: fields, text, broken lines, file and folder
  names. Within one copy the same identifier always gets the same replacement, so links, pairs and deliberate
  duplicates (streamed chunks, forks) survive; two copies share none.
- Files that share an identifier form a group. Each group of each copy moves as one to a day of its own in the
  window of `days` days that ends with `end`: timestamps shift by whole days and up to half an hour.
- Every replacement is exactly as long as what it replaces. So a copy has the sizes, line breaks, broken lines
  and torn tails of its original, and the totals are known before anything is written.

Names of projects (slugs without a UUID) stay: the copies are more work in the same projects. What looks like
a name rather than a random identifier stays as well, even under an identifier's key, and so does an
identifier whose random part was cut out by a redaction.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import orjson

from benchmarks.identifiers import MARK, fresh_identifier, identifier_values, identifiers_in

_AGENT_FILE = re.compile(r"agent-([^.]+)")
_TIMESTAMP_LENGTH = len("2026-01-31T23:59:59")


@dataclass(slots=True)
class SourceFile:
    """A file of the source: its size in bytes, its lines, the moment of its last entry, its group."""

    path: Path
    size: int = 0
    lines: int = 0
    last: str = ""
    group: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Files that share identifiers and so move in time together; `last` is None where no entry has a time."""

    name: str
    size: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Survey:
    """What the first pass over a source found: files, groups, and the identifiers that are no UUIDs."""

    root: Path
    files: list[SourceFile]
    groups: dict[int, Group]
    words: frozenset[bytes]

    @property
    def size(self) -> int:
        """Bytes of one copy."""
        return sum(file.size for file in self.files)

    @property
    def last_day(self) -> date | None:
        """The UTC day of the youngest entry."""
        return max((group.last.date() for group in self.groups.values() if group.last), default=None)


def survey(source: Path) -> Survey:
    """Read a `projects` folder once, line by line. Raises FileNotFoundError where there is nothing in it."""
    files: list[SourceFile] = []
    words: set[bytes] = set()
    union = _Union()
    for path in sorted(path for path in source.rglob("*") if path.is_file() and not path.is_symlink()):
        file = SourceFile(path.relative_to(source))
        for identifier in _read(path, file):
            union.join(len(files), identifier)
            if b"-" not in identifier:
                words.add(identifier)
        files.append(file)
    if not any(file.size for file in files):
        raise FileNotFoundError(f"{source} holds no transcript to multiply.")
    for number, file in enumerate(files):
        file.group = union.root(number)
    return Survey(source, files, _groups(files), frozenset(words))


def _read(path: Path, file: SourceFile) -> Iterator[bytes]:
    """Fill in the file's figures and yield the identifiers of its name and its records."""
    yield from _identifiers_of_name(file.path)
    with path.open("rb") as lines:
        for line in lines:
            file.size += len(line)
            file.lines += 1
            record = _record(line)
            file.last = max(file.last, _timestamp(record))
            for value in identifier_values(record):
                yield from identifiers_in(value)


def _identifiers_of_name(path: Path) -> Iterator[bytes]:
    """The UUIDs below the project's folder, and the agent's identifier; other words there are names."""
    if agent := _AGENT_FILE.match(path.name):
        yield from identifiers_in(agent[1])
    for part in path.parts[1:]:
        yield from (identifier for identifier in identifiers_in(part) if b"-" in identifier)


def _record(line: bytes) -> object:
    """The line's JSON value; None for a blank or broken line. Python's decoder takes what orjson refuses."""
    for decode in (orjson.loads, json.loads):
        try:
            return decode(line)
        except (ValueError, RecursionError):
            continue
    return None


def _timestamp(record: object) -> str:
    moment = record.get("timestamp") if isinstance(record, dict) else None
    if not isinstance(moment, str):
        return ""
    text = moment[:_TIMESTAMP_LENGTH]
    return text if _moment(text) else ""


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if len(text) == _TIMESTAMP_LENGTH else None
    except ValueError:
        return None


class _Union:
    """Union-find over file numbers: files that share an identifier end under one root."""

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}
        self._owners: dict[bytes, int] = {}

    def root(self, number: int) -> int:
        while (parent := self._parents.get(number, number)) != number:
            self._parents[number] = self._parents.get(parent, parent)
            number = parent
        return number

    def join(self, number: int, identifier: bytes) -> None:
        owner = self._owners.setdefault(identifier, number)
        if owner != number:
            self._parents[self.root(number)] = self.root(owner)


def _groups(files: list[SourceFile]) -> dict[int, Group]:
    members: dict[int, list[SourceFile]] = {}
    for file in files:
        members.setdefault(file.group, []).append(file)
    return {
        number: Group(
            name=min(file.path.as_posix() for file in group),
            size=sum(file.size for file in group),
            last=_moment(max(file.last for file in group)),
        )
        for number, group in members.items()
    }


class Template:
    """One file's bytes with the places of its identifiers and timestamps, written out again for each copy."""

    def __init__(self, content: bytes, words: frozenset[bytes]) -> None:
        self._page = bytearray(content)
        self._marks: list[tuple[int, int, int]] = []
        self._slots: dict[bytes, int] = {}
        self._moments: dict[bytes, datetime] = {}
        for match in MARK.finditer(content):
            kind, text = match.lastgroup, match[0]
            if (
                kind == "uuid"
                or (kind == "word" and text in words)
                or (kind == "moment" and self._dated(text))
            ):
                slot = self._slots.setdefault(text, len(self._slots))
                self._marks.append((match.start(), match.end(), slot))

    def _dated(self, text: bytes) -> bool:
        if text not in self._moments and (moment := _moment(text.decode())):
            self._moments[text] = moment
        return text in self._moments

    def copy(self, key: bytes, shift: timedelta) -> bytearray:
        """The file as it stands in the copy with this key; the next call reuses the buffer."""
        page, moments = self._page, self._moments
        values = [
            (moments[text] + shift).isoformat().encode() if text in moments else fresh_identifier(text, key)
            for text in self._slots
        ]
        for start, end, slot in self._marks:
            page[start:end] = values[slot]
        return page


@dataclass(frozen=True, slots=True)
class Amplified:
    """What was written: complete copies, files, lines and bytes."""

    copies: int
    files: int
    lines: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How many copies of each group to write, and when they take place."""

    seed: int
    copies: dict[int, int]
    end: date
    days: int

    def key(self, copy: int) -> bytes:
        """What the identifiers of this copy derive from."""
        return f"{self.seed}:{copy}".encode()

    def shift(self, group: Group, copy: int) -> timedelta:
        """How far this copy of the group moves, so that its last entry falls into the window."""
        draw = int.from_bytes(blake2b(group.name.encode(), key=self.key(copy), digest_size=16).digest())
        minutes = timedelta(minutes=(draw >> 64) % 61 - 30)
        last = group.last.date() if group.last else self.end
        return self.end - timedelta(days=1 + draw % self.days) - last + minutes


def planned_copies(found: Survey, *, copies: int | None, size: int | None, seed: int) -> dict[int, int]:
    """Copies per group: `copies` each, or as many whole groups as fit into `size` bytes."""
    if copies is not None:
        return dict.fromkeys(found.groups, copies)
    full, room = divmod(size or 0, found.size)
    planned = dict.fromkeys(found.groups, full)
    key = f"{seed}:{full}".encode()
    for number, group in sorted(
        found.groups.items(), key=lambda item: blake2b(item[1].name.encode(), key=key).digest()
    ):
        if group.size <= room:
            planned[number] += 1
            room -= group.size
    return planned


def amplify(
    source: Path,
    target: Path,
    *,
    copies: int | None = None,
    size: int | None = None,
    seed: int = 1,
    end: date | None = None,
    days: int = 365,
) -> Amplified:
    """Write `copies` copies of the transcripts in `source`, or up to `size` bytes, to `target`/projects.

    `end` is the last UTC day the copies may reach, by default that of the source's youngest entry. One file
    at a time is held in memory. Raises FileNotFoundError for an empty source, FileExistsError for a used
    target.
    """
    projects = projects_folder(source)
    if (target / "projects").exists():
        raise FileExistsError(f"{target / 'projects'} exists already; name a new folder.")
    found = survey(projects)
    planned = planned_copies(found, copies=copies, size=size, seed=seed)
    plan = Plan(seed, planned, end or found.last_day or date(2026, 1, 1), days)
    for file in found.files:
        _write_copies(found, file, plan, target / "projects")
    written = [(file, planned[file.group]) for file in found.files]
    return Amplified(
        copies=min(planned.values()),
        files=sum(times for _, times in written),
        lines=sum(file.lines * times for file, times in written),
        bytes=sum(file.size * times for file, times in written),
    )


def projects_folder(source: Path) -> Path:
    """The `projects` folder meant by a path that is one or holds one."""
    return source / "projects" if (source / "projects").is_dir() else source


def _write_copies(found: Survey, file: SourceFile, plan: Plan, target: Path) -> None:
    group = found.groups[file.group]
    template = Template((found.root / file.path).read_bytes(), found.words)
    name = Template(os.fsencode(file.path), found.words)
    last = _moment(file.last) or group.last or datetime.combine(plan.end, datetime.min.time())
    for copy in range(plan.copies[file.group]):
        key, shift = plan.key(copy), plan.shift(group, copy)
        path = target / _distinct(file.path, Path(os.fsdecode(bytes(name.copy(key, shift)))), copy)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(template.copy(key, shift))
        modified = (last + shift).replace(tzinfo=UTC).timestamp()
        os.utime(path, (modified, modified))


def _distinct(old: Path, new: Path, copy: int) -> Path:
    """A path that carries no identifier would be the same in every copy, so it gets the copy's number."""
    stem, dot, suffixes = new.name.partition(".")
    return new if new != old else new.with_name(f"{stem}-copy{copy}{dot}{suffixes}")


def parsed_size(text: str) -> int:
    """Bytes in `500M`, `2G`, `300k` or `12345` (powers of 1000). Raises ValueError for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([kMG]?)B?", text)
    if not match:
        raise ValueError(f"{text!r} is no size; write for example 500M.")
    return int(float(match[1]) * {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}[match[2]])


def add_amount_arguments(parser: argparse.ArgumentParser, *, copies: int | None) -> None:
    """Add --copies (with this default), --bytes and --seed, which the benchmarks share."""
    amount = parser.add_mutually_exclusive_group(required=copies is None)
    amount.add_argument("--copies", type=int, help="number of complete copies", default=None)
    amount.add_argument("--bytes", type=parsed_size, dest="size", help="largest total size, such as 500M")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other identifiers and days")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; print what was written as one JSON object."""
    parser = argparse.ArgumentParser(description="Multiply a folder of transcripts into distinct copies.")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    add_amount_arguments(parser, copies=None)
    parser.add_argument("--end", type=date.fromisoformat, help="last day of the copies (YYYY-MM-DD)")
    parser.add_argument("--days", type=int, default=365, help="length of the window the copies spread over")
    given = vars(parser.parse_args(arguments))
    try:
        print(json.dumps(asdict(amplify(given.pop("source"), given.pop("target"), **given))))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
