"""Corpora are made once, remade when anything changed, and left as they were."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from benchmarks.corpora import MARKER, Amount, appended_entry, largest_session, own_cache, prepared
from benchmarks.tests import samples

TWO = Amount(copies=2, size=None, seed=1)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return samples.write_projects(tmp_path / "source")


def some_transcript(folder: Path) -> Path:
    return next((folder / "projects").rglob("notes*.jsonl"))


def test_the_same_amount_is_found_again(source: Path, tmp_path: Path) -> None:
    folder = prepared(source, TWO, cache=tmp_path)
    made_ns = (folder / MARKER).stat().st_mtime_ns
    assert prepared(source, TWO, cache=tmp_path) == folder
    assert (folder / MARKER).stat().st_mtime_ns == made_ns


def test_another_seed_or_source_is_another_corpus(source: Path, tmp_path: Path) -> None:
    first = prepared(source, TWO, cache=tmp_path)
    assert prepared(source, Amount(2, None, seed=2), cache=tmp_path) != first
    with (source / "projects" / "-srv-shop" / "notes.jsonl").open("ab") as notes:
        notes.write(b"{}\n")
    assert prepared(source, TWO, cache=tmp_path) != first


@pytest.mark.parametrize("damage", [MARKER, "line"])
def test_a_damaged_corpus_is_made_again(damage: str, source: Path, tmp_path: Path) -> None:
    folder = prepared(source, TWO, cache=tmp_path)
    transcript = some_transcript(folder)
    whole = transcript.read_bytes()
    transcript.write_bytes(whole + b"{}\n")
    if damage == MARKER:
        (folder / MARKER).unlink()
    assert some_transcript(prepared(source, TWO, cache=tmp_path)).read_bytes() == whole


def test_an_appended_entry_is_new_and_goes_away(source: Path) -> None:
    path = source / "projects" / "-srv-shop" / f"{samples.FORK}.jsonl"
    before, content = path.stat(), path.read_bytes()
    with appended_entry(path):
        lines = path.read_bytes().splitlines()
        entry = orjson.loads(lines[-1])
        assert lines[:-1] == content.splitlines()
        assert entry["parentUuid"] == samples.ANSWER
        assert entry["sessionId"] == samples.FORK
        assert entry["uuid"].encode() not in content
    assert path.read_bytes() == content
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_the_session_appended_to_ends_with_a_newline(source: Path) -> None:
    # The largest file of the sample ends in the middle of a line.
    assert largest_session(source / "projects").name == f"{samples.FORK}.jsonl"


def test_the_cache_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = own_cache()
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="belongs to someone else"):
        own_cache()
