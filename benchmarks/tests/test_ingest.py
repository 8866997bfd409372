"""The steps run in order, and a sync that does not do what it should is told from one that does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import ingest
from benchmarks.databases import sqlite
from benchmarks.ingest import AGAIN, APPENDED, COLD, Benchmark, doubts, main
from benchmarks.stages import STAGES
from benchmarks.tests import samples

# Stands in for manage.py: a "sync" that writes a size into the database file and counts lines by file size.
MANAGE = """
import json, os, pathlib, sys
if sys.argv[1] == "help":
    sys.exit(0)
database = pathlib.Path(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))
if sys.argv[1] == "migrate":
    database.write_bytes(b"")
    sys.exit(0)
folder = pathlib.Path(sys.argv[sys.argv.index("--claude") + 1])
seen = sum(path.read_bytes().count(b"\\n") for path in folder.rglob("*.jsonl"))
new = seen - int(database.read_bytes() or b"0")
database.write_bytes(str(seen).encode())
print(json.dumps({"files": {"read": int(new > 0)}, "lines": {"seen": new, "stored": new}}))
"""


def report(lines: dict[str, int], read: int = 0) -> dict[str, Any]:
    return {"files": {"read": read}, "lines": lines}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return samples.write_projects(tmp_path / "source")


def with_manage(code: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "manage.py").write_text(code)
    monkeypatch.setattr(ingest, "ROOT", root)
    monkeypatch.setattr(ingest, "STAGE_ROWS", {})


def test_stages_agree_on_bytes_and_lines(folder: Path) -> None:
    projects = folder / "projects"
    size = sum(path.stat().st_size for path in projects.rglob("*.jsonl"))
    assert [STAGES[stage](projects)[0] for stage in ("read", "decode", "parse")] == [size] * 3
    assert STAGES["decode"](projects)[1] == STAGES["parse"](projects)[1] == 12


def test_three_syncs_make_three_rows(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_manage(MANAGE, tmp_path, monkeypatch)
    with sqlite() as fresh_database:
        benchmark = Benchmark(folder, fresh_database)
        benchmark.round()
        benchmark.round()
    assert benchmark.notes == []
    assert list(benchmark.rows) == [COLD, AGAIN, APPENDED]
    assert [len(row.samples) for row in benchmark.rows.values()] == [2, 2, 2]
    assert benchmark.rows[COLD].database_bytes == len("11")
    assert benchmark.rows[AGAIN].database_bytes is None


def test_a_failing_sync_is_a_sentence(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = "import sys\nif sys.argv[1] == 'sync': sys.exit('The disk is full.')\n"
    with_manage(failing, tmp_path, monkeypatch)
    with sqlite() as fresh_database:
        benchmark = Benchmark(folder, fresh_database)
        benchmark.round()
    assert benchmark.notes == ["manage.py sync failed: The disk is full."]
    assert benchmark.failed
    assert not benchmark.rows


def test_without_the_command_the_rest_is_measured(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_manage("import sys; sys.exit(\"Unknown command: 'sync'\")", tmp_path, monkeypatch)
    with sqlite() as fresh_database:
        benchmark = Benchmark(folder, fresh_database)
        benchmark.round()
    assert benchmark.notes == ["The syncs were not measured: manage.py has no command named sync."]
    assert not benchmark.failed


@pytest.mark.parametrize(
    ("name", "said", "doubt"),
    [
        (COLD, report({"seen": 9, "stored": 6, "duplicate": 1, "quarantined": 1, "blank": 1}), None),
        (COLD, report({"seen": 9, "stored": 6}), "The cold sync saw 9 lines and accounts for 6."),
        (COLD, report({}), "The cold sync saw no line."),
        (AGAIN, report({"seen": 0}), None),
        (AGAIN, report({"seen": 0}, read=2), "The sync, nothing new, read 2 files."),
        (APPENDED, report({"seen": 1, "stored": 1}, read=1), None),
        (APPENDED, report({"seen": 7}, read=1), "The sync, one line more, saw 7 lines."),
    ],
)
def test_doubts(name: str, said: dict[str, Any], doubt: str | None) -> None:
    assert list(doubts(name, said)) == ([doubt] if doubt else [])


def test_an_empty_source_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    (tmp_path / "empty").mkdir()
    assert main(["--source", str(tmp_path / "empty")]) == 1
    assert "holds no transcript" in capsys.readouterr().err


def test_a_peer_is_measured_in_the_same_run(folder: Path, tmp_path: Path) -> None:
    """It finds the transcripts in its own home, and what it writes there is its database."""
    peer = tmp_path / "peer"
    peer.write_text(
        '#!/bin/sh\ntest "$1" = sync && ls "$HOME"/.claude/projects/*/*.jsonl >"$HOME/found"'
        ' && test -s "$HOME/found" && printf 12345 >"$HOME/found"\n'
    )
    peer.chmod(0o700)
    with sqlite() as fresh:
        benchmark = Benchmark(folder, fresh, str(peer))
        benchmark._peer()
    assert benchmark.notes == []
    assert [sample.database_bytes for sample in benchmark.rows["agentsview sync"].samples] == [5]


@pytest.mark.parametrize(
    ("peer", "said"), [("/nowhere/agentsview", "No such file"), ("/bin/false", "failed")]
)
def test_a_peer_that_fails_is_told(folder: Path, peer: str, said: str) -> None:
    with sqlite() as fresh:
        benchmark = Benchmark(folder, fresh, peer)
        benchmark._peer()
    assert benchmark.failed and said in benchmark.notes[0]
    assert benchmark.rows == {}
