"""The commands as a person or a script meets them: output, exit codes, sentences instead of tracebacks."""

import csv
import io
import json
import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from analytics.models import SessionUsage
from analytics.rollups import differing_quarters
from sessions.leases import Lease
from sessions.models import AgentSession, ModelResponse
from sessions.tests import samples as s
from telemetry_site.pipeline import SyncReport
from telemetry_site.reading_once import STOPPED, exit_status

pytestmark = pytest.mark.django_db

REPORT_NAMES = [
    *("name", "count", "inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens"),
    *("cost", "unpricedTokens"),
]


def run(*arguments: str) -> tuple[str, str, int]:
    """(stdout, stderr, exit status) of a command."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        return out.getvalue(), err.getvalue(), int(ended.code or 0)
    return out.getvalue(), err.getvalue(), 0


@pytest.fixture
def transcripts(tmp_path: Path) -> Path:
    """Two days of work: two sessions on the first, one without a price on the second."""
    day = 86_400
    s.write(
        tmp_path,
        {
            s.main_path(name): s.lines(
                [s.prompt(f"{name}p", at, name), s.reply(f"{name}r", at + 5, name, **more)]
            )
            for name, at, more in (
                ("a", 0, {"output": 100}),
                ("b", 60, {"output": 10, "blocks": [s.call("toolu_b")]}),
                ("c", day, {"model": "acme-coder-1"}),
            )
        },
    )
    return tmp_path


@pytest.fixture
def synced(transcripts: Path) -> Path:
    assert run("sync", "--claude", str(transcripts))[2] == 0
    return transcripts


def rows(*arguments: str) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """({name: row}, total) of a report as JSON."""
    body = json.loads(run("report", *arguments, "--json")[0])
    return {row["name"]: row for row in body["items"]}, body["total"]


def test_sync_says_what_it_read(transcripts: Path) -> None:
    out, err, status = run("sync", "--claude", str(transcripts))
    assert (status, err) == (0, "")
    assert "Read 3 files with 6 lines" in out
    assert "Nothing new in 3 files" in run("sync", "--claude", str(transcripts))[0]


def test_sync_takes_the_projects_folder_itself_and_several(transcripts: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    s.write(other, {s.main_path("z"): s.line(s.reply("z", 1, "z"))})
    out, _, status = run("sync", "--claude", str(transcripts / "projects"), "--claude", str(other), "--json")
    assert (status, json.loads(out)["files"]["read"]) == (0, 4)


def test_sync_ends_with_one_line_of_json(transcripts: Path) -> None:
    (transcripts / "projects" / s.main_path("a")).open("ab").write(b"}{\n")
    report = json.loads(run("sync", "--claude", str(transcripts), "--json")[0].splitlines()[-1])
    lines = {"seen": 7, "stored": 6, "duplicate": 0, "quarantined": 1, "blank": 0, "pending": 0}
    assert report["lines"] == lines
    assert report["responses"] == {"created": 3, "updated": 0}
    assert report["problems"] == []
    assert set(report) == {
        *("files", "lines", "sessions", "responses", "tool_calls", "documents", "tasks", "links"),
        *("alerts", "bytes", "seconds", "problems"),
    }


def test_a_folder_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(CommandError, match="There is no folder /nowhere/at/all") as error:
        run("sync", "--claude", "/nowhere/at/all")
    assert error.value.returncode == 1


def test_no_folder_at_all_needs_a_person(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "absent"))
    out, err, status = run("sync")
    assert status == 1
    assert "--claude DIR" in err
    assert "demo" in out


def test_a_project_without_plans_has_no_meaning() -> None:
    with pytest.raises(CommandError, match="no meaning alone") as error:
        run("sync", "--project", "x")
    assert error.value.returncode == 2


def test_plans_are_read_without_any_transcripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "absent"))
    folder = tmp_path / "docs" / "plans"
    folder.mkdir(parents=True)
    (folder / "retry-queue.md").write_text("---\ntasks:\n- id: T1\n  status: done\n---\n# Retry queue\n")
    out, err, status = run("sync", "--plans", str(folder), "--project", "Acme")
    assert (status, err) == (0, "")
    assert "Plans: 1 documents (1 created) with 1 tasks." in out
    assert json.loads(run("sync", "--json")[0].splitlines()[-1])["documents"]["seen"] == 1


def test_a_folder_of_plans_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(CommandError, match="There is no folder /nowhere/at/all; --plans"):
        run("sync", "--plans", "/nowhere/at/all")


def test_another_run_is_told_and_waited_for(transcripts: Path) -> None:
    with Lease("sync", "elsewhere:1", timezone.now()), pytest.raises(CommandError, match="elsewhere:1"):
        run("sync", "--claude", str(transcripts))
    assert not ModelResponse.objects.exists()


def test_ctrl_c_ends_after_the_file_at_hand(transcripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def press_ctrl_c(line: object, progress: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr("telemetry_site.reading_once.ProgressLine.__call__", press_ctrl_c)
        out, _, status = run("sync", "--claude", str(transcripts))
    assert (status, ModelResponse.objects.count()) == (STOPPED, 1)
    assert "Read 1 files" in out
    assert run("sync", "--claude", str(transcripts))[2] == 0
    assert ModelResponse.objects.count() == 3


def test_a_file_that_cannot_be_read_needs_a_person() -> None:
    there = [{"path": "/x", "exists": True}]
    assert exit_status(SyncReport(looked_in=there)) == 0
    assert exit_status(SyncReport(looked_in=there, problems=["/x/y could not be read."])) == 1
    assert exit_status(SyncReport(looked_in=there, stopped=True)) == STOPPED


def test_a_bad_price_file_stops_before_anything_is_read(transcripts: Path, tmp_path: Path) -> None:
    bad = tmp_path / "prices.toml"
    bad.write_text("[[price]]\n")
    with override_settings(TELEMETRY_PRICES=bad), pytest.raises(CommandError, match="The price file"):
        run("sync", "--claude", str(transcripts))


def test_report_adds_up(synced: Path) -> None:
    for by in ("day", "week", "month", "project", "model", "session"):
        parts, total = rows("--by", by)
        for name in ("inputTokens", "outputTokens", "cacheReadTokens", "unpricedTokens"):
            assert sum(part[name] for part in parts.values()) == total[name], by
        assert round(sum(part["cost"] or 0 for part in parts.values()), 6) == total["cost"], by
        assert list(total) == REPORT_NAMES
        assert total["count"] == 3


def test_report_counts_by_hand(synced: Path) -> None:
    parts, total = rows("--by", "day")
    assert (parts["2026-03-01"]["count"], parts["2026-03-01"]["outputTokens"]) == (2, 110)
    assert (parts["2026-03-02"]["cost"], parts["2026-03-02"]["unpricedTokens"]) == (None, 113)
    assert total["cost"] == round((6 * 3 + 110 * 15 + 200 * 0.3) / 1e6, 6)
    tools, calls = rows("--by", "tool")
    assert (tools["Bash"]["count"], tools["Bash"]["cost"], calls["count"]) == (1, None, 1)


def test_report_is_narrowed(synced: Path) -> None:
    assert list(rows("--since", "2026-03-02")[0]) == ["2026-03-02"]
    assert list(rows("--until", "2026-03-01")[0]) == ["2026-03-01"]
    assert list(rows("--tz", "Pacific/Auckland")[0]) == ["2026-03-01", "2026-03-02"]
    assert rows("--project", "engine")[1]["count"] == 3


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("--since", "soon"), "no ISO date"),
        (("--tz", "Mars/Olympus"), "no IANA time zone"),
        (("--project", "nowhere"), "No project is named 'nowhere'"),
    ],
)
def test_report_refuses_in_sentences(synced: Path, asked: tuple[str, str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("report", *asked)


def test_the_table_is_aligned_and_has_a_total(synced: Path) -> None:
    lines = run("report")[0].splitlines()
    assert lines[0].split() == ["day", "sessions", "input", "output", "cache", "write", "cache", "read",
                                "cost", "unpriced"]  # fmt: skip
    assert lines[-1].startswith("total")
    assert len({len(line) for line in lines}) == 1
    assert "unpriced" in lines[3]


def test_a_spreadsheet_runs_nothing_from_a_transcript(tmp_path: Path) -> None:
    formula = '=HYPERLINK("http://x")'
    s.write(tmp_path, {s.main_path(): s.line(s.reply("r", 1, model=formula))})
    run("sync", "--claude", str(tmp_path))
    table = list(csv.reader(io.StringIO(run("report", "--by", "model", "--csv")[0])))
    assert table[0] == REPORT_NAMES
    assert table[1][0] == "'" + formula
    assert (table[1][6], table[2][0]) == ("", "total")


def test_an_empty_report_has_a_total_of_nothing() -> None:
    assert rows()[0] == {}
    assert (rows()[1]["cost"], rows()[1]["count"]) == (0, 0)


PRICES = f"""
[book]
name = "acme"
source = "a contract"
version = "1"

