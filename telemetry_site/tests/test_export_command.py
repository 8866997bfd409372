"""`manage.py export` as a person or a script meets it: files whole or not at all, sentences, exit codes."""

import csv
import io
import json
import stat
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper

from analytics.exports import EXPORTS
from sessions.tests import samples as s
from telemetry_site.export_options import OPTIONS
from telemetry_site.export_run import Progress, write_out
from telemetry_site.file_output import write_whole
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Two sessions on two days, with a call; the folder for what is written."""
    first = [s.prompt("p", 0), s.reply("r", 1, blocks=[s.call("t1")]), s.answer("x", 2, "t1")]
    second = [s.prompt("q", 86_400, "b"), s.reply("u", 86_401, "b", model="acme-coder-1")]
    s.write(tmp_path, {s.main_path(): s.lines(first), s.main_path("b"): s.lines(second)})
    sync([tmp_path])
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def run(*arguments: str) -> tuple[str, str]:
    """(stdout, stderr) of the command."""
    out, err = io.StringIO(), io.StringIO()
    call_command("export", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as error:
        run(*arguments)
    return str(error.value)


@pytest.mark.parametrize("kind", EXPORTS)
def test_every_kind_of_rows_has_a_table(work: Path, kind: str) -> None:
    assert set(OPTIONS) == set(EXPORTS)
    out, err = run(kind, *(["--metric", "session_cost"] if kind == "series" else []))
    header = next(csv.reader(io.StringIO(out, newline="")))
    assert len(header) == len(set(header)) > 1
    assert err == ""


def test_options_are_the_filters_of_the_list(work: Path) -> None:
    def ids(*arguments: str) -> list[str]:
        return [json.loads(line)["id"] for line in run(*arguments, "--format", "ndjson")[0].splitlines()]

    assert ids("responses", "--since", "2026-03-02") == ["msg_u"]
    assert ids("sessions", "--until", "2026-03-01") == [s.uid("a")]
    assert ids("sessions", "--where", "sort_order=asc") == [s.uid("a"), s.uid("b")]
    assert ids("tool-calls", "--tool", "Bash", "--outcome", "ok", "--session", s.uid("a")) == ["t1"]
    assert json.loads(run("breakdown", "--by", "tool", "--format", "json")[0])["items"][0]["name"] == "Bash"
    timeline = run("series", "--metric", "session_tokens", "--session", s.uid("a"))[0]
    assert timeline.splitlines()[1].split(",")[1] == "13"


def test_a_file_is_written_once_and_for_its_owner(work: Path) -> None:
    target = work / "rows.ndjson"
    out, err = run("responses", "--output", str(target))
    assert (out, err) == ("", f"2 rows in {target}\n")
    assert [json.loads(line)["id"] for line in target.read_text().splitlines()] == ["msg_r", "msg_u"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    target.write_text("mine")
    assert "--force" in refused("responses", "--output", str(target))
    assert target.read_text() == "mine"
    run("responses", "--output", str(target), "--force", "--format", "csv")
    assert target.read_bytes().startswith(b"id,requestId,")
    assert list(work.iterdir()) == [target]


def test_what_cannot_be_done_is_a_sentence(work: Path) -> None:
    assert "2026-13-01" in refused("responses", "--since", "2026-13-01")
    assert "no project" in refused("sessions", "--project", "nobody").lower()
    assert "nothing" in refused("series", "--metric", "nothing")
    assert "NAME=VALUE" in refused("sessions", "--where", "status")
    assert "not known" in refused("sessions", "--where", "colour=red")
    assert "cannot be written" in refused("sessions", "--output", str(work / "no" / "rows.csv"))


def test_a_reader_may_leave_early(monkeypatch: pytest.MonkeyPatch) -> None:
    class Left(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    ended: list[bool] = []

    def pieces() -> Generator[str]:
        try:
            yield from ("one", "two")
        finally:
            ended.append(True)

    monkeypatch.setattr("telemetry_site.export_run._let_go_of_stdout", lambda: None)
    with pytest.raises(SystemExit) as end:
        write_out(pieces(), None, OutputWrapper(Left()), force=False)
    assert (end.value.code, ended) == (141, [True])


def test_half_a_file_is_no_file(tmp_path: Path) -> None:
    def pieces() -> Iterator[str]:
        yield "half"
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        write_whole(tmp_path / "rows.csv", pieces(), replace=True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_came_up_meanwhile_stays(tmp_path: Path) -> None:
    target = tmp_path / "rows.csv"

    def pieces() -> Iterator[str]:
        target.write_text("another's")
        yield "mine"

    with pytest.raises(FileExistsError):
        write_whole(target, pieces(), replace=False)
    assert target.read_text() == "another's"


def test_long_exports_say_how_far_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 2.5, 3.0, 5.0])
    monkeypatch.setattr("telemetry_site.export_run.time.monotonic", lambda: next(clock))
    said: list[str] = []
    progress = Progress(lambda: 1234, said.append)
    for _ in range(4):
        progress()
    assert said == ["2 of 1,234 rows", "4 of 1,234 rows"]
