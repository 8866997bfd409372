"""Waiting for transcripts to change.

What changed is found by comparing files with their checkpoints, never believed from an event: events of the
operating system only say when it is worth looking. Without them (network folders, exhausted watches) a look every
two seconds does the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import monotonic

logger = logging.getLogger(__name__)

Folders = Callable[[], Sequence[Path]]
Stop = Callable[[], bool]

POLL_SECONDS = 2.0
# Events can be lost; nothing stays unread longer than this.
RESCAN_SECONDS = 60.0
STOP_CHECK_MS = 500


def changes(folders: Folders, *, stop: Stop, pause: Callable[[float], object]) -> Iterator[None]:
    """Yield whenever it is worth looking at the folders again, until `stop` says so.

    `folders` is asked again on the way, so that one which appears later is watched from then on. `pause` sleeps for
    at most the given seconds and may return early when it is time to stop.
    """
    while not stop():
        present = existing(folders)
        try:
            yield from hints(present, folders, stop) if present else polls(folders, stop, pause)
        except OSError as error:
            logger.warning("Changes are polled for, as the system gives no events: %s", error)
            pause(POLL_SECONDS)
            yield


def existing(folders: Folders) -> list[Path]:
    return sorted(folder for folder in folders() if folder.is_dir())


def hints(present: list[Path], folders: Folders, stop: Stop) -> Iterator[None]:
    """Yield on events below `present` and once per RESCAN_SECONDS; ends when other folders should be watched."""
    import watchfiles

    # Nobody knows what happened while the watch was being set up: the first round is a look.
    looked = -RESCAN_SECONDS
    for changed in watchfiles.watch(
        *present,
        watch_filter=None,
        debounce=400,
        rust_timeout=STOP_CHECK_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
    ):
        if stop():
            return
        if changed or monotonic() - looked >= RESCAN_SECONDS:
            looked = monotonic()
            yield
        elif existing(folders) != present:
            yield
            return


def polls(folders: Folders, stop: Stop, pause: Callable[[float], object]) -> Iterator[None]:
    """Yield every POLL_SECONDS; ends when a folder to watch has appeared."""
    while not stop():
        pause(POLL_SECONDS)
        yield
        if existing(folders):
            return
