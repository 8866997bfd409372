"""Tool calls and their results in Claude Code's records.

Result shapes differ per tool and version (docs/formats/claude-code.md lists those seen); a shape not known
here loses detail, never the call.
"""

import re
from typing import Any

from sessions.parsers.records import ToolResult, ToolUse
from sessions.parsers.values import block_text, identifier, items, mapping, milliseconds, preview, text

OK, ERROR, REJECTED, INTERRUPTED, BLOCKED, PENDING = (
    "ok",
    "error",
    "rejected",
    "interrupted",
    "blocked",
    "pending",
)
OUTCOMES = (OK, ERROR, REJECTED, INTERRUPTED, BLOCKED, PENDING)
TARGET_CHARS = 300
AGENT_ID_CHARS = 100

_AGENT_TOOLS = frozenset({"Task", "Agent"})
_FILE_ACTIONS = {
    "Read": "read",
    "Write": "update",
    "Edit": "update",
    "MultiEdit": "update",
    "NotebookEdit": "update",
    "Delete": "delete",
}
_PATH_KEYS = ("file_path", "notebook_path", "path", "filePath")
_TARGET_KEYS = (
    *_PATH_KEYS,
    "command",
    "pattern",
    "query",
    "url",
    "skill",
    "subagent_type",
    "description",
    "prompt",
)

_REJECTED = ("The user doesn't want to", "User rejected", "[Request interrupted by user for tool use]")
_INTERRUPTED = "[Request interrupted by user"
_BLOCKED = re.compile(
    r"hook (?:error|blocked|denied)|blocked by hook|PreToolUse:\S* ?hook|"
    r"^Permission to use .{0,80} (?:has been )?(?:auto-)?denied|^This command requires approval|"
    r"requested permissions? to .{0,200} you haven't granted",
    re.IGNORECASE,
)
_ERROR_CLASSES = (
    ("exit_code", re.compile(r"^(?:Error: )?Exit code \d+", re.I)),
    ("not_read_first", re.compile(r"has not been read yet|modified since read", re.I)),
    ("no_match", re.compile(r"String to replace not found|Found \d+ matches of the string", re.I)),
    ("sibling_error", re.compile(r"Sibling tool call errored", re.I)),
    ("unknown_tool", re.compile(r"No such tool|Unknown skill|not available inside", re.I)),
    ("invalid_input", re.compile(r"InputValidationError|validation failed|must be", re.I)),
    ("timeout", re.compile(r"timed? ?out", re.I)),
    ("too_large", re.compile(r"exceeds maximum|too large", re.I)),
    ("permission", re.compile(r"permission denied|EACCES|not permitted|denied", re.I)),
    ("not_found", re.compile(r"does not exist|No such file|ENOENT|not found|404", re.I)),
    ("network", re.compile(r"ECONN|ENOTFOUND|network|status code [45]\d\d", re.I)),
)
_CLASSIFIED_CHARS = 400

# What `git commit`, `merge`, `cherry-pick` and `revert` print: "[branch 1a2b3c4] subject".
_COMMIT_LINE = re.compile(r"^\[[^\]\n]{1,120}? ([0-9a-f]{7,40})\] ", re.MULTILINE)
_GIT_COMMAND = re.compile(r"(?:^|[\s;&|(])git\s")
_AGENT_ID = re.compile(r"agentId: ([A-Za-z0-9_-]{4,64})")


def tool_use(
    block: dict[str, Any], at_ms: int | None, response_key: int | None, digest: int
) -> ToolUse | None:
    """The call in a `tool_use` block; None when it has no id to be counted by."""
    call_id = text(block.get("id"))
    if not call_id:
        return None
    name = text(block.get("name"))
    given = mapping(block.get("input"))
    action = _FILE_ACTIONS.get(name, "")
    path = next((given[k] for k in _PATH_KEYS if isinstance(given.get(k), str)), "") if action else ""
    command = text(given.get("command"))
    return ToolUse(
        call_id=call_id,
        name=name,
        at_ms=at_ms,
        response_key=response_key,
        target=_target(given),
        path=path,
        file_action=action if path else "",
        agent_name=_agent_name(name, given),
        skill=text(given.get("skill") or given.get("command")) if name == "Skill" else "",
        is_git=bool(command and _GIT_COMMAND.search(command)),
        digest=digest,
    )


def tool_result(
    block: dict[str, Any], extra: Any, denial: str, at_ms: int | None, digest: int
) -> ToolResult | None:
    """The answer in a `tool_result` block; `extra` is the record's `toolUseResult`, `denial` its denial kind."""
    call_id = text(block.get("tool_use_id"))
    if not call_id:
        return None
    detail = mapping(extra)
    said = block_text(block.get("content")) or text(extra)
    is_error = block.get("is_error") is True
    outcome = _outcome(is_error, said, text(extra), denial, detail)
    path, action, added, removed = ("", "", None, None) if is_error else _file_change(detail)
    return ToolResult(
        call_id=call_id,
        at_ms=at_ms,
        is_error=is_error,
        outcome=outcome,
        error_class=error_class(said) if outcome == ERROR else "",
        execution_ms=_execution_ms(detail),
        path=path,
        file_action=action,
        lines_added=added,
        lines_removed=removed,
        spawned_agent_id=_spawned(detail, said),
        commits=_commits(detail),
        web_searches=_web_searches(detail),
        digest=digest,
    )


