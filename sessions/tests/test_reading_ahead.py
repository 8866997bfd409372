"""Transcripts read in a second process give the same facts, and nothing is lost when that process dies."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from sessions import reading_ahead, reading_run
from sessions.models import SourceFile
from sessions.parsers import ahead, packing
from sessions.parsers.ahead import Job
from sessions.parsers.discovery import FoundFile, roots_of, walk
from sessions.parsers.transcript_parts import FileStart, LinesRead, Part, TailRead, parts_of
from sessions.reading_ahead import ReaderDied, ReadingAhead, is_worthwhile
from sessions.tests import samples as s
from telemetry_site.pipeline import sync
from telemetry_site.tests.corpora import Corpus, corpora, read_at_once, reading
from telemetry_site.tests.length import times

ODD_ENDS = {
    s.main_path("a"): s.line(s.reply("a1", 0, "a")) + b"}{\n\n" + s.line(s.reply("a2", 1, "a"))[:-1],
    s.main_path("b"): s.line(s.reply("b1", 2, "b")) + b'{"type": "assi',
    s.main_path("c"): b"",
    s.agent_path("w0rker", "a"): s.line(s.reply("w1", 3, "a", agentId="w0rker", isSidechain=True)),
}
Processes = list["subprocess.Popen[bytes]"]


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    """The reading processes that a test started: however little there is to read, and none is left at its end."""
    processes: Processes = []
    start = subprocess.Popen

    def noted(*arguments: Any, **options: Any) -> "subprocess.Popen[bytes]":
        processes.append(start(*arguments, **options))
        return processes[-1]

    monkeypatch.setattr(reading_ahead, "WORTHWHILE_BYTES", 0)
    monkeypatch.setattr(reading_ahead, "_processors", lambda: 2)
    monkeypatch.setattr(subprocess, "Popen", noted)
    yield processes
    assert all(process.returncode is not None for process in processes)


def written(root: Path, files: dict[str, bytes]) -> list[FoundFile]:
    s.write(root, files)
    return [item for item in walk(roots_of([os.fspath(root)])[0]) if isinstance(item, FoundFile)]


@pytest.mark.django_db
@settings(
    phases=[Phase.explicit, Phase.generate],
    max_examples=times(8, long=30, postgres=4),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(corpora())
def test_the_facts_are_the_same(corpus: Corpus) -> None:
    corpus |= ODD_ENDS
    there = read_at_once(corpus)
    with pytest.MonkeyPatch.context() as alone:
        alone.setattr(reading_ahead, "_processors", lambda: 1)
        assert read_at_once(corpus) == there


@pytest.mark.django_db
def test_another_process_reads(tmp_path: Path, started: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_run, "read_source", None)  # what reads in this process
    s.write(tmp_path, ODD_ENDS)
    report = sync([tmp_path])
    assert (report.problems, len(started)) == ([], 1)
    assert report.bytes == sum(map(len, ODD_ENDS.values()))


@pytest.mark.django_db
@pytest.mark.parametrize("given_parts", range(12))
def test_where_it_dies_reading_goes_on_here(given_parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_at_once(ODD_ENDS)
    take, left = ReadingAhead._next, given_parts

    def dies_after_some(self: ReadingAhead) -> Any:
        nonlocal left
        left -= 1
        if left < 0 and self._process:
            self._process.kill()
            self._process.wait()
            while True:  # what it gave before it died stands in the pipe
                take(self)
        return take(self)

    monkeypatch.setattr(ReadingAhead, "_next", dies_after_some)
    with reading(ODD_ENDS) as found:
        found.sync()
        found.sync()  # what the first left out would be read now
        assert found.outcome() == whole


@pytest.mark.django_db
def test_a_file_that_cannot_be_read_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s.write(tmp_path, ODD_ENDS)
    gone = tmp_path / "projects" / s.main_path("a")
    begin = ReadingAhead._start

    def deleted_meanwhile(self: ReadingAhead) -> None:
        gone.unlink()
        begin(self)

    monkeypatch.setattr(ReadingAhead, "_start", deleted_meanwhile)
    report = sync([tmp_path])
    assert report.problems == [
        f"{gone} could not be read: No such file or directory. It is tried again at the next sync."
    ]
    assert SourceFile.objects.filter(error="").count() == len(ODD_ENDS) - 1


@pytest.mark.django_db
def test_a_stopped_run_leaves_no_process(tmp_path: Path, started: Processes) -> None:
    s.write(tmp_path, ODD_ENDS)
    assert sync([tmp_path], stop=lambda: True).stopped
    assert len(started) == 1


def test_a_reader_that_cannot_start_is_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = written(tmp_path, ODD_ENDS)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with ReadingAhead(files) as reader:
        parts = reader.parts_of(files[0])
        assert parts is not None
        with pytest.raises(ReaderDied):
            list(parts)
        assert reader.parts_of(files[1]) is None


def test_files_nobody_asks_for_are_passed_over(tmp_path: Path) -> None:
    files = written(tmp_path, ODD_ENDS)
    with ReadingAhead(files) as reader:
        [wanted] = [found for found in files if found.relative == s.main_path("b")]
        parts = list(reader.parts_of(wanted) or ())
        assert [type(part) for part in parts] == [FileStart, LinesRead, TailRead]
        assert reader.parts_of(wanted._replace(location="/never/named")) is None


def test_it_does_not_read_far_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits to be taken is bounded, and a listener that goes away ends the reader."""
    monkeypatch.setattr(ahead, "MAX_WAITING_BYTES", 1)
    files = written(tmp_path, {s.main_path(str(n)): s.line(s.reply(f"{n}", n, str(n))) for n in range(50)})
    opened: list[str] = []

    def noting(location: str, relative: str) -> Iterator[Part]:
        opened.append(relative)
        return parts_of(location, relative)

    monkeypatch.setattr(ahead, "parts_of", noting)
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    with open(writing_end, "wb", buffering=0) as stream, pytest.raises(BrokenPipeError):
        ahead.read_all([Job(found.location, found.relative) for found in files], stream)
    assert len(opened) < 5


def test_the_parts_of_a_file(tmp_path: Path) -> None:
    content = ODD_ENDS[s.main_path("a")]
    [found] = written(tmp_path, {s.main_path("a"): content})
    start, lines, tail = parts_of(found.location, found.relative)
    assert start == FileStart(len(content), s.uid("a"), False)
    assert isinstance(lines, LinesRead) and isinstance(tail, TailRead)
    assert lines.packed and packing.unpacked(lines.packed.data) == content[: lines.end]
    assert [line and line.line_no for line in lines.lines] == [1, 2, None]
    assert tail.tail.raw == content[lines.end :]
    assert tail.result and tail.result.line_no == 4


@pytest.mark.parametrize(("size", "processors", "pays"), [(9, 2, True), (8, 2, False), (9, 1, False)])
def test_when_it_pays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, processors: int, pays: bool
) -> None:
    monkeypatch.setattr(reading_ahead, "WORTHWHILE_BYTES", 9)
    monkeypatch.setattr(reading_ahead, "_processors", lambda: processors)
    assert is_worthwhile(written(tmp_path, {s.main_path("a"): b" " * size})) is pays
