"""A receiver on this machine that answers as it is told to, and keeps what it got."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came in, and what the next answers are: a status, or one of reset, hang, drip, redirect."""

    url: str = ""
    answers: list[Any] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    pause_seconds: float = 0.0
    accepted: list[str] = field(default_factory=list)  # the ids of those that were answered by a success

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on loopback while the block runs."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            time.sleep(state.pause_seconds)
            self._answer(state.answers.pop(0) if state.answers else 204)

        def _answer(self, how: Any) -> None:
            if how == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                return
            if how == "hang":
                time.sleep(1.5)
                return
            if how == "drip":
                for _ in range(30):
                    self.wfile.write(b"H")
                    time.sleep(0.1)
                return
            status = 302 if how == "redirect" else how
            if 200 <= status < 300:
                state.accepted.append(self.headers["webhook-id"] or "")
            self.send_response(status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            if how == "redirect":
                self.send_header("Location", state.url)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                pass  # the sender gave up, which is what is tested

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
