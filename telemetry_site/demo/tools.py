"""Tool calls with their results, as the agent's transcript records them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from .releases import Release
from .story import EDITS, SEARCHES, Feature
from .transcript import JsonObject, new_hex, new_token

REJECTED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file "
    "edit, the new_string was NOT written to the file). STOP what you are doing and wait for the user to "
    "tell you how to proceed."
)


@dataclass(slots=True)
class ToolStep:
    """One call: what was asked, what came back, how long it took.

    `content` is what the model sees (text or content blocks), `result` the record's `toolUseResult`.
    An `outcome` of "unanswered" writes no result at all.
    """

    name: str
    input: JsonObject
    content: Any
    result: Any
    seconds: float
    outcome: str = "ok"


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where tools work: the project folder and the feature at hand."""

    cwd: str
    branch: str
    feature: Feature
    release: Release
    rng: Random

    def path(self, relative: str) -> str:
        """Absolute path of a project file."""
        return f"{self.cwd}/{relative}"

    def any_file(self) -> str:
        """One of the feature's source files."""
        return self.rng.choice(self.feature.files)


def failed(step: ToolStep, text: str) -> ToolStep:
    """The same call, answered by an error."""
    wrapped = text if text.startswith("Exit code") else f"<tool_use_error>{text}</tool_use_error>"
    return ToolStep(step.name, step.input, wrapped, f"Error: {text}", step.seconds, "error")


def rejected(step: ToolStep) -> ToolStep:
    """The same call, turned down by the person at the keyboard."""
    return ToolStep(step.name, step.input, REJECTED, "User rejected tool use", step.seconds + 8, "rejected")


def unanswered(step: ToolStep) -> ToolStep:
    """The same call, cut off before any result."""
    return ToolStep(step.name, step.input, None, None, step.seconds, "unanswered")


def read(place: Workplace, relative: str | None = None) -> ToolStep:
    """Read a source file, or the file given."""
    path = place.path(relative or place.any_file())
    lines = [line for before, _ in place.rng.sample(EDITS, 3) for line in (*before, "")]
    total = place.rng.randrange(40, 400)
    shown = "\n".join(f"{n:>6}\u2192{line}" for n, line in enumerate(lines, start=1))
    file = {
        "filePath": path,
        "content": "\n".join(lines),
        "numLines": len(lines),
        "startLine": 1,
        "totalLines": total,
    }
    return ToolStep(
        "Read", {"file_path": path}, shown, {"type": "text", "file": file}, place.rng.uniform(0.01, 0.2)
    )


def edit(place: Workplace, relative: str | None = None) -> ToolStep:
    """Replace some lines of a source file, or of the file given."""
    path = place.path(relative or place.any_file())
    before, after = place.rng.choice(EDITS)
    return _edit(path, before, after, place.rng)


def tick_off(place: Workplace, relative: str, task_id: str) -> ToolStep:
    """Mark a task completed in its progress file."""
    before = (f"- id: {task_id}", "  status: in_progress")
    return _edit(place.path(relative), before, (before[0], "  status: completed"), place.rng)


def _edit(path: str, before: tuple[str, ...], after: tuple[str, ...], rng: Random) -> ToolStep:
    line = rng.randrange(8, 180)
    hunk = {
        "oldStart": line,
        "oldLines": len(before) + 2,
        "newStart": line,
        "newLines": len(after) + 2,
        "lines": [" ", *(f"-{each}" for each in before), *(f"+{each}" for each in after), " "],
    }
    old, new = "\n".join(before), "\n".join(after)
    result = {
        "filePath": path,
        "oldString": old,
        "newString": new,
        "originalFile": f"\n{old}\n",
        "structuredPatch": [hunk],
        "userModified": False,
        "replaceAll": False,
    }
    asked = {"file_path": path, "old_string": old, "new_string": new, "replace_all": False}
    return ToolStep("Edit", asked, f"The file {path} has been updated.", result, rng.uniform(0.05, 4))


def write(place: Workplace, relative: str, content: str) -> ToolStep:
    """Create a file."""
    path = place.path(relative)
    result: JsonObject = {
        "type": "create",
        "filePath": path,
        "content": content,
        "structuredPatch": [],
        "originalFile": None,
    }
    asked = {"file_path": path, "content": content}
    said = f"File created successfully at: {path}"
    return ToolStep("Write", asked, said, result, place.rng.uniform(0.05, 3))


def grep(place: Workplace) -> ToolStep:
    """Search the source for a word."""
    word = place.rng.choice(("capacity", "shelf_time", "allergens", "cut_off", "closed_days"))
    names = place.rng.sample(place.feature.files, 2)
    result = {"mode": "files_with_matches", "filenames": names, "numFiles": len(names)}
    asked = {"pattern": word, "output_mode": "files_with_matches"}
    return ToolStep(
        "Grep", asked, f"Found {len(names)} files\n" + "\n".join(names), result, place.rng.uniform(0.02, 0.4)
    )


