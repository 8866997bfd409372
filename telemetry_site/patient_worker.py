"""A worker whose threads are given requests that have arrived: whoever sends slowly waits without one.

Gunicorn hands a connection to a thread with its first byte, and the thread reads until the request is whole. A few
connections that send a byte now and then would hold all threads, and everybody else would wait for them.
"""

from __future__ import annotations

import re
import select
import selectors
import socket
from time import monotonic
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from telemetry_site.memory import Sparing, give_back

# How long a request may take to arrive; a browser sends one at once, and opens connections that it uses seconds later.
ARRIVAL_SECONDS = 10.0
# Of what is longer than this the rest is waited for by the thread: the kernel holds no more for us.
MOST_WAITED_FOR = 16_384
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*(?=\r\n|\Z)", re.IGNORECASE)


def has_arrived(sock: socket.socket) -> bool:
    """Whether a whole request waits to be read, or so much of one, or an end, that waiting makes no sense."""
    try:
        data = sock.recv(2 * MOST_WAITED_FOR, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return not data or len(data) >= MOST_WAITED_FOR
    length = _LENGTH.search(head)
    return len(body) >= min(int(length[1]) if length else 0, MOST_WAITED_FOR)


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Threads for requests that are there; the loop waits for the others, where the system can tell it of new bytes."""

    _arrivals: Any = None

    def run(self) -> None:
        self._arriving: dict[int, TConn] = {}
        self._spare = Sparing(give_back)
        if hasattr(select, "epoll") and not self.cfg.is_ssl:
            self._arrivals = select.epoll()
            self.poller.register(self._arrivals.fileno(), selectors.EVENT_READ, self._look_again)
        super().run()

    def enqueue_req(self, conn: TConn) -> None:
        """Give the connection to a thread, or wait for the rest of its request."""
        if self._arrivals is None or self._is_held(conn) or has_arrived(conn.sock):
            super().enqueue_req(conn)
            return
        conn.timeout = monotonic() + ARRIVAL_SECONDS
        self._arriving[conn.sock.fileno()] = conn
        events = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
        self._arrivals.register(conn.sock.fileno(), events)

    def _is_held(self, conn: TConn) -> bool:
        """Whether bytes of the next request were read along with the last one."""
        return bool(conn.parser is not None and conn.parser.unreader.buf.getvalue())

    def _look_again(self, _: object) -> None:
        for number, events in self._arrivals.poll(0):
            conn = self._arriving[number]
            if events & (select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR) or has_arrived(conn.sock):
                self._let_go(number)
                conn.data_ready = True
                super().enqueue_req(conn)

    def _let_go(self, number: int) -> None:
        del self._arriving[number]
        self._arrivals.unregister(number)

    def notify(self) -> None:
        """Called by the loop at least once a second."""
        super().notify()
        self._spare()
        now = monotonic()
        overdue = [n for n, conn in self._arriving.items() if conn.timeout < now or not self.alive]
        for number in overdue:
            conn = self._arriving[number]
            self._let_go(number)
            self.nr_conns -= 1
            conn.close()
