r"""Bytes in, complete lines out.

Only 0x0A ends a line: U+2028, U+0085 and 0x0D may stand inside one. A line of white space or NUL padding
only is blank. A byte-order mark at the start of a line is ignored. Nothing here looks inside JSON.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

BLOCK_BYTES = 1 << 20
MAX_LINE_BYTES = 64 << 20
EXCERPT_BYTES = 4096
_BOM = b"\xef\xbb\xbf"
_PADDING = b" \t\r\n\x0b\x0c\x00"


@dataclass(slots=True, frozen=True)
class Oversize:
    """A line longer than MAX_LINE_BYTES: its place, its digest, and how it begins and ends."""

    offset: int
    length: int
    sha256: bytes
    head: bytes
    tail: bytes


@dataclass(slots=True, frozen=True)
class Chunk:
    """A run of complete lines: bytes [offset, offset + len(raw)) of a file, or one oversize line."""

    offset: int
    raw: bytes
    oversize: Oversize | None = None

    @property
    def end(self) -> int:
        return self.offset + (self.oversize.length if self.oversize else len(self.raw))


@dataclass(slots=True, frozen=True)
class Tail:
    """What follows the last newline; empty when the file ends with one."""

    offset: int
    raw: bytes


def content(line: bytes) -> bytes:
    """The line without padding and byte-order mark; empty when it is blank."""
    stripped = line.strip(_PADDING)
    return stripped[3:].lstrip(_PADDING) if stripped.startswith(_BOM) else stripped


def split(raw: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """(offset, line without its newline) for each complete line of `raw`, which ends with a newline."""
    at = 0
    while at < len(raw):
        end = raw.find(b"\n", at)
        end = len(raw) if end < 0 else end
        yield offset + at, raw[at:end]
        at = end + 1


def read_chunks(stream: BinaryIO, offset: int, limit: int) -> Iterator[Chunk | Tail]:
    """Read [offset, limit) of a seekable stream: chunks of complete lines, then exactly one Tail.

    Memory stays near one block plus the longest line (at most MAX_LINE_BYTES).
    """
    stream.seek(offset)
    held = b""
    at = offset
    while True:
        block = stream.read(min(BLOCK_BYTES, limit - at - len(held)))
        if not block:
            yield Tail(at, held)
            return
        cut = block.rfind(b"\n") + 1
        if cut:
            raw = held + block[:cut]
            held = block[cut:]
            yield Chunk(at, raw)
            at += len(raw)
            continue
        held += block
        if len(held) > MAX_LINE_BYTES:
            oversize = _skip_line(stream, at, held, limit)
            if oversize is None:
                yield Tail(at, held[:EXCERPT_BYTES])
                return
            yield Chunk(at, b"", oversize)
            at += oversize.length
            held = b""
            stream.seek(at)


def _skip_line(stream: BinaryIO, at: int, held: bytes, limit: int) -> Oversize | None:
    """Hash to the end of an oversize line without keeping it; None when the file ends first."""
    digest = sha256(held)
    head, tail, length = held[:EXCERPT_BYTES], held[-EXCERPT_BYTES:], len(held)
    while block := stream.read(min(BLOCK_BYTES, limit - at - length)):
        cut = block.find(b"\n") + 1
        part = block[:cut] if cut else block
        digest.update(part)
        length += len(part)
        tail = (tail + part)[-EXCERPT_BYTES:]
        if cut:
            return Oversize(at, length, digest.digest(), head, tail)
    return None


def prefix_matches(stream: BinaryIO, segments: list[tuple[int, int, bytes]]) -> bool:
    """Whether the stream still holds, byte for byte, the (offset, length, sha256) segments read before."""
    for offset, length, expected in segments:
        stream.seek(offset)
        digest, left = sha256(), length
        while left and (block := stream.read(min(BLOCK_BYTES, left))):
            digest.update(block)
            left -= len(block)
        if left or digest.digest() != expected:
            return False
    return True