def glob(place: Workplace) -> ToolStep:
    """List files by pattern."""
    names = [place.path(each) for each in place.feature.files if each.endswith(".py")]
    took = place.rng.randrange(4, 90)
    result = {"filenames": names, "durationMs": took, "numFiles": len(names), "truncated": False}
    return ToolStep("Glob", {"pattern": "**/*.py"}, "\n".join(names), result, took / 1000)


def shell(place: Workplace, command: str, stdout: str, seconds: float) -> ToolStep:
    """Run a command that succeeds."""
    result: JsonObject = {"stdout": stdout, "stderr": "", "interrupted": False, "isImage": False}
    if place.release.is_modern and command.startswith("git push"):
        result["gitOperation"] = {"push": {"branch": place.branch}}
    asked = {"command": command, "description": command.split("&&")[-1].strip().capitalize()[:50]}
    return ToolStep("Bash", asked, stdout, result, seconds)


def run_tests(place: Workplace, *, passing: bool = True) -> ToolStep:
    """Run the feature's tests; a failing run exits with 1."""
    tests = next(each for each in place.feature.files if each.startswith("tests/"))
    amount = place.rng.randrange(6, 48)
    seconds = place.rng.uniform(3, 40)
    outcome = f"{amount} passed in {seconds:.2f}s"
    step = shell(place, f"python -m pytest {tests} -q", outcome, seconds)
    if passing:
        return step
    return failed(
        step, f"Exit code 1\nE   assert 13 == 12\nFAILED {tests}::test_limit\n1 failed, {amount} passed"
    )


def commit(place: Workplace, message: str) -> tuple[ToolStep, str]:
    """Commit everything; also the commit's short hash."""
    digest = new_hex(place.rng, 7)
    files, added, removed = (place.rng.randrange(*span) for span in ((2, 6), (12, 160), (3, 60)))
    stdout = (
        f"[{place.branch} {digest}] {message}\n"
        f" {files} files changed, {added} insertions(+), {removed} deletions(-)"
    )
    return shell(place, f'git add -A && git commit -m "{message}"', stdout, place.rng.uniform(0.2, 2)), digest


def web_search(place: Workplace) -> ToolStep:
    """Search the web; results point to reserved example domains."""
    query, title, url = place.rng.choice(SEARCHES)
    seconds = round(place.rng.uniform(4, 18), 3)
    hit = {"tool_use_id": new_token(place.rng, "srvtoolu_01", 22), "content": [{"title": title, "url": url}]}
    result: JsonObject = {
        "query": query,
        "results": [hit, f"{title}: the earliest moment wins."],
        "durationSeconds": seconds,
    }
    said = f'Web search results for query: "{query}"\n\nLinks: {title} {url}'
    if place.release.counts_web_searches:
        result["searchCount"] = 1
    return ToolStep("WebSearch", {"query": query}, said, result, seconds)


def list_steps(place: Workplace, titles: list[str]) -> list[ToolStep]:
    """Write the agent's own list of steps: one list in older releases, a call per step in newer."""
    if place.release.is_modern:
        return [_task_create(number, title) for number, title in enumerate(titles, start=1)]
    return [_todo_write(titles)]


def _task_create(number: int, title: str) -> ToolStep:
    said = f"Task #{number} created successfully: {title}"
    result = {"task": {"id": str(number), "subject": title}}
    return ToolStep("TaskCreate", {"subject": title, "description": title}, said, result, 0.02)


def _todo_write(titles: list[str]) -> ToolStep:
    listed = [
        {"content": title, "status": "pending" if n else "in_progress", "activeForm": f"Working on: {title}"}
        for n, title in enumerate(titles)
    ]
    said = "Todos have been modified successfully."
    return ToolStep("TodoWrite", {"todos": listed}, said, {"oldTodos": [], "newTodos": listed}, 0.02)


def skill(place: Workplace) -> ToolStep:
    """Load a skill of the project."""
    name = place.rng.choice(("db-migrations", "release-notes"))
    result = {"success": True, "commandName": name}
    return ToolStep("Skill", {"skill": name}, f"Launching skill: {name}", result, 0.05)


def mcp_query(place: Workplace) -> ToolStep:
    """Ask the project's database through an MCP server."""
    blocks = [{"type": "text", "text": f'[{{"count": {place.rng.randrange(20, 900)}}}]'}]
    asked = {"sql": "select count(*) from orders_order where pickup_on = current_date"}
    return ToolStep("mcp__bakery-db__query", asked, blocks, blocks, place.rng.uniform(0.1, 2))
