"""Reading new transcripts in a second process while this one writes: a large first sync uses two processors.

The other process parses, folds and compresses; here is what it read is only stored. Should it die, the
files it did not finish are read here.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Self

from sessions.parsers.ahead import LENGTH, Failed, Job, Message
from sessions.parsers.discovery import FoundFile
from sessions.parsers.transcript_parts import Part

# Less than this is read sooner than an interpreter starts.
WORTHWHILE_BYTES = 16 << 20
_PROJECT = Path(__file__).resolve().parents[1]


class ReaderDied(Exception):
    """The other process ended before it gave everything."""


def is_worthwhile(files: Sequence[FoundFile]) -> bool:
    """Whether there is enough to read, and a processor to read it on."""
    return sum(found.size for found in files) >= WORTHWHILE_BYTES and _processors() > 1


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class ReadingAhead:
    """Gives the parts of files in the order in which they were named; those of a file not asked for are dropped."""

    def __init__(self, files: Sequence[FoundFile]) -> None:
        self._numbers = {found.location: number for number, found in enumerate(files)}
        self._process: subprocess.Popen[bytes] | None = None
        self._jobs = [Job(os.fspath(found.location), found.relative) for found in files]

    def __enter__(self) -> Self:
        if self._jobs:
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if process := self._process:
            process.kill()
            self._pipe(process.stdout).close()
            process.wait()
        self._process = None

    def _start(self) -> None:
        # In a group of its own: Ctrl-C is for the process that stops this one when it has saved everything.
        # Not in a session of its own, in which Linux would not weigh it against the web server.
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from sessions.parsers import ahead; ahead.main()"],
            cwd=_PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        try:
            with self._pipe(self._process.stdin) as jobs:
                pickle.dump(self._jobs, jobs, pickle.HIGHEST_PROTOCOL)
        except BrokenPipeError:
            pass  # whoever asks for a part will be told that the reader died

    def parts_of(self, found: FoundFile) -> Iterator[Part] | None:
        """The parts of a file; None when it is not read ahead, or nothing is any more.

        The iterator raises OSError when the file cannot be read, and ReaderDied.
        """
        number = self._numbers.get(found.location)
        return None if number is None or self._process is None else self._parts(number)

    def _parts(self, wanted: int) -> Iterator[Part]:
        while True:
            number, part = self._next()
            if number != wanted:
                continue
            if part is None:
                return
            if isinstance(part, Failed):
                raise OSError(part.errno, part.reason)
            yield part

    def _next(self) -> Message:
        if self._process is None:
            raise ReaderDied
        stream = self._pipe(self._process.stdout)
        head = stream.read(LENGTH.size)
        body = stream.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""
        if not body or len(body) < LENGTH.unpack(head)[0]:
            self.__exit__()
            raise ReaderDied
        # The bytes come from the process started above, over a pipe that only the two hold.
        message: Message = pickle.loads(body)  # noqa: S301
        return message

    def _pipe(self, pipe: IO[bytes] | None) -> IO[bytes]:
        if pipe is None:
            raise ReaderDied
        return pipe
