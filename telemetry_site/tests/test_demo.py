"""The demo folder: same input, same bytes; real shapes; and a summary that a plain count confirms."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from telemetry_site.demo import DemoSummary, TokenTotals, write_demo
from telemetry_site.demo.releases import UNKNOWN_MODEL
from telemetry_site.demo.story import FEATURES

NOW = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
REJECTION = "The user doesn't want to proceed with this tool use"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoSummary]:
    folder = tmp_path_factory.mktemp("demo")
    return folder, write_demo(folder, now=NOW)


@pytest.fixture(scope="module")
def records(demo: tuple[Path, DemoSummary]) -> list[dict[str, Any]]:
    """Every readable record of every transcript, in order of files, with its file name added."""
    return [{**record, "_file": path.name} for path in transcripts(demo[0]) for record in read(path)]


def transcripts(folder: Path) -> list[Path]:
    return sorted((folder / "claude" / "projects").rglob("*.jsonl"))


def read(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def blocks(record: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    content = record.get("message", {}).get("content")
    return [each for each in content if each["type"] == kind] if isinstance(content, list) else []


def of_type(records: list[dict[str, Any]], kind: str, subtype: str | None = None) -> list[dict[str, Any]]:
    return [
        each
        for each in records
        if each["type"] == kind and (subtype is None or each.get("subtype") == subtype)
    ]


class TestDeterminism:
    def test_same_seed_and_moment_give_the_same_bytes(self, tmp_path: Path) -> None:
        first = write_demo(tmp_path / "demo", seed=7, now=NOW)
        before = contents(tmp_path / "demo")
        second = write_demo(tmp_path / "demo", seed=7, now=NOW)
        assert contents(tmp_path / "demo") == before
        assert first == second

    def test_another_seed_gives_another_history(self, tmp_path: Path) -> None:
        assert write_demo(tmp_path / "a", seed=1, now=NOW) != write_demo(tmp_path / "b", seed=2, now=NOW)

    def test_the_zone_of_now_does_not_matter(self, tmp_path: Path) -> None:
        write_demo(tmp_path / "demo", now=NOW)
        before = contents(tmp_path / "demo")
        write_demo(tmp_path / "demo", now=NOW.astimezone(ZoneInfo("Asia/Kathmandu")))
        assert contents(tmp_path / "demo") == before

    @pytest.mark.parametrize("seed", range(2, 8))
    def test_every_seed_shows_every_kind_of_event(self, tmp_path: Path, seed: int) -> None:
        summary = write_demo(tmp_path, seed=seed, now=NOW)
        missing = [each.name for each in fields(summary) if not getattr(summary, each.name)]
        assert missing == []
        assert 60 <= summary.sessions <= 80

    @pytest.mark.parametrize("days", [30, 45, 200])
    def test_other_spans(self, tmp_path: Path, days: int) -> None:
        summary = write_demo(tmp_path, now=NOW, days=days)
        first = min(
            each["timestamp"] for path in transcripts(tmp_path) for each in read(path) if "timestamp" in each
        )
        assert summary.sessions > 35
        assert datetime.fromisoformat(first) >= NOW - timedelta(days=days)

    def test_refuses_what_it_cannot_do(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="30 days"):
            write_demo(tmp_path, now=NOW, days=29)
        with pytest.raises(ValueError, match="time zone"):
            write_demo(tmp_path, now=NOW.replace(tzinfo=None))


class TestLines:
    def test_all_but_one_line_is_an_object(self, demo: tuple[Path, DemoSummary]) -> None:
        folder, summary = demo
        good, bad = 0, 0
        for path in transcripts(folder):
            for line in path.read_bytes().splitlines():
                try:
                    good += isinstance(json.loads(line), dict)
                except ValueError:
                    bad += 1
        assert (good + bad, bad) == (summary.lines, summary.malformed_lines)
        assert bad == 1

    def test_one_file_ends_without_a_newline(self, demo: tuple[Path, DemoSummary]) -> None:
        folder, summary = demo
        open_ended = [path for path in transcripts(folder) if not path.read_bytes().endswith(b"\n")]
        assert len(open_ended) == summary.unterminated_lines == 1
        # What it holds counts for nothing, so totals hold whether or not the line is read yet.
        assert json.loads(open_ended[0].read_bytes().splitlines()[-1])["type"] == "last-prompt"

    def test_nothing_lies_in_the_future(self, records: list[dict[str, Any]]) -> None:
        latest = max(datetime.fromisoformat(each["timestamp"]) for each in records if "timestamp" in each)
        assert NOW - timedelta(minutes=1) < latest <= NOW

    def test_files_carry_the_time_of_their_last_record(self, demo: tuple[Path, DemoSummary]) -> None:
        for path in transcripts(demo[0]):
            last = max(each["timestamp"] for each in read(path) if "timestamp" in each)
            assert abs(path.stat().st_mtime - datetime.fromisoformat(last).timestamp()) < 0.01

    def test_people_sleep(self, records: list[dict[str, Any]]) -> None:
        hours = Counter(
            datetime.fromisoformat(each["timestamp"]).hour for each in records if "timestamp" in each
        )
        night = sum(hours[hour] for hour in range(2, 7))
        assert night == 0
        assert hours[0] > 0, "one late session crosses midnight"


class TestShapes:
    def test_streamed_copies_only_grow(self, records: list[dict[str, Any]]) -> None:
        copies: dict[tuple[str, str], list[int]] = {}
        for each in of_type(records, "assistant"):
            if "requestId" in each:
                key = (each["message"]["id"], each["requestId"] + each["sessionId"])
                copies.setdefault(key, []).append(each["message"]["usage"]["output_tokens"])
        assert all(earlier <= later for outputs in copies.values() for earlier, later in pairwise(outputs))
        assert sum(len(outputs) > 1 for outputs in copies.values()) > 300

    def test_every_result_answers_a_call(self, records: list[dict[str, Any]]) -> None:
        calls = {
            each["id"] for record in of_type(records, "assistant") for each in blocks(record, "tool_use")
        }
        results = {each["tool_use_id"] for record in records for each in blocks(record, "tool_result")}
        assert results < calls

    def test_parallel_calls_exist(self, records: list[dict[str, Any]]) -> None:
        calls = Counter(
            (each["message"]["id"], each["sessionId"])
            for each in of_type(records, "assistant")
            for _ in blocks(each, "tool_use")
        )
        assert max(calls.values()) >= 2

    def test_parents_stand_before_children(self, demo: tuple[Path, DemoSummary]) -> None:
        for path in transcripts(demo[0]):
            seen: set[str | None] = {None}
            for each in read(path):
                if "uuid" in each:
                    assert each["parentUuid"] in seen
                    seen.add(each["uuid"])

    def test_subagents_belong_to_their_parents_session(self, demo: tuple[Path, DemoSummary]) -> None:
        folder, _ = demo
        in_folders = list((folder / "claude" / "projects").rglob("subagents/agent-*.jsonl"))
        flat = list((folder / "claude" / "projects").glob("*/agent-*.jsonl"))
        assert len(flat) >= 4 and len(in_folders) >= 8
        for path in in_folders:
            assert json.loads(path.with_suffix(".meta.json").read_bytes())["agentType"]
            assert {each["sessionId"] for each in read(path)} == {path.parent.parent.name}
        for path in flat:
            assert all(each["isSidechain"] for each in read(path))
            assert (path.parent / f"{next(read(path))['sessionId']}.jsonl").exists()

    def test_edits_carry_patches(self, records: list[dict[str, Any]]) -> None:
        results = [each["toolUseResult"] for each in records if isinstance(each.get("toolUseResult"), dict)]
        patches = [hunk for each in results for hunk in each.get("structuredPatch", [])]
        assert len(patches) > 100
        assert all(hunk["newLines"] == sum(line[0] != "-" for line in hunk["lines"]) for hunk in patches)

    def test_a_fork_repeats_ids_under_its_own_session(self, records: list[dict[str, Any]]) -> None:
        sessions: dict[str, set[str]] = {}
        for each in records:
            if "uuid" in each:
                sessions.setdefault(each["uuid"], set()).add(each["sessionId"])
        pairs = {tuple(sorted(found)) for found in sessions.values() if len(found) > 1}
        assert len(pairs) == 1

    def test_records_of_rare_kinds(self, records: list[dict[str, Any]]) -> None:
        kinds = {each["type"] for each in records}
        assert kinds >= {
            "assistant", "user", "system", "progress", "attachment", "summary", "ai-title", "custom-title",
            "pr-link", "queue-operation", "file-history-snapshot", "last-prompt",
        }  # fmt: skip
        commands = [
            each for each in of_type(records, "user") if "<command-args>" in str(each["message"]["content"])
        ]
        assert any("docs/project_plans/implementation_plans/" in str(each) for each in commands)


class TestSummary:
    """The generator's tally against a count made from its files, by the rules of the project."""

    def test_tokens(self, demo: tuple[Path, DemoSummary], records: list[dict[str, Any]]) -> None:
        counted = TokenTotals()
        for spent in counted_responses(records).values():
            counted.add(spent)
        assert counted == demo[1].tokens

    @pytest.mark.parametrize("split", ["tokens_by_model", "tokens_by_project", "tokens_by_session"])
    def test_parts_add_up(self, demo: tuple[Path, DemoSummary], split: str) -> None:
        total = TokenTotals()
        for part in getattr(demo[1], split).values():
            total.add(part)
        assert total == demo[1].tokens

    def test_kinds_of_responses(self, demo: tuple[Path, DemoSummary], records: list[dict[str, Any]]) -> None:
        summary = demo[1]
        seen = {each["message"]["id"] for each in of_type(records, "assistant")}
        only_in_progress = {each["message"]["id"] for each in progress_responses(records)} - seen
        assert len(only_in_progress) == summary.partial_responses
        assert len(progress_responses(records)) > summary.partial_responses, "others are copies"
        assert summary.tokens_by_model[UNKNOWN_MODEL].responses == summary.unpriced_responses == 1
        stopped: dict[str, bool] = {each["message"]["id"]: False for each in progress_responses(records)}
        for each in of_type(records, "assistant"):
            stopped[each["message"]["id"]] = each["message"]["stop_reason"] is not None
        assert sum(not each for each in stopped.values()) == summary.lower_bound_responses
        fast = {
            each["message"]["id"]
            for each in of_type(records, "assistant")
            if each["message"]["usage"].get("speed") == "fast"
        }
        assert len(fast) == summary.fast_responses

    def test_tool_calls(self, demo: tuple[Path, DemoSummary], records: list[dict[str, Any]]) -> None:
        summary = demo[1]
        calls = {
            each["id"]: each["name"]
            for record in of_type(records, "assistant")
            for each in blocks(record, "tool_use")
        }
        results = {each["tool_use_id"]: each for record in records for each in blocks(record, "tool_result")}
        wrong = [each for each in results.values() if each.get("is_error")]
        turned_down = [each for each in wrong if each["content"].startswith(REJECTION)]
        assert len(calls) == summary.tool_calls
        assert Counter(calls.values()) == summary.tool_calls_by_name
        assert len(turned_down) == summary.tool_rejections
        assert len(wrong) - len(turned_down) == summary.tool_errors
        assert len(calls.keys() - results.keys()) == summary.unanswered_tool_calls

    def test_events(self, demo: tuple[Path, DemoSummary], records: list[dict[str, Any]]) -> None:
        summary = demo[1]
        assert len(of_type(records, "system", "api_error")) == summary.api_errors
        assert len(of_type(records, "system", "compact_boundary")) == summary.compactions
        assert sum("isApiErrorMessage" in each for each in records) == summary.failed_responses
        assert len(of_type(records, "pr-link")) == summary.pull_requests
        commits = {
            each["uuid"]
            for each in records
            if isinstance(each.get("toolUseResult"), dict)
            and " insertions(+)" in each["toolUseResult"].get("stdout", "")
        }
        assert len(commits) == summary.commits
        searched = [
            each["toolUseResult"] for each in records if "searchCount" in str(each.get("toolUseResult"))
        ]
        assert sum(each["searchCount"] for each in searched) == summary.web_searches

    def test_sessions_and_files(self, demo: tuple[Path, DemoSummary], records: list[dict[str, Any]]) -> None:
        folder, summary = demo
        files = transcripts(folder)
        main = [path for path in files if not path.name.startswith("agent-")]
        assert (
            len(main)
            == len({each["sessionId"] for each in records if "sessionId" in each})
            == summary.sessions
        )
        assert len(files) == summary.transcript_files
        assert len(files) - len(main) == summary.subagents - 1, "one subagent left no file"
        typed = {
            each["uuid"]
            for each in of_type(records, "user")
            if isinstance(each["message"]["content"], str)
            and not each["message"]["content"].startswith("<command-")
            and not each.get("isCompactSummary")
            and not each["isSidechain"]
        }
        assert len(typed) == summary.prompts


