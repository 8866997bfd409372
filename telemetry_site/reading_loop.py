"""Reading beside the web server: once from the start, then whenever something changed, with words for a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TextIO

from django.db import close_old_connections

from sessions.leases import LeaseTaken
from sessions.pace import pace_of
from sessions.parsers.discovery import roots_of
from telemetry_site import pipeline, watching
from telemetry_site.database_trouble import sentence_of
from telemetry_site.memory import Sparing, give_back_pages
from telemetry_site.pipeline import Progress, SyncReport

logger = logging.getLogger(__name__)

Say = Callable[[str], None]
Stop = Callable[[], bool]

PROBLEMS_SHOWN = 5
MEGABYTE = 1_000_000


class ProgressLine:
    """One line that is rewritten in a terminal; in a log, a line every ten seconds."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()
        self._every = 0.2 if self._live else 10.0
        self._started = self._shown = monotonic()

    def __call__(self, progress: Progress) -> None:
        now = monotonic()
        if now - self._shown < self._every:
            return
        self._shown = now
        text = progress_sentence(progress, now - self._started)
        self._out.write(f"\r\x1b[K{text}" if self._live else f"{text}\n")
        self._out.flush()

    def clear(self) -> None:
        if self._live:
            self._out.write("\r\x1b[K")
            self._out.flush()


def progress_sentence(progress: Progress, seconds: float) -> str:
    """How far, how fast, how long still; the time left only once there is a pace to reckon with."""
    pace = pace_of(progress.bytes_done, progress.bytes_total, seconds)
    parts = [
        f"Reading: {progress.files_done:,} of {progress.files_total:,} files",
        f"{progress.lines_done:,} lines",
        f"{progress.bytes_done / MEGABYTE:,.1f} of {progress.bytes_total / MEGABYTE:,.1f} MB",
    ]
    if pace.bytes_per_second is not None:
        parts.append(f"{pace.bytes_per_second / MEGABYTE:,.1f} MB/s")
    if pace.seconds_left is not None:
        parts.append(f"{pace.seconds_left:,.0f} s left")
    return ", ".join(parts)


def summary(report: SyncReport) -> str:
    """What one run read, in a sentence or two."""
    return _transcripts_summary(report) + _plans_summary(report)


def _plans_summary(report: SyncReport) -> str:
    found = report.documents
    if not any(found[name] for name in ("created", "updated", "removed")):
        return ""
    changes = ", ".join(
        f"{found[name]:,} {name}" for name in ("created", "updated", "removed") if found[name]
    )
    return f" Plans: {found['seen']:,} documents ({changes}) with {report.tasks['seen']:,} tasks."


def _transcripts_summary(report: SyncReport) -> str:
    read, lines = report.files["read"], report.lines["seen"]
    if not report.files["seen"]:
        looked = ", ".join(str(place["path"]) for place in report.looked_in) or "no folder"
        return f"Found no transcripts (looked in {looked}). `manage.py demo` shows an invented project."
    if not read and report.stopped:
        return "Stopped before anything new was read."
    if not read:
        return f"Nothing new in {report.files['seen']:,} files."
    text = f"Read {read:,} files with {lines:,} lines, {report.bytes / MEGABYTE:,.1f} MB, in {report.seconds:,.1f} s."
    if report.lines["quarantined"]:
        text += (
            f" {report.lines['quarantined']:,} lines could not be understood and are set aside, none is lost."
        )
    return text


def read_once(say: Say, stop: Stop, *, out: TextIO = sys.stdout) -> None:
    """The first run: everything that changed since the program last ran, with progress."""
    line = ProgressLine(out)
    report = attempt(lambda: pipeline.sync(report=line, stop=stop), say)
    line.clear()
    if report is not None:
        say(summary(report))
        tell_problems(report, say)


def keep_reading(say: Say, stop: Stop, pause: Callable[[float], object]) -> None:
    """Read whatever appears until told to stop. The same trouble is told once, not at every look."""
    told: set[str] = set()
    spare = Sparing(give_back_pages)

    def tell_once(sentence: str) -> None:
        if sentence not in told:
            told.add(sentence)
            say(sentence)

    for _ in watching.changes(transcript_roots, stop=stop, pause=pause):
        close_old_connections()
        report = attempt(lambda: pipeline.sync(stop=stop, live=True), tell_once)
        if report is not None:
            tell_problems(report, tell_once)
        spare()


def transcript_roots() -> list[Path]:
    return [Path(root.path) for root in roots_of(pipeline.transcript_folders())]


def attempt(run: Callable[[], SyncReport], say: Say) -> SyncReport | None:
    """The run's report; None when it failed, which must not take the pages down with it."""
    try:
        return run()
    except LeaseTaken as error:
        say(str(error))
    except Exception as error:
        logger.debug("Reading failed", exc_info=True)
        say(
            f"Reading failed ({type(error).__name__}: {error}); pages show what was read before, and it is tried again."
            + (f" {what}" if (what := sentence_of(error)) else "")
        )
    return None


def tell_problems(report: SyncReport, say: Say) -> None:
    for problem in report.problems[:PROBLEMS_SHOWN]:
        say(f"Problem: {problem}")
    if len(report.problems) > PROBLEMS_SHOWN:
        say(f"... and {len(report.problems) - PROBLEMS_SHOWN} more problems, all on the data quality page.")
