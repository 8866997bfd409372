"""One sync from end to end: what it reports, what it leaves alone, and what it finishes after a kill."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.models import SessionUsage
from analytics.rollups import differing_quarters
from sessions.leases import Lease, LeaseTaken
from sessions.models import AgentSession, DirtyQuarter, ModelResponse, SourceFile, SyncLease, SyncRun
from sessions.planning import plan_reading
from sessions.tests import samples as s
from telemetry_site import pipeline
from telemetry_site.pipeline import Progress, sync

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "REPLACE")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three sessions of one prompt and one reply."""
    for n, name in enumerate("abc"):
        records = [s.prompt(f"{name}p", n * 60, name), s.reply(f"{name}r", n * 60 + 5, name)]
        s.write(tmp_path, {s.main_path(name): s.lines(records)})
    return tmp_path


def test_a_run_leaves_nothing_undone(root: Path) -> None:
    report = sync([root], now=NOW)
    assert report.files == {"seen": 3, "unchanged": 0, "read": 3, "missing": 0, "failed": 0}
    assert report.sessions == {"created": 3, "updated": 0}
    assert not AgentSession.objects.stale().exists()
    assert not DirtyQuarter.objects.exists()
    assert not SyncLease.objects.exists()
    assert differing_quarters() == []
    run = SyncRun.objects.get()
    assert (run.state, run.files_done, run.is_first) == ("done", 3, True)


def test_nothing_new_opens_no_file_and_writes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync([root], now=NOW)

    def refuse(*args: Any, **more: Any) -> None:
        raise AssertionError("A file was opened.")

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("os.open", refuse)
    with CaptureQueriesContext(connection) as queries:
        report = sync([root], now=NOW)
    assert (report.files["unchanged"], report.files["read"]) == (3, 0)
    assert [q["sql"] for q in queries if q["sql"].lstrip().startswith(WRITES)] == []
    assert SyncRun.objects.count() == 1


def test_of_hundreds_of_files_only_the_one_that_grew_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {s.main_path(f"n{n}"): s.line(s.reply(f"r{n}", n, f"n{n}")) for n in range(300)}
    s.write(tmp_path, files)
    assert sync([tmp_path], now=NOW).files["read"] == 300
    opened: list[str] = []
    monkeypatch.setattr("builtins.open", _noting(open, opened))
    monkeypatch.setattr("os.open", _noting(os.open, opened))
    with CaptureQueriesContext(connection) as queries:
        assert sync([tmp_path], now=NOW).files["unchanged"] == 300
    assert len(queries) < 40 and not [q["sql"] for q in queries if q["sql"].lstrip().startswith(WRITES)]
    assert opened == []
    s.append(tmp_path, s.main_path("n7"), s.line(s.reply("more", 900, "n7")))
    opened.clear()
    report = sync([tmp_path], now=NOW, live=True)
    assert (report.files["read"], report.lines["seen"]) == (1, 1)
    grown = tmp_path / "projects" / s.main_path("n7")
    assert {path for path in opened if path.endswith(".jsonl")} == {str(grown)}


def _noting(real: Any, opened: list[str]) -> Any:
    """The same function, which notes the paths that it is given."""

    def note(path: Any, *given: Any, **more: Any) -> Any:
        opened.append(str(path))
        return real(path, *given, **more)

    return note


def test_only_what_was_appended_is_read(root: Path) -> None:
    sync([root], now=NOW)
    more = s.line(s.reply("ar2", 30, "a", output=7))
    s.append(root, s.main_path("a"), more)
    report = sync([root], now=NOW, live=True)
    assert (report.bytes, report.lines["seen"]) == (len(more), 1)
    assert (report.sessions, report.responses["created"]) == ({"created": 0, "updated": 1}, 1)
    assert sum(SessionUsage.objects.values_list("output_tokens", flat=True)) == 37


def test_stopping_keeps_what_was_read_and_the_next_run_goes_on(root: Path) -> None:
    asked: Iterator[bool] = iter([False, True])
    first = sync([root], now=NOW, stop=lambda: next(asked))
    assert (first.stopped, first.files["read"]) == (True, 1)
    assert SyncRun.objects.get().state == "stopped"
    assert ModelResponse.objects.count() == 1
    assert differing_quarters() == []
    assert sync([root], now=NOW).files["read"] == 2
    assert ModelResponse.objects.count() == 3


def test_a_kill_before_the_end_is_finished_by_the_next_run(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "roll_up", die)
        with pytest.raises(KeyboardInterrupt):
            sync([root], now=NOW)
    assert SyncRun.objects.get().state == "failed"
    assert not SessionUsage.objects.exists()
    assert ModelResponse.objects.count() == 3
    assert sync([root], now=NOW).files["read"] == 0
    assert differing_quarters() == []
    assert SessionUsage.objects.count() == 3


def test_progress_grows_to_the_whole(root: Path) -> None:
    told: list[Progress] = []
    sync([root], now=NOW, report=told.append)
    assert [p.files_done for p in told] == [1, 2, 3]
    assert (told[-1].bytes_done, told[-1].lines_done) == (told[-1].bytes_total, 6)


def test_pages_see_how_far_it_is_while_a_run_lasts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("SAVED_EVERY_SECONDS", "FIRST_SHOWN_AFTER_SECONDS"):
        monkeypatch.setattr(pipeline, pause, 0.0)
    seen: list[int] = []
    sync([root], now=NOW, live=True, report=lambda _: seen.append(SyncRun.objects.get().files_done))
    assert seen == [0, 1, 2]


def test_two_runs_do_not_read_at_once(root: Path) -> None:
    with Lease("sync", "elsewhere:1", NOW), pytest.raises(LeaseTaken):
        sync([root], now=NOW)
    assert not SourceFile.objects.exists()


@pytest.mark.parametrize("more", [b"", s.line(s.reply("ar2", 30, "a", output=7))], ids=["new", "grown"])
def test_what_another_run_read_meanwhile_is_not_read_again(
    root: Path, monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    """Between the look at the files and the lease, another run had it and gave it back."""
    if more:
        sync([root], now=NOW)
        s.append(root, s.main_path("a"), more)
    others = iter([True])

    def plan_and_be_overtaken(*given: Any) -> Any:
        made = plan_reading(*given)
        if next(others, False):
            sync([root], now=NOW)
        return made

    monkeypatch.setattr(pipeline, "plan_reading", plan_and_be_overtaken)
    report = sync([root], now=NOW)
    assert (report.files["read"], report.files["unchanged"], report.problems) == (0, 3, [])
    assert not SyncRun.objects.exclude(state="done").exists()
    assert sum(SourceFile.objects.values_list("lines_seen", flat=True)) == 6 + bool(more)


def test_a_vanished_file_keeps_its_figures(root: Path) -> None:
    sync([root], now=NOW)
    (root / "projects" / s.main_path("b")).unlink()
    assert sync([root], now=NOW).files["missing"] == 1
    assert SourceFile.objects.get(missing_since__isnull=False).missing_since == NOW
    assert AgentSession.objects.get(source_missing=True).output_tokens == 10
    assert SessionUsage.objects.count() == 3


def test_a_root_that_is_not_there_is_told(tmp_path: Path) -> None:
    report = sync([tmp_path / "absent"], now=NOW)
    assert [place["exists"] for place in report.looked_in] == [False]
    assert report.files["seen"] == 0
    assert not SyncRun.objects.exists()
