"""What Claude Code puts between tags in texts: `<command-name>/review</command-name>`.

It is no XML: a tag may stay open, and what is between two is anything. A text is gone through once, however many tags
it opens and never closes; an expression that looks for the end of each would take the square of that.
"""

import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple


class Tagged(NamedTuple):
    """What stands between an opening tag and the next closing one of its name; `start` and `end` are of the whole."""

    name: str
    text: str
    start: int
    end: int


def tags(*names: str) -> re.Pattern[str]:
    """What finds the tags of these names, for `tagged`; a name is an expression without repetitions that overlap."""
    return re.compile(rf"<(/?)({'|'.join(names)})>")


def tagged(tag: re.Pattern[str], said: str, most: int | None = None) -> Iterator[Tagged]:
    """What stands between tags, in order, none inside of another; at most so many characters, where that is given."""
    found = list(tag.finditer(said))
    closing: dict[str, deque[re.Match[str]]] = {}
    for mark in found:
        if mark[1]:
            closing.setdefault(mark[2], deque()).append(mark)
    behind = 0
    for mark in found:
        if mark[1] or mark.start() < behind:
            continue
        ends = closing.get(mark[2])
        while ends and ends[0].start() < mark.end():
            ends.popleft()
        if not ends or (most is not None and ends[0].start() - mark.end() > most):
            continue
        end = ends.popleft()
        behind = end.end()
        yield Tagged(mark[2], said[mark.end() : end.start()], mark.start(), behind)


def between(tag: re.Pattern[str], said: str, most: int) -> str | None:
    """What stands between the first two tags, without the space around it; None where no such thing stands there."""
    return next((found.text.strip() for found in tagged(tag, said, most)), None)


def without(tag: re.Pattern[str], said: str) -> str:
    """The text without these tags and what stands between them."""
    pieces, at = [], 0
    for found in tagged(tag, said):
        pieces.append(said[at : found.start])
        at = found.end
    return "".join([*pieces, said[at:]])


COMMAND, ARGUMENTS = tags("command-name"), tags("command-args")
COMMAND_CHARS, ARGUMENT_CHARS = 200, 4000
NOTICE = tags("task-id", "tool-use-id", "status", "summary")
SUMMARY = tags("summary")
NOTICE_CHARS = 500
# What a person typed into a shell, or a command of the agent printed.
PRINTED = tags(
    *(f"{of}-{what}" for of in ("local-command", "bash") for what in ("stdout", "stderr", "input"))
)
# What Claude Code and its editor extensions put around a person's words.
ADDED = tags("system-reminder", "ide_[a-z_]+")