[[price]]
models = ["{s.MODEL}", "acme-coder-1"]
input = 1
output = 2
cache_write_5m = 1
cache_write_1h = 1
cache_read = 0
"""


@pytest.fixture
def cheaper(tmp_path: Path) -> Any:
    own = tmp_path / "own.toml"
    own.write_text(PRICES)
    with override_settings(TELEMETRY_PRICES=own):
        yield own


def test_a_dry_run_says_what_would_change(synced: Path, cheaper: Path) -> None:
    before = list(ModelResponse.objects.order_by("id").values_list("cost_nano_usd", "price_id"))
    out, _, status = run("reprice", "--dry-run")
    assert status == 0
    assert "2026-03" in out
    assert "3 responses would be priced differently" in out
    assert list(ModelResponse.objects.order_by("id").values_list("cost_nano_usd", "price_id")) == before


def test_prices_reach_every_figure(synced: Path, cheaper: Path) -> None:
    run("reprice")
    nano = (9 * 1 + 120 * 2) * 1000
    for model in (ModelResponse, AgentSession, SessionUsage):
        costs = model._default_manager.values_list("cost_nano_usd", flat=True)
        assert sum(cost or 0 for cost in costs) == nano
    assert rows()[1]["cost"] == nano / 1e9
    assert differing_quarters() == []
    assert not AgentSession.objects.stale().exists()
    assert "nothing changes" in run("reprice")[0]


def test_repricing_waits_for_a_run(synced: Path, cheaper: Path) -> None:
    later = timezone.now() + timedelta(seconds=1)
    with Lease("sync", "elsewhere:1", later), pytest.raises(CommandError, match="elsewhere:1"):
        run("reprice")
