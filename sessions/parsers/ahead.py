"""A process that reads transcripts ahead of the one that writes them to the database.

`main` takes a pickled list of `Job` on standard input and gives pickled messages on standard output, each behind its
length: `(number of the job, part)`, where the part after the last is None and an error in reading is a `Failed`.
Only the process that started it talks to it. It holds at most MAX_WAITING_BYTES that were not taken yet.
"""

import gc
import pickle
import struct
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from threading import Condition, Thread
from typing import BinaryIO, NamedTuple

from sessions.parsers.transcript_parts import Part, parts_of

MAX_WAITING_BYTES = 24 << 20
LENGTH = struct.Struct("<Q")
# How seldom the cycle collector looks: reading makes millions of short-lived tuples and hardly a cycle.
RARE_COLLECTION = (2_000_000, 50, 100)


class Job(NamedTuple):
    """A transcript to read from its first byte."""

    location: str
    relative: str


class Failed(NamedTuple):
    """A transcript could not be read, or not to its end."""

    errno: int | None
    reason: str


Message = tuple[int, Part | Failed | None]


class _Sender:
    """Hands messages on in a thread of its own, so that reading goes on while nobody takes them."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._is_closed = self._is_broken = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="sender", daemon=True)
        self._thread.start()

    def put(self, message: Message) -> None:
        """Wait for room and queue a message. Raises BrokenPipeError when nobody listens any more."""
        packed = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_broken or not self._waiting or self._bytes < MAX_WAITING_BYTES
            )
            if self._is_broken:
                raise BrokenPipeError
            self._waiting.append(packed)
            self._bytes += len(packed)
            self._changed.notify_all()

    def close(self) -> None:
        """Wait until everything was taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            while (message := self._next()) is not None:
                self._stream.write(LENGTH.pack(len(message)))
                self._stream.write(message)
                self._stream.flush()
        except OSError:
            with self._changed:
                self._is_broken = True
                self._changed.notify_all()

    def _next(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if not self._waiting:
                return None
            message = self._waiting.popleft()
            self._bytes -= len(message)
            self._changed.notify_all()
            return message


def read_all(jobs: Sequence[Job], stream: BinaryIO) -> None:
    """Read every job's transcript and write its messages. Raises BrokenPipeError when nobody listens any more."""
    sender = _Sender(stream)
    for number, job in enumerate(jobs):
        try:
            for part in parts_of(job.location, job.relative):
                sender.put((number, part))
            sender.put((number, None))
        except BrokenPipeError:
            raise
        except OSError as error:
            sender.put((number, Failed(error.errno, error.strerror or str(error))))
    sender.close()


def main() -> None:
    """Read what is asked for on the standard input; end when the listener goes away."""
    gc.set_threshold(*RARE_COLLECTION)
    # The bytes come from the process that started this one, over a pipe that only the two hold.
    jobs = pickle.load(sys.stdin.buffer)  # noqa: S301
    with suppress(BrokenPipeError):
        read_all(jobs, sys.stdout.buffer)
