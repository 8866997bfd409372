"""A transcript from its first byte, part by part: what each run of lines says, and the bytes it was read from.

Nothing here knows a database, so that another process can do it (see ahead.py).
"""

import os
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple

from sessions.parsers.formats.claude_code import FileIdentity, LineReader, first_owner, identify
from sessions.parsers.lines import Chunk, Tail, read_chunks, split
from sessions.parsers.packing import Packed, pack
from sessions.parsers.records import BadLine, ParsedLine
from sessions.parsers.secrets.masking import masked_line

OWNER_CHARS = 200
ReadLine = ParsedLine | BadLine | None  # None: a blank one


class FileStart(NamedTuple):
    """A transcript that was opened: how far it will be read, and whose lines it holds that name no session."""

    size: int
    owner: str
    owner_guessed: bool


class LinesRead(NamedTuple):
    """A run of complete lines, and what is known of the file behind the last of them."""

    lines: list[ReadLine]
    end: int  # offset behind the last line
    last_at_ms: int | None
    owner_guess_was_wrong: bool
    packed: Packed | None = None


class TailRead(NamedTuple):
    """What follows the last newline, read as if it were a line."""

    tail: Tail
    result: ReadLine
    owner_guess_was_wrong: bool


Part = FileStart | LinesRead | TailRead


def parts_of(location: str, relative: str) -> Iterator[Part]:
    """Read a transcript: its FileStart, then its lines, then exactly one TailRead. Raises OSError."""
    path = posix(relative)
    with open(location, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        identity = identify(path)
        owner, guessed = owner_of(identity, path, lines_from_start(stream, size))
        yield FileStart(size, owner, guessed)
        reader = LineReader(identity, owner, guessed)
        count = 0
        for part in read_chunks(stream, 0, size):
            if isinstance(part, Chunk):
                read = parse_chunk(part, count, reader)
                count += len(read.lines)
                yield read._replace(packed=pack(part))
            else:
                result = reader.read(part.offset, count + 1, part.raw)
                yield TailRead(part, result, reader.guess_was_wrong)


def posix(relative: str) -> PurePosixPath:
    """A path under a root, however this system writes it."""
    return PurePosixPath(relative.replace(os.sep, "/"))


def owner_of(identity: FileIdentity, path: PurePosixPath, lines: Iterator[bytes]) -> tuple[str, bool]:
    """The session of lines that name none, and whether that is only a guess from the file's name."""
    named = identity.owner or first_owner(lines)
    return (named or path.stem)[:OWNER_CHARS], not named


def lines_from_start(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """The lines of a transcript, the one without its newline included."""
    for part in read_chunks(stream, 0, size):
        if isinstance(part, Chunk):
            yield from (line for _, line in split(part.raw, part.offset))
        else:
            yield part.raw


def parse_chunk(chunk: Chunk, lines_before: int, reader: LineReader) -> LinesRead:
    """Understand a run of complete lines."""
    lines = _oversize(chunk, lines_before) if chunk.oversize else _parsed(chunk, lines_before, reader)
    return LinesRead(lines, chunk.end, reader.last_at_ms, reader.guess_was_wrong)


def _parsed(chunk: Chunk, lines_before: int, reader: LineReader) -> list[ReadLine]:
    numbered = enumerate(split(chunk.raw, chunk.offset), lines_before + 1)
    return [reader.read(offset, number, raw) for number, (offset, raw) in numbered]


def _oversize(chunk: Chunk, lines_before: int) -> list[ReadLine]:
    big = chunk.oversize
    if big is None:
        return []
    excerpt = masked_line(big.head)[:800].decode("utf-8", "replace")[:200]
    detail = f"The line is {big.length:,} bytes long; lines up to 64 MiB are read."
    return [BadLine(big.offset, big.length, lines_before + 1, "too_long", detail, excerpt)]
