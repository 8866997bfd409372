"""Measure how fast transcripts become a database, next to what reading and decoding them costs alone.

    python -m benchmarks.ingest [--source DIR] [--copies 8 | --bytes 500M]
                                [--database sqlite|postgres] [--rounds 3] [--peer PROGRAM] [--json]

The source is amplified once and kept in the temporary folder. Each round runs every step in turn, each in a
process of its own, and the table shows medians; benchmarks/README.md says what each row means.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.amplify import add_amount_arguments
from benchmarks.corpora import Amount, appended_entry, largest_session, prepared
from benchmarks.databases import KINDS, Database, Fresh
from benchmarks.measure import Run, run
from benchmarks.peer import NAME as PEER
from benchmarks.peer import peer_sync
from benchmarks.report import Corpus, Row, Sample, as_json, as_text, machine

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_COPIES = 8
STAGE_ROWS = {"read": "read the bytes", "decode": "decode the JSON", "parse": "parse the lines"}
COLD, AGAIN, APPENDED = "cold sync", "sync, nothing new", "sync, one line more"

SyncReport = dict[str, Any]


class NotMeasured(Exception):
    """A step could not be measured; the message is a sentence."""


@dataclass(slots=True)
class Benchmark:
    """One corpus measured round after round: samples per row, and sentences about what went wrong."""

    folder: Path
    fresh_database: Fresh
    peer: str = ""
    rows: dict[str, Row] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failed: bool = False

    @property
    def projects(self) -> Path:
        """The amplified transcripts."""
        return self.folder / "projects"

    def warm_up(self) -> Corpus:
        """Decode once without a record: fills the page cache, and counts what the rates are per."""
        counted = _stage("decode", self.projects)[1]
        files = sum(1 for _ in self.projects.rglob("*.jsonl"))
        return Corpus(files, counted["lines"], counted["bytes"])

    def round(self) -> None:
        """Every step once, in the order of the table."""
        for stage, name in STAGE_ROWS.items():
            try:
                self._record(name, _stage(stage, self.projects)[0], reads_all=True)
            except NotMeasured as reason:
                self.note(f"{name}: not measured. {reason}")
        if sync_is_there(self):
            try:
                self._syncs()
            except NotMeasured as reason:
                self.note(str(reason), failed=True)
        if self.peer:
            self._peer()

    def _peer(self) -> None:
        try:
            sample, done = peer_sync(self.peer, self.folder)
        except OSError as error:
            self.note(f"{self.peer} was not measured: {error.strerror}.", failed=True)
            return
        if done.exit_code:
            self.note(f"{self.peer} failed: {done.complaint}", failed=True)
        else:
            self._record(PEER, sample, reads_all=True)

    def _syncs(self) -> None:
        with self.fresh_database() as database, tempfile.TemporaryDirectory() as data:
            environment = _environment(database, Path(data))
            _manage(["migrate", "--verbosity", "0"], environment, database)
            self._sync(COLD, environment, database)
            self._sync(AGAIN, environment, database)
            with appended_entry(largest_session(self.projects)):
                self._sync(APPENDED, environment, database)

    def _sync(self, name: str, environment: dict[str, str], database: Database) -> None:
        done = _manage(["sync", "--claude", str(self.folder), "--json"], environment, database)
        for complaint in doubts(name, sync_report(done)):
            self.note(complaint, failed=True)
        size = database.size() if name == COLD else None
        self._record(name, Sample(done.seconds, done.peak_bytes, size), reads_all=name == COLD)

    def _record(self, name: str, sample: Sample, *, reads_all: bool) -> None:
        self.rows.setdefault(name, Row(name, reads_all)).samples.append(sample)

    def note(self, sentence: str, *, failed: bool = False) -> None:
        """Keep a sentence for the end of the report, once."""
        self.failed |= failed
        if sentence not in self.notes:
            self.notes.append(sentence)


def _stage(stage: str, projects: Path) -> tuple[Sample, dict[str, int]]:
    done = run([sys.executable, "-m", "benchmarks.stages", stage, str(projects)], folder=ROOT)
    if done.exit_code:
        raise NotMeasured(done.complaint)
    figures = json.loads(done.last_line)
    return Sample(figures["seconds"], done.peak_bytes), figures


def _environment(database: Database, data: Path) -> dict[str, str]:
    """This process's variables without the user's own settings, which would change what is measured."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TELEMETRY_", "CLAUDE_"))}
    return kept | {"DATABASE_URL": database.url, "TELEMETRY_DATA_DIR": str(data)}


