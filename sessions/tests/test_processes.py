"""A process that ended is known from one that lives; where that cannot be known, it counts as living."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sessions.processes import birth_of, has_ended, shown, this_process

on_linux = pytest.mark.skipif(not birth_of(os.getpid()), reason="only Linux tells when a process began")


def ended_process() -> str:
    """The name of a process that was there a moment ago."""
    script = "from sessions.processes import this_process; print(this_process())"
    root = Path(__file__).resolve().parents[2]
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


@on_linux
def test_one_that_lives_and_one_that_ended() -> None:
    assert not has_ended(this_process())
    assert has_ended(ended_process())


@on_linux
def test_a_number_that_was_given_out_again() -> None:
    host, number, birth = this_process().split(":")
    boot, space, start = birth.split("-")
    assert has_ended(f"{host}:{number}:{boot}-{space}-{int(start) - 1}")


@pytest.mark.parametrize(
    "process",
    [
        "there:12",
        "nonsense",
        "",
        "here:12:boot-1-7:more",
        "here:x:boot-1-7",
        "here:12:other-1-7",  # another boot, or another machine of the same name
        "here:12:boot-2-7",  # another container
    ],
)
def test_what_cannot_be_known_counts_as_living(process: str) -> None:
    assert not has_ended(process, birth=lambda number: "boot-1-99" if number == os.getpid() else "")


def test_where_nothing_tells_when_processes_began_all_live() -> None:
    assert not has_ended("here:12:boot-1-7", birth=lambda _: "")


def test_a_person_is_told_host_and_number() -> None:
    assert shown("here:12:boot-1-7") == shown("here:12") == "here:12"
