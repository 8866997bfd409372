"""Tool calls and their answers: outcomes, commits, file changes, none of them guessed."""

from typing import Any

import pytest

from sessions.parsers.formats.claude_tools import category, error_class, mcp_server, tool_result, tool_use
from sessions.parsers.records import ToolResult, ToolUse


def use(tool: str, **given: Any) -> ToolUse:
    found = tool_use({"type": "tool_use", "id": "t1", "name": tool, "input": given}, 5, 7, 9)
    assert found
    return found


def result(content: Any = "", *, is_error: Any = False, detail: Any = None, denial: str = "") -> ToolResult:
    block = {"type": "tool_result", "tool_use_id": "t1", "content": content, "is_error": is_error}
    found = tool_result(block, detail, denial, 5, 9)
    assert found
    return found


REJECTED = "The user doesn't want to proceed with this tool use."
OUTCOMES = {
    "plain": (result("fine"), "ok"),
    "error flag": (result("Exit code 1", is_error=True), "error"),
    "error flag of another type": (result("Exit code 1", is_error="true"), "ok"),
    "error words without flag": (result("Error: all is lost"), "ok"),
    "rejected": (result(REJECTED, is_error=True), "rejected"),
    "rejected, told beside": (result("", is_error=True, detail="User rejected tool use"), "rejected"),
    "rejected by kind": (result("No", is_error=True, denial="user-rejected"), "rejected"),
    "rejection words without flag": (result(REJECTED), "ok"),
    "interrupted": (result("[Request interrupted by user]", is_error=True), "interrupted"),
    "interrupted command": (result("half", detail={"interrupted": True}), "interrupted"),
    "interrupted for a tool": (result("[Request interrupted by user for tool use]", is_error=True), "rejected"),
    "blocked by a hook": (result("PreToolUse:Bash hook error: no", is_error=True), "blocked"),
    "no permission": (result("This command requires approval", is_error=True), "blocked"),
    "denied by kind": (result("No", is_error=True, denial="auto-mode"), "blocked"),
}  # fmt: skip


@pytest.mark.parametrize(("found", "outcome"), OUTCOMES.values(), ids=OUTCOMES.keys())
def test_outcomes(found: ToolResult, outcome: str) -> None:
    assert found.outcome == outcome
    assert bool(found.error_class) == (outcome == "error")


ERRORS = {
    "Exit code 127\nnot found": "exit_code",
    "<tool_use_error>File has not been read yet.": "not_read_first",
    "<tool_use_error>String to replace not found in file.": "no_match",
    "Command timed out after 2m": "timeout",
    "EACCES: permission denied": "permission",
    "File does not exist.": "not_found",
    "Request failed with status code 503": "network",
    "something else": "other",
    "": "other",
}


@pytest.mark.parametrize(("said", "named"), ERRORS.items())
def test_error_classes(said: str, named: str) -> None:
    assert error_class(said) == named


COMMITS = {
    "commit": ("[main 1a2b3c4] Say why\n 1 file changed", ("1a2b3c4",)),
    "first commit": ("[main (root-commit) 1a2b3c4] Begin", ("1a2b3c4",)),
    "detached": ("[detached HEAD 1a2b3c4d5e] Try", ("1a2b3c4d5e",)),
    "two": ("[a 1111111] x\n[a 2222222] y\n[a 1111111] x", ("1111111", "2222222")),
    "a word that looks like a hash": ("the defaced facade was added in deadbeef", ()),
    "a log": ("commit 1a2b3c4d5e6f\nAuthor: Ada", ()),
    "in the middle of a line": ("see [main 1a2b3c4] Say why", ()),
    "not hexadecimal": ("[main 1a2b3cg] Say why", ()),
}


@pytest.mark.parametrize(("said", "hashes"), COMMITS.values(), ids=COMMITS.keys())
def test_commits_come_from_git_output_only(said: str, hashes: tuple[str, ...]) -> None:
    assert result(said, detail={"stdout": said}).commits == hashes


def test_a_commit_told_twice_is_one() -> None:
    told = {"stdout": "[main 1a2b3c4] x", "gitOperation": {"commit": {"sha": "1a2b3c4d5e6f"}}}
    assert result(detail=told).commits == ("1a2b3c4",)
    assert result(detail={"gitOperation": {"commit": {"sha": "1a2b3c4d5e6f"}}}).commits == ("1a2b3c4d5e6f",)


CHANGES: dict[str, tuple[Any, tuple[str, str, int | None, int | None]]] = {
    "edit": (
        {"filePath": "/f", "structuredPatch": [{"lines": ["+a", "-b", " c", "+d"]}, {"lines": ["-e"]}]},
        ("/f", "update", 2, 2),
    ),
    "new file": (
        {"filePath": "/f", "type": "create", "structuredPatch": [], "content": "a\nb"},
        ("/f", "create", 2, 0),
    ),
    "new empty file": (
        {"filePath": "/f", "type": "create", "structuredPatch": [], "content": ""},
        ("/f", "create", 0, 0),
    ),
    "read": ({"type": "text", "file": {"filePath": "/f", "numLines": 3}}, ("/f", "read", None, None)),
    "no patch": ({"filePath": "/f", "newString": "x"}, ("", "", None, None)),
    "patch of another type": ({"filePath": "/f", "structuredPatch": "x"}, ("/f", "update", 0, 0)),
    "text": ("Error: no", ("", "", None, None)),
}


@pytest.mark.parametrize(("detail", "change"), CHANGES.values(), ids=CHANGES.keys())
def test_file_changes(detail: Any, change: tuple[Any, ...]) -> None:
    found = result(detail=detail)
    assert (found.path, found.file_action, found.lines_added, found.lines_removed) == change


def test_a_failed_edit_changed_nothing() -> None:
    detail = {"filePath": "/f", "structuredPatch": [{"lines": ["+a"]}]}
    assert result("no", is_error=True, detail=detail).file_action == ""


DURATIONS: list[tuple[Any, int | None]] = [
    ({"durationMs": 12}, 12),
    ({"totalDurationMs": 7}, 7),
    ({"durationSeconds": 1.5}, 1500),
    ({"durationMs": -1}, None),
    ({"durationMs": True}, None),
    ({}, None),
]


@pytest.mark.parametrize(("detail", "ms"), DURATIONS)
def test_execution_time_is_the_tools_own(detail: Any, ms: int | None) -> None:
    assert result(detail=detail).execution_ms == ms


def test_what_a_call_is_about() -> None:
    edit = use("Edit", file_path="/f", old_string="a")
    assert (edit.path, edit.file_action, edit.target) == ("/f", "update", "/f")
    assert use("Bash", command="cd x && git commit -m y").is_git
    assert not use("Bash", command="digit s").is_git
    assert use("Task", prompt="x").agent_name == "general-purpose"
    assert use("Agent", subagent_type="explorer").agent_name == "explorer"
    assert use("Skill", skill="pdf").skill == "pdf"
    assert use("Bash", command="x" * 1000).target.endswith("…")
    assert tool_use({"type": "tool_use"}, None, None, 1) is None


def test_categories() -> None:
    assert [category(n) for n in ("Bash", "Edit", "mcp__a__b", "Nobody")] == ["shell", "file", "mcp", "other"]
    assert [mcp_server(n) for n in ("mcp__git_hub__x", "mcp__x", "Bash")] == ["git_hub", "", ""]
