"""Bodies that are not what they say, to the server as it runs: the right answer or a refusal, never a 200 for nothing.

What a client waits is printed by `python -m telemetry_site.tests.bodies ADDRESS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from telemetry_site.tests import bodies
from telemetry_site.tests.test_server import Running

MOST_MORE_BYTES = 32 << 20


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("up"), "--no-sync")
    yield running
    running.process.terminate()
    running.end()


def most_resident_bytes(running: Running) -> int:
    """Of the largest process that answers; a sum would count a process that is only now started as growth."""
    server = _children(running.process.pid)
    pages = [
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in server for pid in _children(pid)
    ]
    return max(pages) * 4096


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    if not path.exists():
        pytest.skip("finding the processes of a server needs /proc")
    return [int(child) for child in path.read_text().split()]


def test_each_body_is_taken_or_refused_in_words(up: Running) -> None:
    assert [bodies.page(up.address)[0] for _ in range(8)] == [200] * 8
    before = most_resident_bytes(up)
    wrong = {}
    for sent in bodies.requests():
        told, _ = bodies.answer(up.address, sent)
        if told not in sent.right:
            wrong[sent.name] = told
    assert wrong == {}
    assert most_resident_bytes(up) - before <= MOST_MORE_BYTES


def test_many_that_send_slowly_keep_nobody_waiting(up: Running) -> None:
    """While not one of them is done: were a thread held by each, nobody would be answered before they are."""
    with bodies.slow_connections(up.address) as held:
        assert [bodies.page(up.address)[0] for _ in range(20)] == [200] * 20
        rest = bodies.silence()[1:]
        held[1].sendall(rest + b" " * (899 - len(rest)))
        assert bodies.status(held[1]) == 201
        held[0].sendall(b"alhost\r\n\r\n")
        assert bodies.status(held[0]) == 200


def test_several_requests_of_one_connection_are_all_answered(up: Running) -> None:
    asked = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with bodies.connected(up.address) as connection:
        connection.sendall(asked * 3)
        said = b""
        while len(re.findall(rb"HTTP/1.1 200", said)) < 3:
            more = connection.recv(65_536)
            assert more, said
            said += more
