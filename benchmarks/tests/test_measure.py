"""Commands are timed, their memory is seen, children's included."""

from __future__ import annotations

import sys

import pytest

from benchmarks.measure import memory_of, process_tree, run

HOLD_80_MB = "import time; held = b'x' * 80_000_000; time.sleep(0.3)"
WITH_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD_80_MB!r}])"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells the memory of processes.")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_and_exit_code_are_kept() -> None:
    done = run(python("import sys; print('first'); print('last'); sys.stderr.write('why\\n'); sys.exit(3)"))
    assert (done.exit_code, done.last_line, done.complaint) == (3, "last", "why")


def test_a_silent_command_has_an_empty_last_line() -> None:
    done = run(python("pass"))
    assert (done.last_line, done.complaint) == ("", "no message")


def test_seconds_are_those_of_the_whole_process() -> None:
    assert run(python("import time; time.sleep(0.2)")).seconds >= 0.2


@on_linux
@pytest.mark.parametrize("code", [HOLD_80_MB, WITH_CHILD])
def test_peak_counts_the_process_and_its_children(code: str) -> None:
    peak = run(python(code)).peak_bytes
    assert peak is not None
    assert 80_000_000 < peak < 200_000_000


@on_linux
def test_an_ended_process_holds_no_memory() -> None:
    no_process = 2**22 + 1  # above the largest process id Linux gives out
    assert memory_of(no_process) == 0
    assert list(process_tree(no_process)) == [no_process]
