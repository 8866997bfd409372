"""A tool call as a person reads it: the parts of its card, by the tool's name.

Nothing that was given is left out: what a tool's own card does not show in its way follows as fields and texts.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sessions.cards.ansi import runs
from sessions.cards.differences import MOST_LINES, DiffLine, patch_lines, replacement_lines
from sessions.cards.parts import (
    Address,
    Checklist,
    Command,
    Difference,
    Excerpt,
    Fields,
    Option,
    Part,
    Plain,
    Prose,
    Question,
    Step,
    Terminal,
)
from sessions.parsers.display import cut, shown
from sessions.parsers.values import items, mapping, text

FIELD_CHARS = 120
_NUMBERED = re.compile(r" *(\d{1,9})(?:→|\t)(.*)", re.DOTALL)
_WEB = re.compile(r"https?://[^\s\"'<>\\^`{}|\x00-\x20]{1,2000}\Z")


@dataclass(slots=True)
class Called:
    """A call as the transcript has it: what was given, and what came back. `answer` is None where nothing did."""

    name: str
    given: dict[str, Any]
    answer: str | None
    detail: Mapping[str, Any]
    succeeded: bool
    most_chars: int
    taken: set[str] = field(default_factory=set)
    is_told: bool = False  # the answer has been shown

    def take(self, name: str) -> str:
        """A given text, "" where there is none; anything else than a text is left for the rest."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return ""
        self.taken.add(name)
        return value

    def rest(self) -> Iterator[Part]:
        """What was given and not taken, short values first."""
        left = [(name, _as_text(value)) for name, value in self.given.items() if name not in self.taken]
        short = tuple((shown(name), shown(value)) for name, value in left if _is_short(value))
        if short:
            yield Fields(short)
        for name, value in left:
            if not _is_short(value):
                yield Plain(shown(name), cut(value, self.most_chars))

    def result(self, *, is_folded: bool = False) -> Iterator[Part]:
        """What the tool said, as it stands. What is told of a failure is never folded away."""
        if self.answer is not None and not self.is_told:
            folded = is_folded and self.succeeded
            yield Plain("Result", cut(self.answer, self.most_chars), is_result=True, is_folded=folded)
        self.is_told = True


def tool_parts(called: Called) -> tuple[Part, ...]:
    """The parts of a call's card, in the order they are read."""
    maker = _MAKERS.get(called.name, _any_tool)
    parts = list(maker(called))
    # The short values of what is left stand at the top, where a reader looks for them.
    rest = list(called.rest())
    fields = [part for part in rest if isinstance(part, Fields)]
    others = [part for part in rest if not isinstance(part, Fields)]
    return (*fields, *others, *parts, *called.result())


def _any_tool(_: Called) -> Iterator[Part]:
    yield from ()


def _shell(called: Called) -> Iterator[Part]:
    if command := called.take("command"):
        yield Command(cut(command, called.most_chars))
    yield from _terminal(called)


def _terminal(called: Called) -> Iterator[Part]:
    if called.answer:
        most = called.most_chars
        yield Terminal(
            tuple(runs(called.answer[:most])), len(called.answer), is_cut=len(called.answer) > most
        )
        called.is_told = True


def _edit(called: Called) -> Iterator[Part]:
    path = called.take("file_path") or called.take("notebook_path")
    patch = list(islice(patch_lines(called.detail.get("structuredPatch")), MOST_LINES + 1))
    asked = list(_asked_for(called))
    if patch:
        yield _difference(path, patch)
    else:
        yield from (_difference(path, lines, is_asked=True) for lines in asked)
    yield from called.result(is_folded=True)


def _asked_for(called: Called) -> Iterator[list[DiffLine]]:
    """The lines of each replacement asked for."""
    whole = mapping(called.given)
    if "old_string" in whole or "new_string" in whole:
        yield _replaced(called.take("old_string"), called.take("new_string"))
    edits = items(whole.get("edits"))
    if edits and all(isinstance(edit, dict) for edit in edits):
        called.taken.add("edits")
        for edit in edits[:100]:
            yield _replaced(text(edit.get("old_string")), text(edit.get("new_string")))


def _replaced(old: str, new: str) -> list[DiffLine]:
    return list(islice(replacement_lines(old, new), MOST_LINES + 1))


def _difference(path: str, lines: list[DiffLine], *, is_asked: bool = False) -> Difference:
    return Difference(shown(path), tuple(lines[:MOST_LINES]), is_asked, len(lines) > MOST_LINES)


def _write(called: Called) -> Iterator[Part]:
    path, content = called.take("file_path"), called.take("content")
    patch = list(islice(patch_lines(called.detail.get("structuredPatch")), MOST_LINES + 1))
    if patch:
        yield _difference(path, patch)
    elif content:
        label = "Written" if called.succeeded else "Asked to write"
        yield _excerpt(label, path, content, 1, None, called)
    yield from called.result(is_folded=True)


def _read(called: Called) -> Iterator[Part]:
    path = called.take("file_path")
    file = mapping(called.detail.get("file"))
    content, start = file.get("content"), file.get("startLine")
    if isinstance(content, str) and content:
        first = start if type(start) is int and 0 < start < 1 << 31 else 1
        total = file.get("totalLines")
        part = _excerpt(
            "Read", path, content, first, total if type(total) is int else None, called, is_result=True
        )
        called.is_told = called.succeeded
        yield part
    elif called.succeeded and called.answer and (lines := _numbered_lines(called.answer)):
        called.is_told = True
        yield Excerpt(
            "Read", shown(path), tuple(lines[:MOST_LINES]), is_cut=len(lines) > MOST_LINES, is_result=True
        )
    elif path:
        yield Fields((("file", shown(path)),))


