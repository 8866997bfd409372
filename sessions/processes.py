"""Naming processes so that one that ended is known from one that lives, also when its number was given out again."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

_PROC = Path("/proc")
_BOOT_CHARS = 8


def this_process() -> str:
    """This process: "host:number", and on Linux ":boot-namespace-start" behind it."""
    name = f"{socket.gethostname()}:{os.getpid()}"
    birth = birth_of(os.getpid())
    return f"{name}:{birth}" if birth else name


def shown(process: str) -> str:
    """What a person is told of a process: its host and number."""
    return ":".join(process.split(":")[:2])


def has_ended(process: str, *, birth: Callable[[int], str] | None = None) -> bool:
    """Whether a named process is certainly no more; False where this one cannot know.

    Numbers mean something only within one boot of one machine and one namespace of processes, and a host's name may
    be another's as well: so all of these must be this process's own.
    """
    parts = process.split(":")
    if len(parts) != 3 or not parts[1].isdecimal():
        return False
    look = birth or birth_of
    here = look(os.getpid())
    if not here or parts[2].split("-")[:2] != here.split("-")[:2]:
        return False
    return look(int(parts[1])) != parts[2]


def birth_of(number: int) -> str:
    """Which boot and namespace of processes are meant, and when in it the process began; "" where that is not told."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text()[:_BOOT_CHARS]
        space = (_PROC / "self/ns/pid").stat().st_ino
        # Behind the last bracket, since the program's name may hold anything; the twentieth of what follows.
        status = (_PROC / str(number) / "stat").read_text(errors="replace")
        return f"{boot}-{space}-{status.rpartition(')')[2].split()[19]}"
    except (OSError, IndexError):
        return ""
