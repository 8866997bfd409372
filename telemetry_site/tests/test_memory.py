"""Memory that was needed once goes back to the system."""

from __future__ import annotations

import ctypes
import gc
import weakref
from pathlib import Path

import pytest
from django.db import connection

from telemetry_site import memory
from telemetry_site.memory import Sparing, give_back, give_back_pages


class Ring:
    """Something that only the cycle collector frees."""

    def __init__(self) -> None:
        self.itself = self


def _own_bytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))


def test_what_nothing_refers_to_is_freed() -> None:
    gc.disable()
    try:
        gone = weakref.ref(Ring())
        assert gone() is not None
        give_back()
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is another")
def test_what_is_free_between_blocks_in_use_goes_back() -> None:
    """Every second of many blocks is freed: nothing at the end of the heap, which is given back by itself."""
    blocks = [bytearray(40_000) for _ in range(2_000)]
    del blocks[::2]
    before = _own_bytes()
    give_back()
    assert before - _own_bytes() > 20_000_000
    assert len(blocks) == 1_000


@pytest.mark.one_database("sqlite")
@pytest.mark.django_db
def test_pages_of_the_database_are_given_back_and_it_goes_on() -> None:
    give_back_pages()
    with connection.cursor() as cursor:
        assert cursor.execute("SELECT 1").fetchone() == (1,)


def test_it_is_done_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now, done = [1000.0], []
    monkeypatch.setattr(memory, "monotonic", lambda: now[0])
    spare = Sparing(lambda: done.append(now[0]))
    for now[0] in (1001.0, 1059.0, 1060.0, 1061.0, 1119.9, 1120.0):
        spare()
    assert done == [1060.0, 1120.0]
