"""Which lines of a session stand off its live branch: the conversation was taken back to before them (R22). Pure.

Lines name the line they answer, so that a session is a tree. When a person goes back and asks anew, the new prompt
answers an earlier line than the last, and what had been said since stays in the file as a dead branch.

A tree also branches where nothing was taken back: the answers to calls that run at the same time each answer their own
call. So a branch is dead only when it ended before a prompt began the living one beside it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

# Records that answer others; the rest (titles, snapshots, ...) belongs to the whole session.
_ANSWERING = frozenset({"user", "assistant", "system", "attachment", "progress"})


class Line(NamedTuple):
    """A stored line in its session's order, with its key and that of the line it answers."""

    entry_id: int
    seq: int
    key: int
    parent: int | None
    kind: str
    subtype: str

    @property
    def is_prompt(self) -> bool:
        return self.kind == "user" and self.subtype == "prompt"

    @property
    def is_note(self) -> bool:
        """Neither said by the model nor a prompt nor an answer to a call."""
        return not (self.is_prompt or self.kind == "assistant" or self.subtype == "tool_result")


def off_branch(lines: Sequence[Line]) -> set[int]:
    """Keys of the lines on dead branches; none where the lines are no tree with one root, which reads as one line."""
    answering = [line for line in lines if line.kind in _ANSWERING]
    if not _branches_at_a_prompt(answering):
        return set()
    tree = _Tree(answering)
    return tree.dead() if tree.is_whole else set()


def _branches_at_a_prompt(lines: list[Line]) -> bool:
    """Whether any prompt, or a note before it, has a sibling: in most sessions none has, and no tree is built."""
    answers = Counter([line.parent for line in lines])
    notes = {line.key: line.parent for line in lines if line.is_note}
    for prompt in (line for line in lines if line.is_prompt):
        at = prompt.parent
        while answers[at] < 2 and at in notes:
            at = notes.pop(at)  # once is enough, whatever circles the file draws
        if answers[at] > 1:
            return True
    return False


class _Tree:
    def __init__(self, lines: list[Line]) -> None:
        self._lines: dict[int, Line] = {}
        self._place: dict[int, int] = {}
        for place, line in enumerate(lines):
            self._lines.setdefault(line.key, line)
            self._place.setdefault(line.key, place)
        self._children: dict[int | None, list[int]] = {}
        for key, line in self._lines.items():
            self._children.setdefault(line.parent if line.parent in self._lines else None, []).append(key)
        self._live = self._path()

    @property
    def is_whole(self) -> bool:
        """One root, no line that answers one that is not there, and no circle."""
        roots = self._children.get(None, [])
        return len(roots) == 1 and self._lines[roots[0]].parent is None and roots[0] in self._live[:1]

    def _path(self) -> list[int]:
        """From the root to the last message; empty where every message's id was another line's before."""
        talk = [key for key, line in self._lines.items() if line.kind in ("user", "assistant")]
        if not talk:
            return []
        at = max(talk, key=lambda key: self._place[key])
        path = {at: None}
        while (parent := self._lines[at].parent) in self._lines and parent not in path:
            path[parent] = None
            at = parent
        return list(path)[::-1]

    def dead(self) -> set[int]:
        found: set[int] = set()
        for at, (parent, child) in enumerate(zip(self._live, self._live[1:], strict=False), 1):
            beside = [key for key in self._children.get(parent, ()) if key != child]
            if beside and self._begins_with_prompt(at):
                for key in beside:
                    branch = list(self._below(key))
                    found.update(branch if self._is_dead(branch, child) else ())
        return found

    def _begins_with_prompt(self, at: int) -> bool:
        """Whether the living branch goes on with a prompt here, notes before it not counted."""
        for key in self._live[at:]:
            line = self._lines[key]
            if not line.is_note:
                return line.is_prompt
        return False

    def _is_dead(self, branch: list[int], living: int) -> bool:
        said = any(self._lines[key].is_prompt or self._lines[key].kind == "assistant" for key in branch)
        return said and max(self._place[key] for key in branch) < self._place[living]

    def _below(self, key: int) -> Iterator[int]:
        waiting = [key]
        while waiting:
            at = waiting.pop()
            yield at
            waiting += self._children.get(at, ())


def entries_to_mark(lines: Iterable[tuple[Line, bool]]) -> tuple[list[int], list[int]]:
    """(entries to mark as off the live branch, entries to take the mark off), of lines with their present marks."""
    lines = list(lines)
    dead = off_branch([line for line, _ in lines])
    return (
        [line.entry_id for line, marked in lines if line.key in dead and not marked],
        [line.entry_id for line, marked in lines if line.key not in dead and marked],
    )
