"""Secrets in what was read: where they stand and of which kind they are.

One pass looks for the beginnings of all kinds; where none stands, which is nearly always, that was all.
"""

import re
from hashlib import sha256
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation

from sessions.parsers.secrets.kinds import KINDS, PRIVATE_KEY, Kind

_STARTS = [(start, kind) for kind in KINDS for start in kind.starts]
# Printable ASCII that JSON spells in a longer way, so that no beginning of a secret can be seen in it.
_SPELLED = [b"\\/", *(b"\\u00%d" % tens for tens in range(2, 8))]
# As a table of states: 2.5 times as fast as what the library takes for so many words, for a megabyte and 2 ms.
_SOUGHT = BytesAhoCorasick([*(start for start, _ in _STARTS), *_SPELLED], implementation=Implementation.DFA)
# A secret begins behind anything but letters and digits, or behind what a terminal, JSON or an address puts there.
_BEGINS_AFTER = re.compile(rb"(?:[^A-Za-z0-9]|\\[nrtbf]|\\u[0-9a-fA-F]{4}|\[[0-9;]{0,12}[mK]|%[0-9A-F]{2})\Z")
_BEFORE = 18
_KEY_BYTES, _CUT_KEY_BYTES, _KEY_CHARS = 16_384, 4096, 64
_KEY_RUN = re.compile(
    rb"\\{1,4}(?:[nrtbf]|u[0-9a-fA-F]{4})|"
    rb"([A-Za-z0-9/][A-Za-z0-9+/]{15,}={0,2}|[A-Za-z0-9/][A-Za-z0-9+/]{3,14}={0,2}(?=[\\nr\s]{0,8}-----END))"
)
_SPELLING = re.compile(rb"(\\\\)|\\u00([2-7][0-9a-fA-F])|\\/")
_SHOWN_CHARS, _SHOWN_OF = 4, 24


class Secret(NamedTuple):
    """A secret that was found. `spans` are what of the text has to go; all else around it may stay."""

    kind: Kind
    value: bytes
    spans: tuple[tuple[int, int], ...]

    @property
    def hint(self) -> str:
        """What it may be called: enough to tell it from its like, never enough to use it."""
        if not self.kind.is_definite or self.kind is PRIVATE_KEY or len(self.value) < _SHOWN_OF:
            return self.kind.label
        return f"{self.kind.label} …{self.value[-_SHOWN_CHARS:].decode('ascii', 'replace')}"

    @property
    def seen(self) -> "SecretSeen":
        return SecretSeen(self.kind.name, self.hint, fingerprint(self.value))


class SecretSeen(NamedTuple):
    """That a secret was seen, without the secret."""

    kind: str
    hint: str
    fingerprint: int


def fingerprint(value: bytes) -> int:
    """The same number for the same secret: 63 bits of its SHA-256. For grouping; it is shown nowhere."""
    return int.from_bytes(sha256(value).digest()[:8], "big") >> 1


def secrets_in(raw: bytes) -> list[Secret]:
    """The secrets in a text, in their order; none overlaps another."""
    return _secrets(raw, _SOUGHT.find_matches_as_indexes(raw, overlapping=True))


def line_secrets(raw: bytes) -> tuple[bytes, list[Secret]]:
    """A line of JSON with its secrets. The line is spelled plainly where that is needed to see them."""
    hits = _SOUGHT.find_matches_as_indexes(raw, overlapping=True)
    if not hits:
        return raw, []
    if any(number >= len(_STARTS) for number, _, _ in hits):
        plain = _SPELLING.sub(_plainly, raw)
        found = secrets_in(plain)
        return (plain, found) if found else (raw, found)
    return raw, _secrets(raw, hits)


def _secrets(raw: bytes, hits: list[tuple[int, int, int]]) -> list[Secret]:
    found: list[Secret] = []
    behind = 0
    for number, start, _ in sorted(hits, key=lambda hit: (hit[1], -hit[2])):
        if number >= len(_STARTS) or start < behind:
            continue
        secret = _secret_at(raw, start, _STARTS[number][1])
        if secret is not None and secret.spans[0][0] >= behind:
            found.append(secret)
            behind = secret.spans[-1][1]
    return found


def _secret_at(raw: bytes, start: int, kind: Kind) -> Secret | None:
    match = kind.pattern.match(raw, start)
    if match is None:
        return None
    if kind is PRIVATE_KEY:
        return _private_key(raw, match.end())
    if kind.stands_alone and _is_escape(raw, start):
        return None
    if kind.stands_alone and start and not _BEGINS_AFTER.search(raw, max(0, start - _BEFORE), start):
        return None
    span = match.span(match.lastindex or 0)
    value = raw[span[0] : span[1]]
    return Secret(kind, value, (span,)) if kind.is_plausible(value) else None


def _is_escape(raw: bytes, start: int) -> bool:
    """Whether the letter there is part of an escape, as the n of a new line is."""
    before = raw[max(0, start - _BEFORE) : start]
    return (len(before) - len(before.rstrip(b"\\"))) % 2 == 1 and raw[start : start + 1] in b"nrtbfu"


def _private_key(raw: bytes, start: int) -> Secret | None:
    """The lines of a key, wherever they stand: printed with numbers, as a patch, as JSON. Their number stays."""
    end = raw.find(b"-----END", start, start + _KEY_BYTES)
    limit = end + len(b"-----END") if end >= 0 else start + _CUT_KEY_BYTES
    # Where the next one begins this one is over: a text of beginnings alone is gone through once.
    another = raw.find(b"-----BEGIN ", start, limit)
    limit = another if another >= 0 else limit
    spans = tuple(run.span(1) for run in _KEY_RUN.finditer(raw, start, limit) if run[1])
    value = b"".join(raw[one:other] for one, other in spans)
    return Secret(PRIVATE_KEY, value, spans) if len(value) >= _KEY_CHARS else None


def _plainly(spelled: re.Match[bytes]) -> bytes:
    if spelled[1]:
        return spelled[1]
    if not spelled[2]:
        return b"/"
    character = bytes.fromhex(spelled[2].decode())
    return spelled[0] if character in b'"\\\x7f' else character
