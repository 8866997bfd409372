"""Stable integer keys: the same thing gets the same key in every database and in any order of reading.

A key is the first 63 bits of a BLAKE2b digest, so that it fits a signed 64-bit column. Among ten million
keys the chance of any two different things sharing one is about five in a million.
"""

from hashlib import blake2b

_MASK = (1 << 63) - 1


def stable_key(*parts: str) -> int:
    """A positive 63-bit integer for this sequence of texts; the boundaries between parts count."""
    text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") & _MASK


def bytes_key(raw: bytes) -> int:
    """A positive 63-bit integer for these bytes."""
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "big") & _MASK
