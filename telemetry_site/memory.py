"""Giving memory back: what a process that runs for weeks once needed and needs no more.

Three things keep it otherwise. SQLite holds pages it wrote, up to its whole cache; the cycle collector looks the more
seldom the more there is; and the C library keeps what was freed between blocks in use.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from functools import cache
from time import monotonic
from typing import Any

from django.db import connection

EVERY_SECONDS = 60.0


class Sparing:
    """Gives memory back once in a while; cheap to be called often."""

    def __init__(self, give_back: Callable[[], object]) -> None:
        self._give_back = give_back
        self._last = monotonic()

    def __call__(self) -> None:
        if monotonic() - self._last >= EVERY_SECONDS:
            self._give_back()
            self._last = monotonic()


def give_back() -> None:
    """Free what nothing refers to, and hand free memory to the system. Takes some milliseconds."""
    gc.collect()
    if trim := _trim():
        trim(0)


def give_back_pages() -> None:
    """The same, and first the pages that this thread's connection to SQLite holds; the system has them in its cache."""
    if connection.vendor == "sqlite" and connection.connection is not None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA shrink_memory")
    give_back()


@cache
def _trim() -> Any:
    """The function of glibc; None where there is another C library."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