def error_class(said: str) -> str:
    """A short stable word for why a call failed, from how its error text begins; "other" when none fits."""
    head = said[:_CLASSIFIED_CHARS].removeprefix("<tool_use_error>")
    return next((name for name, pattern in _ERROR_CLASSES if pattern.search(head)), "other")


def category(name: str) -> str:
    """The kind of work a tool does: shell, file, search, web, agent, skill, mcp, plan or other."""
    if name.startswith("mcp__"):
        return "mcp"
    return _CATEGORIES.get(name, "other")


def mcp_server(name: str) -> str:
    """The server part of an MCP tool's name ("mcp__github__search" gives "github"), or ""."""
    parts = name.split("__")
    return parts[1] if len(parts) >= 3 and parts[0] == "mcp" else ""


_CATEGORIES = {
    **dict.fromkeys(("Bash", "BashOutput", "KillShell", "KillBash", "PowerShell"), "shell"),
    **dict.fromkeys(("Read", "Write", "Edit", "MultiEdit", "NotebookEdit", "NotebookRead", "Delete"), "file"),
    **dict.fromkeys(("Grep", "Glob", "LS", "LSP", "ToolSearch"), "search"),
    **dict.fromkeys(("WebFetch", "WebSearch"), "web"),
    **dict.fromkeys(("Task", "Agent", "TaskOutput", "TaskStop", "SendMessage", "Workflow"), "agent"),
    "Skill": "skill",
    **dict.fromkeys(
        ("TodoWrite", "TaskCreate", "TaskUpdate", "TaskList", "ExitPlanMode", "EnterPlanMode"), "plan"
    ),
}


def _target(given: dict[str, Any]) -> str:
    found = next((given[k] for k in _TARGET_KEYS if isinstance(given.get(k), str) and given[k]), "")
    return preview(found, TARGET_CHARS)


def _agent_name(name: str, given: dict[str, Any]) -> str:
    if name not in _AGENT_TOOLS:
        return ""
    return text(given.get("subagent_type")) or "general-purpose"


def _outcome(is_error: bool, said: str, extra: str, denial: str, detail: dict[str, Any]) -> str:
    if detail.get("interrupted") is True:
        return INTERRUPTED
    if not is_error:
        return OK
    if denial.startswith("user") or said.startswith(_REJECTED) or extra.startswith(_REJECTED):
        return REJECTED
    if said.startswith(_INTERRUPTED) or extra.startswith(_INTERRUPTED):
        return INTERRUPTED
    if denial or _BLOCKED.search(said[:_CLASSIFIED_CHARS]):
        return BLOCKED
    return ERROR


def _execution_ms(detail: dict[str, Any]) -> int | None:
    for key, scale in (("durationMs", 1), ("totalDurationMs", 1), ("durationSeconds", 1000)):
        value = milliseconds(detail.get(key), scale)
        if value is not None:
            return value
    return None


def _file_change(detail: dict[str, Any]) -> tuple[str, str, int | None, int | None]:
    """(path, action, lines added, lines removed) as a file tool's result tells; counts None when it does not."""
    read = mapping(detail.get("file"))
    if read:
        return text(read.get("filePath")), "read", None, None
    path = text(detail.get("filePath"))
    if not path or "structuredPatch" not in detail:
        return "", "", None, None
    if detail.get("type") == "create":
        return path, "create", _line_count(text(detail.get("content"))), 0
    added = removed = 0
    for hunk in items(detail["structuredPatch"]):
        for line in items(mapping(hunk).get("lines")):
            added += isinstance(line, str) and line.startswith("+")
            removed += isinstance(line, str) and line.startswith("-")
    return path, "update", added, removed


def _line_count(content: str) -> int:
    return content.count("\n") + (bool(content) and not content.endswith("\n"))


def agent_of(record: dict[str, Any]) -> str:
    """The subagent a record names, or ""."""
    return identifier(record.get("agentId"), AGENT_ID_CHARS)


def _spawned(detail: dict[str, Any], said: str) -> str:
    if agent_id := agent_of(detail):
        return agent_id
    found = _AGENT_ID.search(said[-2000:]) if "agentId: " in said[-2000:] else None
    return found[1] if found else ""


def _commits(detail: dict[str, Any]) -> tuple[str, ...]:
    found = dict.fromkeys(_COMMIT_LINE.findall(text(detail.get("stdout"))))
    operation = mapping(mapping(detail.get("gitOperation")).get("commit"))
    sha = text(operation.get("sha"))
    if sha and not any(sha.startswith(c) or c.startswith(sha) for c in found):
        found[sha] = None
    return tuple(found)


def _web_searches(detail: dict[str, Any]) -> int:
    value = detail.get("searchCount")
    return value if type(value) is int and 0 <= value <= 1000 else 0
