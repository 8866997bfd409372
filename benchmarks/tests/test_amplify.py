"""The amplifier's promises, shown on a folder of six small files."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks.amplify import amplify, main, parsed_size, survey
from benchmarks.tests import samples

Record = dict[str, Any]
COPIES = 3
END = date(2026, 6, 30)
ORIGINALS = [
    *(samples.SESSION, samples.FORK, samples.OTHER_SESSION, samples.QUESTION, samples.ANSWER, samples.RESULT),
    *(samples.MESSAGE, samples.REQUEST, samples.TOOL_CALL, samples.AGENT),
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return samples.write_projects(tmp_path / "source")


@pytest.fixture
def target(tmp_path: Path, source: Path) -> Path:
    amplify(source, tmp_path / "target", copies=COPIES, end=END)
    return tmp_path / "target"


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def records(content: bytes) -> list[Record]:
    found = []
    for line in content.splitlines():
        try:
            found.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            continue
    return found


def main_files(target: Path) -> list[list[Record]]:
    """The records of every copy of the streamed session: the only files with a tool result."""
    every = [records(path.read_bytes()) for path in sorted(target.rglob("*.jsonl"))]
    return [entries for entries in every if any(entry.get("uuid") and is_result(entry) for entry in entries)]


def is_result(entry: Record) -> bool:
    content = entry.get("message", {}).get("content")
    return isinstance(content, list) and content[0]["type"] == "tool_result"


def test_counts_are_a_multiple_of_the_original(source: Path, target: Path) -> None:
    before, after = files(source), files(target)
    assert len(after) == COPIES * len(before)
    assert sum(map(len, after.values())) == COPIES * sum(map(len, before.values()))
    assert sum(len(records(content)) for content in after.values()) == COPIES * sum(
        len(records(content)) for content in before.values()
    )


def test_report_states_what_was_written(source: Path, tmp_path: Path) -> None:
    written = amplify(source, tmp_path / "more", copies=2)
    contents = files(tmp_path / "more").values()
    assert (written.copies, written.files) == (2, len(contents))
    assert written.bytes == sum(map(len, contents))
    assert written.lines == sum(len(content.splitlines()) for content in contents)


@pytest.mark.parametrize("original", ORIGINALS)
def test_no_original_identifier_is_left(original: str, target: Path) -> None:
    for name, content in files(target).items():
        assert original not in name
        assert original.encode() not in content


def test_identifiers_are_distinct_across_copies(target: Path) -> None:
    uuids = Counter(
        entry["uuid"] for content in files(target).values() for entry in records(content) if "uuid" in entry
    )
    # Question and answer stand in session and fork, the answer twice in the session: 1 + 1, 2 + 1, 1, 1, 1.
    assert sorted(uuids.values()) == sorted([2, 3, 1, 1, 1] * COPIES)


def test_fresh_identifiers_keep_their_shape(target: Path) -> None:
    for entries in main_files(target):
        answers = [entry for entry in entries if entry["type"] == "assistant"]
        assert re.fullmatch(r"msg_01[0-9A-Za-z]{23}", answers[0]["message"]["id"])
        assert re.fullmatch(r"req_01[0-9A-Za-z]{22}", answers[0]["requestId"])
        assert re.fullmatch(
            r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-9[0-9a-f]{3}-[0-9a-f]{12}", answers[0]["uuid"]
        )


def test_parents_and_tool_pairs_stay_linked(target: Path) -> None:
    assert len(main_files(target)) == COPIES
    for first, chunk, _, result in main_files(target):
        assert chunk["parentUuid"] == first["uuid"]
        assert result["parentUuid"] == chunk["uuid"]
        call, answer = chunk["message"]["content"][0], result["message"]["content"][0]
        assert answer["tool_use_id"] == call["id"]


def test_identifiers_in_text_follow(target: Path) -> None:
    for _, chunk, _, result in main_files(target):
        call = chunk["message"]["content"][0]["id"]
        text = result["message"]["content"][0]["content"]
        # The UUID stands right behind an escaped line break in the file.
        assert text.startswith(f"Output\n{chunk['uuid']}\nof {call}, session_")


def test_streamed_chunks_and_forks_stay_duplicates(target: Path) -> None:
    messages = Counter[str]()
    for content in files(target).values():
        for entry in records(content):
            if entry.get("type") == "assistant":
                messages[entry["message"]["id"]] += 1
    assert sorted(messages.values()) == [3] * COPIES
    for entries in main_files(target):
        assert [e["message"]["usage"]["output_tokens"] for e in entries[1:3]] == [5, 80]


def test_names_agree_with_the_records(target: Path) -> None:
    for name, content in files(target).items():
        for entry in records(content):
            if "sessionId" in entry:
                assert entry["sessionId"] in name
            if "agentId" in entry:
                assert name.endswith(f"{entry['sessionId']}/subagents/agent-{entry['agentId']}.jsonl")


def test_sidecars_go_with_their_agents(target: Path) -> None:
    calls = {entries[1]["message"]["content"][0]["id"] for entries in main_files(target)}
    sidecars = list(target.rglob("*.meta.json"))
    assert {orjson.loads(path.read_bytes())["toolUseId"] for path in sidecars} == calls
    assert all(path.with_name(path.name.replace(".meta.json", ".jsonl")).exists() for path in sidecars)


def test_a_name_under_an_identifier_key_stays(target: Path) -> None:
    for entries in main_files(target):
        assert entries[1]["message"]["content"][0]["input"] == {"id": "context7-docs"}


def test_projects_stay_and_plain_names_are_numbered(target: Path) -> None:
    assert [path.name for path in (target / "projects").iterdir()] == ["-srv-shop"]
    notes = sorted((target / "projects").rglob("notes*"))
    assert [path.name for path in notes] == ["notes-copy0.jsonl", "notes-copy1.jsonl", "notes-copy2.jsonl"]
    assert {path.read_bytes() for path in notes} == {b'{"type":"mode","mode":"plan"}\r\n'}


def test_broken_blank_and_torn_lines_stay(target: Path) -> None:
    broken = [content for content in files(target).values() if b'"role":"us\n' in content]
    assert len(broken) == COPIES
    for content in broken:
        assert b"\n\n" in content
        assert len(content.splitlines()[-1]) == len(samples.TORN_TAIL)
        assert not content.endswith(b"\n")


def test_related_files_move_together(source: Path) -> None:
    groups = {file.path.name: file.group for file in survey(source / "projects").files}
    session = groups[f"{samples.SESSION}.jsonl"]
    assert groups[f"{samples.FORK}.jsonl"] == session
    assert groups[f"agent-{samples.AGENT}.jsonl"] == session
    assert groups[f"agent-{samples.AGENT}.meta.json"] == session
    assert session not in (groups[f"{samples.OTHER_SESSION}.jsonl"], groups["notes.jsonl"])


def moment(entry: Record) -> datetime:
    return datetime.fromisoformat(entry["timestamp"])


def test_times_shift_by_days_and_minutes(target: Path) -> None:
    for first, chunk, _, result in main_files(target):
        assert moment(chunk) - moment(first) == timedelta(minutes=5, milliseconds=250)
        assert moment(result) - moment(chunk) == timedelta(minutes=9, seconds=59, milliseconds=500)
        offset = (moment(result) - datetime(2026, 3, 2, 0, 5, tzinfo=UTC)) % timedelta(days=1)
        assert min(offset, timedelta(days=1) - offset) <= timedelta(minutes=30)
        assert offset % timedelta(minutes=1) == timedelta(0)


def test_copies_spread_over_the_window(source: Path, tmp_path: Path) -> None:
    amplify(source, tmp_path / "many", copies=40, end=END, days=100)
    days = {moment(entries[-1]).date() for entries in main_files(tmp_path / "many")}
    assert len(days) > 20
    assert END - timedelta(days=102) <= min(days) <= max(days) <= END


def test_modified_at_the_last_entry(target: Path) -> None:
    for path in target.rglob("*.jsonl"):
        entries = [entry for entry in records(path.read_bytes()) if "timestamp" in entry]
        if entries:
            assert path.stat().st_mtime == max(int(moment(entry).timestamp()) for entry in entries)


def test_the_same_seed_writes_the_same_bytes(source: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        amplify(source, tmp_path / name, copies=2, seed=seed)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    shared = files(tmp_path / "a").keys() & files(tmp_path / "c").keys()
    assert all("/notes-copy" in name for name in shared)


def test_a_size_is_filled_with_whole_groups(source: Path, tmp_path: Path) -> None:
    found = survey(source / "projects")
    written = amplify(source, tmp_path / "sized", size=2 * found.size + 400)
    smallest = min(group.size for group in found.groups.values())
    assert written.copies == 2
    assert 2 * found.size + 400 - written.bytes < 400
    assert written.bytes - 2 * found.size >= smallest
    assert written.bytes == sum(map(len, files(tmp_path / "sized").values()))


def test_a_used_target_and_an_empty_source_are_refused(
    source: Path, target: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(source), str(target), "--copies", "1"]) == 1
    (tmp_path / "empty").mkdir()
    assert main([str(tmp_path / "empty"), str(tmp_path / "none"), "--copies", "1"]) == 1
    complaints = capsys.readouterr().err.splitlines()
    assert "exists already" in complaints[0]
    assert "holds no transcript" in complaints[1]


def test_sizes_are_powers_of_a_thousand() -> None:
    assert [parsed_size(text) for text in ("1", "2k", "1.5M", "2G", "2GB")] == [
        1, 2_000, 1_500_000, 2_000_000_000, 2_000_000_000,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no size"):
        parsed_size("much")
