"""Transcripts made to break a reader: each file has one bad thing in it, and a good line before and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sessions.parsers.lines import BLOCK_BYTES, MAX_LINE_BYTES
from sessions.tests import samples as s

DEEP = 200_000
KEYS = 200_000
WRONG: dict[str, Any] = {
    "null": None,
    "true": True,
    "number": 7,
    "negative": -5,
    "fraction": 0.5,
    "text": "x",
    "list": [1],
    "object": {"a": 1},
}
FIELDS = (
    "type",
    "uuid",
    "parentUuid",
    "timestamp",
    "sessionId",
    "message",
    "requestId",
    "cwd",
    "isSidechain",
    "version",
)
USAGE = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation",
    "server_tool_use",
    "iterations",
)


@dataclass(frozen=True, slots=True)
class Hostile:
    """A bad line, and whether it is no record at all, so that it has to be set aside."""

    name: str
    line: bytes
    is_set_aside: bool


def bad_lines() -> Iterator[Hostile]:
    """Bytes that are no record, or hardly one."""
    no_records = {
        "deep lists": b"[" * DEEP + b"]" * DEEP,
        "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        "open brackets": b"[" * DEEP,
        "a list": b"[1,2]",
        "a number": b"17",
        "a string": b'"type"',
        "null": b"null",
        "half a record": s.line(s.prompt("x", 1))[:-9],
        "two records": s.line(s.prompt("x", 1), b"") * 2,
        "no JSON": b"Error: cannot write",
        "single quotes": b"{'type': 'user'}",
        "a trailing comma": b'{"type":"user",}',
        "an open string": b'{"type":"us',
        "a bare key": b"{type:1}",
        "control bytes": bytes(range(1, 10)),
        "binary": bytes(range(128, 256)) * 20,
        "UTF-16": '{"type":"user"}'.encode("utf-16").replace(b"\n", b""),
        "a gzip head": b"\x1f\x8b\x08\x00\x00\x00\x00\x00garbage",
        "too long": b'{"type":"user","x":"' + b"x" * (MAX_LINE_BYTES + 2 * BLOCK_BYTES) + b'"}',
    }
    yield from (Hostile(name, raw, True) for name, raw in no_records.items())
    text = s.line(s.prompt("odd", 1), b"")
    records = {
        "an empty object": b"{}",
        "NUL inside": text.replace(b"Do it", b"Do\\u0000it"),
        "a lone surrogate": text.replace(b"Do it", b"\\ud83d"),
        "bad UTF-8": text.replace(b"Do it", b"\xff\xfe"),
        "U+2028": text.replace(b"Do it", "a\u2028b\u2029c\u0085d".encode()),
        "a byte-order mark": b"\xef\xbb\xbf" + text,
        "a carriage return": text + b"\r",
        "bidi": text.replace(b"Do it", "\u202e\u2066x".encode()),
        "duplicate keys": text[:-1] + b',"type":"system","type":"user"}',
        "many keys": b"{" + b",".join(b'"k%d":1' % n for n in range(KEYS)) + b"}",
        "a long key": b'{"' + b"k" * 1_000_000 + b'":1}',
        "5,000 digits": text[:-1] + b',"n":' + b"9" * 5000 + b"}",
        "NaN": text[:-1] + b',"n":NaN}',
        "infinity": text[:-1] + b',"n":-Infinity}',
        "1e999": text[:-1] + b',"n":1e999}',
        "an unknown type": b'{"type":"from the future","uuid":"u"}',
        "markup": text.replace(b"Do it", b"<script>alert(1)</script>"),
        "a path as session": text.replace(s.uid("a").encode(), b"../../etc/passwd"),
    }
    # Python refuses to read a number of so many digits.
    yield from (Hostile(name, raw, name == "5,000 digits") for name, raw in records.items())


def drifted_lines() -> Iterator[Hostile]:
    """A reply in which one field has each wrong type in turn."""
    for field in FIELDS:
        for kind, value in WRONG.items():
            yield Hostile(f"{field} is {kind}", s.line(s.reply("drift", 1) | {field: value}, b""), False)
    for field in USAGE:
        for kind, value in WRONG.items():
            yield Hostile(
                f"{field} is {kind}",
                s.line(s.reply("drift", 1, tokens=s.usage() | {field: value}), b""),
                False,
            )


def files() -> dict[str, tuple[Hostile, bytes]]:
    """{path: the bad thing in it and the whole file}: more than sixty."""
    found: dict[str, tuple[Hostile, bytes]] = {}
    for number, hostile in enumerate([*bad_lines(), *drifted_lines()]):
        name = f"h{number}"
        before, after = (s.line(s.prompt(f"{name}-{at}", at, name)) for at in (0, 9))
        own = hostile.line.replace(s.uid("a").encode(), s.uid(name).encode())
        found[s.main_path(name)] = hostile, before + own + b"\n" + after
    return found
