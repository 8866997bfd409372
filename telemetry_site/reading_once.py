"""One sync for a person or program at a terminal: its progress, what it left to do, and its exit status."""

import sys
from collections.abc import Iterable
from pathlib import Path

from telemetry_site import pipeline
from telemetry_site.launch import stopping_signals
from telemetry_site.pipeline import SyncReport
from telemetry_site.reading_loop import ProgressLine

STOPPED = 130  # what a shell reports for a program that Ctrl-C ended


def missing_folders(folders: Iterable[str] | None) -> list[str]:
    """The folders that were named and do not exist."""
    return [folder for folder in folders or () if not Path(folder).expanduser().is_dir()]


def read(folders: list[str] | None) -> SyncReport:
    """Sync, with progress on stderr; Ctrl-C ends it after the file at hand. Raises LeaseTaken."""
    line = ProgressLine(sys.stderr)
    with stopping_signals() as stopping:
        report = pipeline.sync(folders, report=line, stop=stopping.is_set)
    line.clear()
    return report


def needing_a_person(report: SyncReport) -> list[str]:
    """A sentence for each thing that another run will not mend."""
    if any(place["exists"] for place in report.looked_in) or report.documents["seen"]:
        return report.problems
    return [*report.problems, "None of the usual folders exists; --claude DIR names another."]


def exit_status(report: SyncReport) -> int:
    return STOPPED if report.stopped else int(bool(needing_a_person(report)))
