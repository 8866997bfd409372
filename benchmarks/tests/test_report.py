"""Figures follow from samples; what was not measured is a dash."""

from __future__ import annotations

import json

from benchmarks.report import REFERENCE, Corpus, Row, Sample, aligned, as_json, as_text, figures

CORPUS = Corpus(files=2, lines=1_000, bytes=50_000_000)
DECODE = Row(REFERENCE, True, [Sample(0.2, 10_000_000), Sample(0.5, 30_000_000), Sample(0.25, 20_000_000)])
COLD = Row("cold sync", True, [Sample(2.0, 100_000_000, 15_000_000), Sample(3.0, None, 25_000_000)])
AGAIN = Row("sync, nothing new", False, [Sample(0.75, None)])
ROWS = [DECODE, COLD, AGAIN]
ABOUT: dict[str, str | int] = {
    "processors": 4,
    "memory_gb": 8,
    "system": "Linux",
    "python": "3.13.0",
    "database": "sqlite",
}


def test_medians_rates_and_ratios() -> None:
    assert figures(DECODE, CORPUS, ROWS) == {
        "seconds": 0.25,
        "mb_per_second": 200.0,
        "lines_per_second": 4_000.0,
        "peak_mb": 20.0,
        "times_decode": 1.0,
        "database_ratio": None,
    }
    cold = figures(COLD, CORPUS, ROWS)
    assert (cold["seconds"], cold["times_decode"], cold["database_ratio"]) == (2.5, 10.0, 0.4)
    assert cold["peak_mb"] == 100.0


def test_a_step_that_reads_little_has_no_rates() -> None:
    again = figures(AGAIN, CORPUS, ROWS)
    assert again.pop("seconds") == 0.75
    assert set(again.values()) == {None}


def test_table_is_aligned_and_complete() -> None:
    text = as_text(ABOUT, CORPUS, ROWS, ["A note."])
    lines = text.splitlines()
    assert lines[0] == "4 processors, 8 GB, Linux, Python 3.13.0, sqlite"
    assert lines[1] == "2 files, 1,000 lines, 50.0 MB; medians of 3 rounds"
    assert len({len(line) for line in lines[3:7]}) == 1
    assert lines[6].split() == ["sync,", "nothing", "new", "0.75", "–", "–", "–", "–", "–"]
    assert lines[-1] == "A note."


def test_json_holds_every_sample() -> None:
    report = json.loads(as_json(ABOUT, CORPUS, ROWS, []))
    assert report["corpus"] == {"files": 2, "lines": 1_000, "bytes": 50_000_000}
    assert [len(row["samples"]) for row in report["rows"]] == [3, 2, 1]
    assert report["rows"][2]["mb_per_second"] is None


def test_alignment() -> None:
    assert aligned([["name", "n"], ["a", "10"]]) == ["name   n", "a     10"]
