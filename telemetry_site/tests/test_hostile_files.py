"""Files made to break a reader cost nothing but their bad lines, each of which is named with its place and a reason."""

from __future__ import annotations

import os
import resource
import socket
from pathlib import Path

import pytest

from sessions.models import ModelResponse, QuarantinedLine, SourceFile, TranscriptEntry
from sessions.tests import samples as s
from telemetry_site.pipeline import sync
from telemetry_site.tests.hostile import files
from telemetry_site.verification import verify

pytestmark = pytest.mark.django_db

MOST_MEMORY = 350_000_000


def no_files(root: Path) -> int:
    """Things with the name of a transcript that are none; returns how many."""
    folder = root / "projects" / s.FOLDER
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "folder.jsonl").mkdir()
    (folder / "circle.jsonl").symlink_to(folder / "circle.jsonl")
    (folder / "up").symlink_to(folder.parent)
    (folder / "empty.jsonl").touch()
    (folder / f"{'n' * 249}.jsonl").write_bytes(b"")
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(folder)
        listener.bind("socket.jsonl")
    return 7


def test_every_good_line_counts_and_every_bad_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = files()
    assert len(made) > 60
    s.write(tmp_path, {path: raw for path, (_, raw) in made.items()})
    monkeypatch.chdir(tmp_path)
    no_files(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sync([tmp_path])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown <= MOST_MEMORY

    set_aside = {
        (row.source.relative_path, row.offset): row
        for row in QuarantinedLine.objects.select_related("source")
    }
    for path, (hostile, raw) in made.items():
        source = SourceFile.objects.get(relative_path=path)
        offset = raw.index(b"\n") + 1
        assert source.committed_offset == len(raw), hostile.name
        assert source.lines_seen == 3, hostile.name
        row = set_aside.get((path, offset))
        assert (row is not None) == hostile.is_set_aside, hostile.name
        if row:
            assert (row.line_no, bool(row.reason), bool(row.detail)) == (2, True, True), hostile.name
    good = TranscriptEntry.objects.filter(kind="user", offset=0).values("source").distinct().count()
    assert good == len(made)
    assert not ModelResponse.objects.filter(input_tokens__lt=0).exists()
    assert not ModelResponse.objects.filter(output_tokens__lt=0).exists()
    assert sync([tmp_path]).files["read"] == 0
    assert verify() == []
