"""How gunicorn serves Agent Ledger: `gunicorn -c python:telemetry_site.gunicorn_config telemetry_site.wsgi`.

`manage.py up` uses it too and adds the socket it listens on.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from typing import Any

worker_class = "telemetry_site.patient_worker.PatientWorker"
# Measured on two cores: processes for the computing, threads for the waiting (docs/decisions/0003).
workers = 2
threads = 4
# Browsers hold connections open; five seconds let one page load reuse one.
keepalive = 5
graceful_timeout = 5
# Silence in the midst of a body, or of a client that takes no more of an answer, in seconds.
SILENCE = 30
loglevel = "warning"
# Its control socket would be one file per user, which two instances fight over.
control_socket_disable = True

# The reading end of a pipe whose writing end only `manage.py up` holds.
PARENT_PIPE = "AGENT_LEDGER_PARENT_PIPE"


# Where the workers count their answers together; prometheus_client reads it when a worker loads the program.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def on_starting(server: Any) -> None:  # noqa: ARG001  (gunicorn passes it)
    """A folder of this server's own: two servers of one machine must not count into the same files.

    Below `up` the program is loaded here, once for all workers, which share its memory. Elsewhere each worker loads it,
    so that a reload brings a new one.
    """
    os.environ[SHARED_FOLDER] = tempfile.mkdtemp(prefix="agent-ledger-http-")
    if PARENT_PIPE in os.environ:
        _load()


def when_ready(server: Any) -> None:  # noqa: ARG001  (gunicorn passes it)
    """Start no worker before `up` says that the database is there; end where it never does."""
    pipe = os.environ.get(PARENT_PIPE)
    if pipe and not os.read(int(pipe), 1):
        raise SystemExit(1)


def on_exit(server: Any) -> None:  # noqa: ARG001  (gunicorn passes it)
    shutil.rmtree(os.environ.pop(SHARED_FOLDER, ""), ignore_errors=True)


def pre_request(worker: Any, req: Any) -> None:  # noqa: ARG001  (gunicorn passes both)
    """Wait for nobody without end, and read nothing further where a body without a length is refused."""
    req.unreader.sock.settimeout(SILENCE)
    if any(name == "TRANSFER-ENCODING" for name, _ in req.headers):
        req.force_close()


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001  (gunicorn passes both)
    """Follow the parent: when `up` is killed without a chance to say so, its end of the pipe closes by itself."""
    pipe = os.environ.get(PARENT_PIPE)
    if pipe:
        threading.Thread(target=stop_with_parent, args=(int(pipe), server.pid), daemon=True).start()


def post_worker_init(worker: Any) -> None:  # noqa: ARG001  (gunicorn passes it)
    """The program is there, nothing has been answered yet."""
    _load()


def _load() -> None:
    # Here and not above: the configuration is read before the program is.
    from telemetry_site.loaded_program import load_and_keep

    load_and_keep()


def stop_with_parent(pipe: int, server_pid: int) -> None:
    """Wait until nobody can write to `pipe` any more, then ask the server to finish."""
    os.read(pipe, 1)
    try:
        os.kill(server_pid, signal.SIGTERM)
    except ProcessLookupError:
        pass  # it ended first; workers notice that by themselves
