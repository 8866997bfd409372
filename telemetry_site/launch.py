"""Everything `manage.py up` does, in order: listen, migrate, serve, read, watch, stop."""

from __future__ import annotations

import os
import pwd
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from telemetry_site.access.neighbours import notice_of_others, other_people
from telemetry_site.database_trouble import sentence_of
from telemetry_site.server import CannotServe, WebServer, address_of, listen, refuse_exposure
from telemetry_site.upgrading import CannotUpgrade, is_behind, refuse_newer

Say = Callable[[str], None]

# A third of the weight of whoever answers: enough not to be waited for, and little enough that a transaction, which
# others may wait for, ends soon.
NICENESS_OF_READING = 5


@dataclass(frozen=True, slots=True)
class Launch:
    """What the command line asked for; `port` None means the first free one."""

    host: str
    port: int | None
    mode: str
    browser: bool
    sync: bool
    watch: bool


def launch(asked: Launch, *, environ: Mapping[str, str], say: Say) -> int:
    """Serve until Ctrl-C or SIGTERM; the exit status. Raises CannotServe when it cannot start."""
    refuse_exposure(asked.host, mode=asked.mode)
    listener = listen(asked.host, asked.port)
    address = address_of(listener)
    with stopping_signals() as stopping, WebServer(listener) as server:
        prepare_database(say)
        server.answer()
        if settings.TELEMETRY_LOCAL_AUTH == "link" and asked.mode == "local":
            # Here and not above: it loads every page.
            from telemetry_site.access.local_key import new_link

            address += new_link().removeprefix("/")
        say(f"Agent Ledger is at {address} (Ctrl-C stops it)")
        warn_of_others(asked.mode, say)
        if asked.browser and has_browser(environ, sys.platform):
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        serve(asked, server, stopping, say)
        status = server.exit_status
        if status is None:
            say("Stopping ...")
    if status is not None:
        say(f"The web server ended by itself (status {status}); its messages are above.")
        return 1
    say("Stopped; everything read so far is saved.")
    return 0


def warn_of_others(mode: str, say: Say) -> None:
    """Loopback addresses are open to everybody who works at this machine."""
    others = other_people(pwd.getpwall(), os.getuid())
    if notice := notice_of_others(mode, settings.TELEMETRY_LOCAL_AUTH, others):
        say(notice)


def serve(asked: Launch, server: WebServer, stopping: threading.Event, say: Say) -> None:
    """Read beside the server as asked, then wait; returns when told to stop or when the server is gone."""
    # Here and not above: what reads takes as long to load as Django, and the server starts meanwhile.
    from telemetry_site.alert_loop import alerting
    from telemetry_site.reading_loop import keep_reading, read_once

    def stop() -> bool:
        return stopping.is_set() or server.exit_status is not None

    with alerting():
        give_way()
        if asked.sync:
            read_once(say, stop)
        if asked.sync and asked.watch:
            keep_reading(say, stop, stopping.wait)
        while not stop():
            stopping.wait(0.5)


def give_way() -> None:
    """From now on, whoever answers has the processor first. On Linux this is said of the calling thread alone."""
    with suppress(OSError):
        os.nice(NICENESS_OF_READING)


def prepare_database(say: Say) -> None:
    """Bring the tables up to date. Raises CannotServe when the database does not answer, is newer, or has no room."""
    try:
        refuse_newer()
        if is_behind():
            say("Preparing the database ...")
            call_command("migrate", interactive=False, verbosity=0)
    except (CannotUpgrade, CommandError) as error:
        raise CannotServe(str(error)) from None
    except DatabaseError as error:
        what = sentence_of(error) or ""
        raise CannotServe(f"The database cannot be used: {str(error).strip()}. {what}".rstrip()) from None
    finally:
        connection.close()


def has_browser(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a window would open in front of the person who typed the command."""
    if environ.get("CI") or environ.get("SSH_CONNECTION"):
        return False
    return platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


@contextmanager
def stopping_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set. A second one ends the program as usual, for the impatient."""
    stopping = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(_number: int, _frame: FrameType | None) -> None:
        stopping.set()
        for each in before:
            signal.signal(each, signal.default_int_handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
