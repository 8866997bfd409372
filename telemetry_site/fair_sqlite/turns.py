"""Standing in line to write.

SQLite lets one write at a time and knows no line: whoever finds it busy looks again after a tenth of a second, and one
who writes again and again has it back long before. Here are two doors, each a lock on a file beside the database that
the system takes back from a process that ends. Through *next* one goes when one is to be the next who writes, through
*turn* when one writes; *next* is left with *turn* taken. Who has written and wants to write again finds *next* taken by
whoever waits, and so comes after him.

A line is a courtesy: SQLite's own lock is what keeps writers apart. Where it cannot be had, or somebody keeps it too
long, writing goes on without.
"""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

# Waiting is looking again and again, since a lock of a file cannot be waited for with an end.
LOOKED_AT_EVERY_SECONDS = 0.002
PATIENCE_SECONDS = 10.0
MODE = 0o600


class Line:
    """The line before one database, for one connection. The doors are opened when first needed."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._doors: tuple[int, int] | None = None
        self.has_turn = False

    def take_turn(self) -> None:
        """Wait until it is this one's turn to write, but not for ever."""
        if self.has_turn or not self._opened():
            return
        turn, following = self._doors or (-1, -1)
        until = monotonic() + PATIENCE_SECONDS
        if _passed(following, until):
            try:
                self.has_turn = _passed(turn, until)
            finally:
                _leave(following)

    def end_turn(self) -> None:
        """Let the next one write."""
        if self.has_turn and self._doors:
            self.has_turn = False
            _leave(self._doors[0])

    def is_awaited(self) -> bool:
        """Whether anybody waits for this one to end his turn."""
        if not self.has_turn or not self._doors:
            return False
        if _passed(self._doors[1], 0):
            _leave(self._doors[1])
            return False
        return True

    def close(self) -> None:
        self.end_turn()
        doors, self._doors = self._doors, None
        for door in doors or ():
            os.close(door)

    def __del__(self) -> None:
        self.close()

    def _opened(self) -> bool:
        if self._doors is None:
            names = (f".{self._database.name}.turn", f".{self._database.name}.next")
            try:
                turn = _door(self._database.with_name(names[0]))
                self._doors = (turn, _door(self._database.with_name(names[1])))
            except OSError:
                return False
        return True


def _door(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)


def _passed(door: int, until: float) -> bool:
    """Take a lock by then; whether it was to be had."""
    while True:
        try:
            fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if monotonic() >= until:
                return False
            sleep(LOOKED_AT_EVERY_SECONDS)
        except OSError:
            return False


def _leave(door: int) -> None:
    fcntl.flock(door, fcntl.LOCK_UN)


def in_turn[**P, T](line: Line, write: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Do this when it is its turn, and let the next one write."""
    line.take_turn()
    try:
        return write(*given, **named)
    finally:
        line.end_turn()
