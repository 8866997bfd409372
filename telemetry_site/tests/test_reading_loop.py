"""What the terminal says while transcripts are read."""

from __future__ import annotations

import io
from dataclasses import replace

from sessions.leases import LeaseTaken
from telemetry_site.pipeline import Progress, SyncReport
from telemetry_site.reading_loop import (
    ProgressLine,
    attempt,
    progress_sentence,
    summary,
    tell_problems,
)

HALF = Progress(files_done=5, files_total=10, bytes_done=4_000_000, bytes_total=8_000_000, lines_done=1_234)


def report(*, seen: int, read: int, lines: int = 0, quarantined: int = 0) -> SyncReport:
    return SyncReport(
        files={"seen": seen, "read": read},
        lines={"seen": lines, "quarantined": quarantined},
        bytes=2_000_000,
        seconds=0.5,
        looked_in=[{"path": "/home/ada/.claude/projects", "exists": False}],
    )


def test_progress_says_pace_and_time_left() -> None:
    assert progress_sentence(HALF, 2.0) == (
        "Reading: 5 of 10 files, 1,234 lines, 4.0 of 8.0 MB, 2.0 MB/s, 2 s left"
    )


def test_without_a_pace_nothing_is_promised() -> None:
    start = HALF._replace(bytes_done=0, files_done=0, lines_done=0)
    assert progress_sentence(start, 2.0) == "Reading: 0 of 10 files, 0 lines, 0.0 of 8.0 MB"


def test_a_log_is_not_flooded_with_progress() -> None:
    out = io.StringIO()
    line = ProgressLine(out)
    line(HALF)
    line(HALF)
    line.clear()
    assert out.getvalue() == ""


def test_summary_counts_what_was_read() -> None:
    said = summary(report(seen=12, read=10, lines=3_000, quarantined=7))
    assert said.startswith(
        "Read 10 files with 3,000 lines, 2.0 MB, in 0.5 s. 7 lines could not be understood"
    )


def test_summary_of_nothing_new() -> None:
    assert summary(report(seen=12, read=0)) == "Nothing new in 12 files."
    assert summary(replace(report(seen=12, read=0), stopped=True)) == "Stopped before anything new was read."


def test_summary_of_nothing_found_says_where_it_looked_and_offers_the_demo() -> None:
    said = summary(report(seen=0, read=0))
    assert "/home/ada/.claude/projects" in said
    assert "manage.py demo" in said


def test_a_run_that_fails_is_a_sentence() -> None:
    said: list[str] = []

    def fail() -> SyncReport:
        raise OSError("disk full")

    assert attempt(fail, said.append) is None
    assert said == [
        "Reading failed (OSError: disk full); pages show what was read before, and it is tried again."
    ]


def test_another_reader_is_told_in_its_own_words() -> None:
    said: list[str] = []

    def refuse() -> SyncReport:
        raise LeaseTaken("Another run (laptop:17) is reading; this one did nothing.")

    assert attempt(refuse, said.append) is None
    assert said == ["Another run (laptop:17) is reading; this one did nothing."]


def test_many_problems_are_not_listed_one_by_one() -> None:
    said: list[str] = []
    many = SyncReport(problems=[f"file {number} cannot be read." for number in range(9)])
    tell_problems(many, said.append)
    assert len(said) == 6
    assert said[-1].startswith("... and 4 more problems")
