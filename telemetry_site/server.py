"""The web server `manage.py up` runs: a listening socket, and gunicorn as a child process that answers on it."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path
from types import TracebackType
from typing import Self

from django.db import connections

from telemetry_site.gunicorn_config import PARENT_PIPE

DEFAULT_PORT = 8765
PORTS_TO_TRY = 20
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
PROJECT_FOLDER = Path(__file__).resolve().parent.parent


class CannotServe(Exception):
    """The server cannot listen where it was told to; the message is a sentence for whoever started it."""


def refuse_exposure(host: str, *, mode: str) -> None:
    """Local mode has no login, so it answers on loopback addresses only."""
    if mode == "local" and host not in LOOPBACK_HOSTS:
        raise CannotServe(
            f"--host {host} would show your transcripts to the network without a login: use 127.0.0.1, "
            "or set TELEMETRY_MODE=team (docs/operations.md, Team server)."
        )


def listen(host: str, port: int | None) -> socket.socket:
    """A listening socket on `port`, or on the first free port from DEFAULT_PORT on when it is None.

    Listening before anything else starts means that a browser which comes early waits instead of failing.
    """
    if port is not None:
        return _listen_on(host, port)
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TO_TRY):
        try:
            return _listen_on(host, candidate)
        except CannotServe as error:
            refused = error
    raise CannotServe(
        f"{refused} None of {PORTS_TO_TRY} ports from {DEFAULT_PORT} on is free: choose one by --port."
    )


def _listen_on(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotServe(f"Cannot listen on port {port} of {host}: {reason}.") from None


def address_of(listener: socket.socket) -> str:
    """The URL a browser reaches the socket at."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104  (compared, not bound)
        host = socket.gethostname()
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class WebServer:
    """Gunicorn in a child process while the block runs; it loads the program at once and answers from `answer` on.

    The child is forked, so that it has what this process has loaded already. It is in a process group of its own:
    Ctrl-C in the terminal reaches only this process, which then ends things in order. Not in a session of its own,
    since Linux weighs processes against each other by their niceness only within one.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._child: ForkProcess | None = None
        self._pipe = -1

    def __enter__(self) -> Self:
        # What is open to a database must not be shared with a child.
        connections.close_all()
        reading, self._pipe = os.pipe()
        self._child = get_context("fork").Process(target=self._run, args=(reading,), name="web server")
        self._child.start()
        os.close(reading)
        self._listener.close()
        return self

    def _run(self, reading: int) -> None:
        """In the child: be gunicorn."""
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.close(self._pipe)
        os.environ[PARENT_PIPE] = str(reading)
        os.chdir(PROJECT_FOLDER)
        sys.argv = [
            *("gunicorn", "telemetry_site.wsgi:application", "--bind", f"fd://{self._listener.fileno()}"),
            *("--config", "python:telemetry_site.gunicorn_config"),
        ]
        # Here and not above: it is the child's alone.
        from gunicorn.app.wsgiapp import run

        run()

    def answer(self) -> None:
        """The database is ready: answer what has been asked and all that will be."""
        with suppress(BrokenPipeError):  # it ended by itself, which `exit_status` tells
            os.write(self._pipe, b"!")

    @property
    def exit_status(self) -> int | None:
        """None while the server runs."""
        return None if self._child is None else self._child.exitcode

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let answers under way finish, for ten seconds at most."""
        if self._child is None:
            return
        self._child.terminate()
        if error is not None:  # it may still wait for the word that it may answer
            os.close(self._pipe)
        self._child.join(timeout=10)
        if self._child.exitcode is None:
            self._child.kill()
            self._child.join()
        if error is None:
            os.close(self._pipe)
