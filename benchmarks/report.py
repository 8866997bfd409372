"""Samples in, a table or one JSON object out. What was not measured is a dash or null, never 0."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

MEGA = 1_000_000
REFERENCE = "decode the JSON"
HEADINGS = ("step", "seconds", "MB/s", "lines/s", "peak MB", "x decode", "database/source")


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was measured on: transcripts, their lines and bytes."""

    files: int
    lines: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one step; None for what the step has not or the system does not tell."""

    seconds: float
    peak_bytes: int | None
    database_bytes: int | None = None


@dataclass(slots=True)
class Row:
    """A step and its samples; `reads_all` says whether rates per byte and line mean something for it."""

    name: str
    reads_all: bool
    samples: list[Sample] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The median."""
        return median(sample.seconds for sample in self.samples)

    @property
    def peak_bytes(self) -> float | None:
        """The median of the peaks."""
        return _median([sample.peak_bytes for sample in self.samples])

    @property
    def database_bytes(self) -> float | None:
        """The median size of the database after the step."""
        return _median([sample.database_bytes for sample in self.samples])


def _median(values: Sequence[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def figures(row: Row, corpus: Corpus, rows: Sequence[Row]) -> dict[str, float | None]:
    """A row's medians and rates, its time in times of decoding, its database as a part of the source."""
    reference = next((other.seconds for other in rows if other.name == REFERENCE), None)
    seconds, size = row.seconds, row.database_bytes
    return {
        "seconds": seconds,
        "mb_per_second": corpus.bytes / MEGA / seconds if row.reads_all else None,
        "lines_per_second": corpus.lines / seconds if row.reads_all else None,
        "peak_mb": None if row.peak_bytes is None else row.peak_bytes / MEGA,
        "times_decode": seconds / reference if reference and row.reads_all else None,
        "database_ratio": None if size is None else size / corpus.bytes,
    }


def machine(database: str) -> dict[str, str | int]:
    """The class of this machine: processors this process may use, memory in GB, versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processors": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 0,
        "memory_gb": round(memory / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
        "database": database,
    }


def as_json(about: dict[str, str | int], corpus: Corpus, rows: Sequence[Row], notes: Sequence[str]) -> str:
    """One JSON object on one line, every sample included."""
    measured = [
        {
            "step": row.name,
            **figures(row, corpus, rows),
            "samples": [asdict(sample) for sample in row.samples],
        }
        for row in rows
    ]
    return json.dumps({"machine": about, "corpus": asdict(corpus), "rows": measured, "notes": list(notes)})


def as_text(about: dict[str, str | int], corpus: Corpus, rows: Sequence[Row], notes: Sequence[str]) -> str:
    """An aligned table under two lines about machine and corpus, and the notes below."""
    cells = [list(HEADINGS), *(_cells(row, corpus, rows) for row in rows)]
    rounds = max((len(row.samples) for row in rows), default=0)
    return "\n".join(
        [
            f"{about['processors']} processors, {about['memory_gb']} GB, {about['system']}, "
            f"Python {about['python']}, {about['database']}",
            f"{corpus.files:,} files, {corpus.lines:,} lines, {corpus.bytes / MEGA:,.1f} MB; "
            f"medians of {rounds} rounds",
            "",
            *aligned(cells),
            *(["", *notes] if notes else []),
        ]
    )


def _cells(row: Row, corpus: Corpus, rows: Sequence[Row]) -> list[str]:
    found = figures(row, corpus, rows)
    decimals = {"seconds": 2, "times_decode": 1, "database_ratio": 2}
    return [row.name, *(_cell(value, decimals.get(name, 0)) for name, value in found.items())]


def _cell(value: float | None, decimals: int) -> str:
    return "–" if value is None else f"{value:,.{decimals}f}"


def aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the first column to the left and figures to the right, two blanks between."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    ]
