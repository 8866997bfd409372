"""Bodies that are not what they say, sent to a server over a socket as a client would that means no good.

    python -m telemetry_site.tests.bodies http://127.0.0.1:8765/

prints what the server answered to each, how long it took, and the same for a page while 200 connections send slowly.
"""

from __future__ import annotations

import gzip
import json
import socket
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from urllib.parse import urlsplit

SILENCES, READ_ALL = "/api/analytics/silences", "/api/analytics/notifications/read-all"
SLOW_CONNECTIONS = 200
GIGABYTES_PACKED = 10


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as bytes, whether nothing follows it, and which answers are right."""

    name: str
    raw: bytes
    right: frozenset[int]
    is_all: bool = False  # the sending side is closed behind it


def request(path: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    """A POST of JSON; `length` is what it claims, -1 for nothing."""
    claimed = len(body) if length is None else length
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    lines += [f"Content-Length: {claimed}"] if claimed >= 0 else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def silence() -> bytes:
    until = datetime.now(UTC) + timedelta(hours=4)
    return json.dumps({"endsAt": until.isoformat(), "matchers": {"tool": "Bash"}}).encode()


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def bomb() -> bytes:
    """About 10 MB that would unpack to 10 GB: made of one packed part, again and again."""
    part = gzip.compress(bytes(100_000_000), 9)
    return part * (GIGABYTES_PACKED * 10)


def requests() -> Iterator[Sent]:
    """Bodies that are right, and all the ways in which one can be wrong."""
    body = silence()
    ok, refused = frozenset({200, 201}), frozenset({400, 411, 413, 415})
    yield Sent("right", request(SILENCES, body), ok)
    yield Sent("right, without a body", request(READ_ALL, b""), ok)
    in_chunks = "Transfer-Encoding: chunked"
    for path in (SILENCES, READ_ALL):
        yield Sent(f"chunked {path}", request(path, chunked(body), in_chunks, length=-1), refused)
    yield Sent("chunked, with a length", request(READ_ALL, chunked(body), in_chunks), refused)
    yield Sent("chunked without an end", request(READ_ALL, b"5\r\nab", in_chunks, length=-1), refused)
    yield Sent("no length at all", request(SILENCES, body, length=-1), refused)
    yield Sent("too short a length", request(SILENCES, body, length=9), refused)
    yield Sent("too long a length", request(SILENCES, body, length=len(body) + 50), refused, is_all=True)
    yield Sent("too long a length for no body", request(READ_ALL, b"", length=50), refused, is_all=True)
    for said in ("-1", "+5", "1e3", "x", "9" * 30, "9" * 5000, "5, 6"):
        raw = request(READ_ALL, b"", f"Content-Length: {said}", length=-1)
        yield Sent(f"length {said[:12]}", raw, refused)
    packed = {"gzip": gzip.compress(body), "deflate": zlib.compress(body)}
    for name, raw_body in packed.items():
        for path in (SILENCES, READ_ALL):
            yield Sent(f"{name} {path}", request(path, raw_body, f"Content-Encoding: {name}"), refused)
    twice = gzip.compress(packed["gzip"])
    yield Sent("gzip twice", request(READ_ALL, twice, "Content-Encoding: gzip, gzip"), refused)
    yield Sent("gzip, unsaid", request(SILENCES, packed["gzip"]), refused)
    yield Sent("a bomb", request(SILENCES, bomb(), "Content-Encoding: gzip"), refused)
    yield Sent("10 MB of JSON", request(SILENCES, b'{"comment":"' + b"x" * 10_000_000 + b'"}'), refused)
    yield Sent("deep JSON", request(SILENCES, b"[" * 100_000), refused)
    yield Sent("no JSON", request(SILENCES, b"\xff\xfe{}"), refused)


def answer(address: str, sent: Sent) -> tuple[int, float]:
    """(status, seconds until it was there); 0 where the connection ended without one."""
    started = perf_counter()
    with connected(address) as connection:
        try:
            connection.sendall(sent.raw)
            if sent.is_all:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it answered before it had everything
        return status(connection), perf_counter() - started


def status(connection: socket.socket) -> int:
    """The status of the answer that comes, 0 where none does."""
    head = b""
    try:
        while b"\r\n" not in head and (more := connection.recv(4096)):
            head += more
    except ConnectionResetError:
        pass
    return int(head[9:12]) if head.startswith(b"HTTP/1.1 ") else 0


def connected(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60)


@contextmanager
def slow_connections(address: str, count: int = SLOW_CONNECTIONS) -> Iterator[list[socket.socket]]:
    """Connections that began a request, half of them its body, and send no more."""
    with ExitStack() as stack:
        held = [stack.enter_context(connected(address)) for _ in range(count)]
        for number, connection in enumerate(held):
            begun = request(SILENCES, b"{", length=900) if number % 2 else b"GET / HTTP/1.1\r\nHost: loc"
            connection.sendall(begun)
        yield held


def page(address: str) -> tuple[int, float]:
    """(status, seconds) of a page."""
    raw = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    return answer(address, Sent("health", raw, frozenset({200})))


def main(address: str) -> int:
    good = True
    for sent in requests():
        told, seconds = answer(address, sent)
        good = good and told in sent.right and seconds <= 1
        print(f"{told} in {seconds * 1000:7.1f} ms  {'' if told in sent.right else 'WRONG '}{sent.name}")
    with slow_connections(address):
        asked = [page(address) for _ in range(20)]
    slowest = max(seconds for _, seconds in asked)
    print(
        f"while {SLOW_CONNECTIONS} connections send slowly: 20 answers, the slowest in {slowest * 1000:.1f} ms"
    )
    return 0 if good and slowest <= 1 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