def _manage(arguments: list[str], environment: dict[str, str], database: Database) -> Run:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    done = run(command, environment=environment, folder=ROOT, servers=database.servers)
    # A sync that read everything but has something to say to a person exits with 1 and still reports.
    if done.exit_code and not (done.exit_code == 1 and done.last_line.startswith("{")):
        raise NotMeasured(f"manage.py {arguments[0]} failed: {done.complaint}")
    return done


def sync_is_there(benchmark: Benchmark) -> bool:
    """Whether manage.py knows `sync`; where it does not, a sentence says what is missing from the table."""
    with tempfile.TemporaryDirectory() as data:
        environment = os.environ | {"TELEMETRY_DATA_DIR": data}
        manage = [sys.executable, str(ROOT / "manage.py"), "help", "sync"]
        known = run(manage, environment=environment, folder=ROOT)
    if "Unknown command" in known.stderr:
        benchmark.note("The syncs were not measured: manage.py has no command named sync.")
    elif known.exit_code:
        benchmark.note(f"The syncs were not measured: manage.py fails. {known.complaint}", failed=True)
    return known.exit_code == 0


def sync_report(done: Run) -> SyncReport:
    """The report on the last line of a sync's output. NotMeasured when there is none."""
    try:
        report = json.loads(done.last_line)
    except ValueError:
        report = None
    if not isinstance(report, dict):
        raise NotMeasured(f"manage.py sync gave no report: {done.complaint}")
    return report


def doubts(name: str, report: SyncReport) -> Iterator[str]:
    """Sentences where a sync's own report contradicts what the benchmark made it do."""
    files, lines = report.get("files", {}), report.get("lines", {})
    if name == COLD:
        parts = ("stored", "duplicate", "quarantined", "blank")
        accounted = sum(lines.get(part, 0) for part in parts)
        if not lines.get("seen"):
            yield f"The {name} saw no line."
        elif lines["seen"] != accounted:
            yield f"The {name} saw {lines['seen']} lines and accounts for {accounted}."
    if name == AGAIN and files.get("read"):
        yield f"The {name}, read {files['read']} files."
    if name == APPENDED and lines.get("seen") != 1:
        yield f"The {name}, saw {lines.get('seen')} lines."


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """The command line, with its defaults."""
    parser = argparse.ArgumentParser(description="Measure how fast transcripts become a database.")
    home = Path(os.environ.get("CLAUDE_CONFIG_DIR", "").split(",")[0] or "~/.claude").expanduser()
    parser.add_argument(
        "--source", type=Path, default=home, help="a config or projects folder (default: yours)"
    )
    add_amount_arguments(parser, copies=DEFAULT_COPIES)
    parser.add_argument("--database", choices=sorted(KINDS), default="sqlite")
    parser.add_argument("--rounds", type=int, default=3, help="how often each step runs (default: 3)")
    parser.add_argument("--peer", default="", help="an installed agentsview, to be measured in the same run")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    given = parser.parse_args(arguments)
    if given.copies is None and given.size is None:
        given.copies = DEFAULT_COPIES
    return given


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; exit 1 when there is nothing to read or a sync did not do what it should."""
    given = parsed(arguments)
    try:
        folder = prepared(given.source, Amount(given.copies, given.size, given.seed))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with KINDS[given.database]() as fresh_database:
        benchmark = Benchmark(folder, fresh_database, given.peer)
        corpus = benchmark.warm_up()
        for _ in range(given.rounds):
            benchmark.round()
    write = as_json if given.json else as_text
    print(write(machine(given.database), corpus, list(benchmark.rows.values()), benchmark.notes))
    return int(benchmark.failed)


if __name__ == "__main__":
    sys.exit(main())