def _excerpt(
    label: str,
    path: str,
    content: str,
    first: int,
    total: int | None,
    called: Called,
    *,
    is_result: bool = False,
) -> Excerpt:
    held = content[: called.most_chars].split("\n")
    if held[-1] == "" and len(held) > 1:
        held.pop()
    lines = tuple((first + at, shown(line)) for at, line in enumerate(held[:MOST_LINES]))
    is_cut = len(content) > called.most_chars or len(held) > MOST_LINES
    return Excerpt(label, shown(path), lines, total, is_cut, is_result)


def _numbered_lines(said: str) -> list[tuple[int, str]]:
    """The lines of a listing whose every line begins with its number; [] of any other text."""
    body = said.partition("\n\n<system-reminder>")[0].rstrip("\n")
    found = []
    for line in body.split("\n"):
        match = _NUMBERED.match(line)
        if match is None:
            return []
        found.append((int(match[1]), shown(match[2])))
    return found if body == said.rstrip("\n") else []


def _todos(called: Called) -> Iterator[Part]:
    given = called.given.get("todos")
    todos = [mapping(todo) for todo in items(given) if isinstance(todo, dict)]
    if todos:
        called.taken.add("todos")
        before = {
            text(mapping(t).get("content")): text(mapping(t).get("status"))
            for t in items(called.detail.get("oldTodos"))
        }
        steps = tuple(_step(todo, before) for todo in todos[:MOST_LINES])
        names = {text(todo.get("content")) for todo in todos}
        dropped = tuple(shown(name) for name in before if name and name not in names)
        yield Checklist(steps, dropped[:MOST_LINES])
    yield from called.result(is_folded=True)


def _step(todo: Mapping[str, Any], before: Mapping[str, str]) -> Step:
    name, state = text(todo.get("content")), text(todo.get("status"))
    was = before.get(name, "")
    return Step(
        shown(name),
        shown(state),
        shown(was) if was != state else "",
        is_new=bool(before) and name not in before,
    )


def _task_made(called: Called) -> Iterator[Part]:
    if subject := called.take("subject"):
        yield Checklist((Step(shown(subject), "pending", is_new=True),))
    if told := called.take("description"):
        yield Prose("Description", cut(told, called.most_chars))
    yield from called.result(is_folded=True)


def _agent(called: Called) -> Iterator[Part]:
    if prompt := called.take("prompt"):
        yield Prose("Asked", cut(prompt, called.most_chars))
    if called.answer and called.succeeded:
        yield Prose("Its answer", cut(called.answer, called.most_chars), is_result=True)
        called.is_told = True


def _questions(called: Called) -> Iterator[Part]:
    asked = [mapping(question) for question in items(called.given.get("questions")) if mapping(question)]
    answers = mapping(called.detail.get("answers"))
    if asked:
        called.taken.add("questions")
        yield from (_question(question, answers) for question in asked[:50])
    yield from called.result(is_folded=bool(answers))


def _question(question: Mapping[str, Any], answers: Mapping[str, Any]) -> Question:
    words = text(question.get("question"))
    given = answers.get(words)
    told = ", ".join(map(str, given)) if isinstance(given, list) else text(given)
    labels = [text(mapping(option).get("label")) for option in items(question.get("options"))[:50]]
    chosen = {told} if told in labels else {part.strip() for part in told.split(",")} & set(labels)
    options = tuple(
        Option(shown(label), shown(text(mapping(option).get("description"))), label in chosen)
        for label, option in zip(labels, items(question.get("options")), strict=False)
    )
    return Question(
        shown(text(question.get("header"))), shown(words), options, "" if chosen else shown(told), bool(told)
    )


def _plan(called: Called) -> Iterator[Part]:
    if plan := called.take("plan"):
        yield Prose("Plan", cut(plan, called.most_chars))
    yield from called.result(is_folded=bool(plan))


def _web(called: Called) -> Iterator[Part]:
    if url := called.take("url"):
        yield Address(shown(url[:2000]), url if _WEB.match(url) else "")
    if called.answer and called.succeeded:
        yield Prose("Result", cut(called.answer, called.most_chars), is_result=True)
        called.is_told = True


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _is_short(value: str) -> bool:
    return len(value) <= FIELD_CHARS and "\n" not in value


_MAKERS: dict[str, Callable[[Called], Iterator[Part]]] = {
    **dict.fromkeys(("Bash", "PowerShell"), _shell),
    **dict.fromkeys(("BashOutput", "TaskOutput", "KillShell", "KillBash"), _terminal),
    **dict.fromkeys(("Edit", "MultiEdit", "NotebookEdit"), _edit),
    "Write": _write,
    "Read": _read,
    "TodoWrite": _todos,
    "TaskCreate": _task_made,
    **dict.fromkeys(("Task", "Agent"), _agent),
    "AskUserQuestion": _questions,
    "ExitPlanMode": _plan,
    **dict.fromkeys(("WebFetch", "WebSearch"), _web),
}
