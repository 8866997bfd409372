"""Stable integer keys: the same thing gets the same key in every database and in any order of reading.

A key is the first 63 bits of a BLAKE2b digest, so that it fits a signed 64-bit column. Among ten million
keys the chance of any two different things sharing one is about five in a million.
"""

from hashlib import blake2b

from xxhash import xxh3_64_intdigest

_MASK = (1 << 63) - 1
_PRIME = (1 << 63) - 25


def stable_key(*parts: str) -> int:
    """A positive 63-bit integer for this sequence of texts; the boundaries between parts count."""
    text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") & _MASK


def uuid_key(text: str) -> int:
    """The key of a record's uuid: a real UUID is a number already, anything else is hashed."""
    if len(text) == 36:
        try:
            return int(text.replace("-", ""), 16) % _PRIME
        except ValueError:
            pass
    return stable_key(text)


def pair_key(one: int, other: int) -> int:
    """The key of two keys in this order. Both are spread evenly, so a linear mix of them is too."""
    return (one * 6364136223846793005 + other * 1442695040888963407 + 1) % _PRIME


def bytes_key(raw: bytes) -> int:
    """A positive 63-bit integer for these bytes: tells the lines of one record apart, and is not a seal.

    (The archive's segments have SHA-256 digests.)
    """
    return xxh3_64_intdigest(raw) & _MASK