class TestPlans:
    def front(self, path: Path) -> dict[str, Any]:
        loaded = yaml.safe_load(path.read_text().split("---\n")[1])
        assert isinstance(loaded, dict)
        return loaded

    def test_tasks(self, demo: tuple[Path, DemoSummary]) -> None:
        folder, summary = demo
        found = [self.front(path) for path in sorted(folder.glob("*/.claude/progress/*/phase-*-progress.md"))]
        tasks = [task for each in found for task in each["tasks"]]
        done = [task for task in tasks if task["status"] == "completed"]
        assert (len(found), len(tasks), len(done)) == (summary.phases, summary.tasks, summary.completed_tasks)
        assert all(task["started"] <= task["completed"] <= NOW.strftime("%Y-%m-%dT%H:%MZ") for task in done)
        assert {each["status"] for each in found} == {"completed", "in_progress", "pending"}
        assert all(each["completed_tasks"] <= each["total_tasks"] == len(each["tasks"]) for each in found)

    def test_documents_name_each_other_and_real_commits(
        self, demo: tuple[Path, DemoSummary], records: list[dict[str, Any]]
    ) -> None:
        folder, _ = demo
        printed = " ".join(str(each["toolUseResult"]) for each in records if "insertions(+)" in str(each))
        statuses = []
        for feature in FEATURES:
            prd = self.front(folder / feature.project / feature.prd_path)
            plan = self.front(folder / feature.project / feature.plan_path)
            assert (folder / feature.project / prd["plan_ref"]).exists()
            assert (folder / feature.project / plan["prd_ref"]).exists()
            assert plan["commit_refs"] and all(f" {each}] " in printed for each in plan["commit_refs"])
            statuses.append(plan["status"])
        assert sorted(set(statuses)) == ["completed", "draft", "in-progress"]

    def test_sessions_work_in_the_projects_written(
        self, demo: tuple[Path, DemoSummary], records: list[dict[str, Any]]
    ) -> None:
        folders = {Path(each["cwd"]) for each in records if "cwd" in each}
        assert folders == {demo[0].resolve() / "loafline", demo[0].resolve() / "ovenboard"}
        assert all(each.is_dir() for each in folders)


def progress_responses(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    wrapped = [each["data"]["message"] for each in of_type(records, "progress") if "message" in each["data"]]
    return [each for each in wrapped if each["type"] == "assistant"]


def counted_responses(records: list[dict[str, Any]]) -> dict[str, TokenTotals]:
    """Final tokens per message id: the last copy; a parent's before a replay's; progress copies last.

    In the demo an id has two requests only where a subagent's file repeats its parent's response.
    """
    chosen: dict[str, dict[str, Any]] = {each["message"]["id"]: each for each in progress_responses(records)}
    ordered = sorted(of_type(records, "assistant"), key=lambda each: not each["isSidechain"])
    for each in ordered:
        if not each.get("isApiErrorMessage"):
            chosen[each["message"]["id"]] = each
    return {key: totals(each["message"]["usage"]) for key, each in chosen.items()}


def totals(usage: dict[str, Any]) -> TokenTotals:
    split = usage["cache_creation"]
    assert usage["cache_creation_input_tokens"] == sum(split.values())
    return TokenTotals(
        1,
        usage["input_tokens"],
        usage["output_tokens"],
        usage["cache_read_input_tokens"],
        split["ephemeral_5m_input_tokens"],
        split["ephemeral_1h_input_tokens"],
    )
