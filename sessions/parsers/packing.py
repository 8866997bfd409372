"""Bytes as the archive keeps them: compressed, with the digest of what they were."""

from hashlib import sha256
from typing import NamedTuple

import zstandard

from sessions.parsers.lines import Chunk

LEVEL = 3
_compressor = zstandard.ZstdCompressor(level=LEVEL)
_decompressor = zstandard.ZstdDecompressor()


class Packed(NamedTuple):
    """A run of bytes of a file, compressed. Of an oversize line only the beginning and the end are kept (abridged)."""

    offset: int
    length: int
    sha256: bytes  # of all the bytes, also of an abridged line
    data: bytes
    is_abridged: bool


def pack(chunk: Chunk) -> Packed:
    """Compress a chunk. The compressor and the digest let go of the interpreter's lock."""
    if big := chunk.oversize:
        return Packed(big.offset, big.length, big.sha256, _compressor.compress(big.head + big.tail), True)
    raw = chunk.raw
    return Packed(chunk.offset, len(raw), sha256(raw).digest(), _compressor.compress(raw), False)


def unpacked(data: bytes) -> bytes:
    """The bytes that were compressed. Raises zstandard.ZstdError when they are damaged."""
    return _decompressor.decompress(data)
