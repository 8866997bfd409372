"""What the templates of the transcript need beyond figures and icons."""

from collections.abc import Iterable
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from sessions import markdown as markdown_text
from sessions.cards.ansi import Run
from sessions.cards.differences import DELETED, INSERTED, SEAM, DiffLine

register = template.Library()

_ICONS = {
    "shell": "terminal",
    "file": "file",
    "search": "search",
    "web": "external",
    "agent": "agent",
    "skill": "spark",
    "plan": "list",
}
_EDITORS = {"Edit", "MultiEdit", "Write", "NotebookEdit"}


@register.filter
def markdown(text: str) -> SafeString:
    """A text that a stranger wrote as safe HTML."""
    return markdown_text.render(text)


@register.simple_tag
def tool_icon(category: str, name: str = "") -> str:
    """The icon of a kind of tool; one that changes files has a pencil, one that reads them a sheet."""
    return "edit" if name in _EDITORS else _ICONS.get(category, "tool")


@register.filter
def diff_mark(line: str) -> str:
    """Which side of a change a line of a patch is on: ins, del, or "" for neither."""
    return {"+": "ins", "-": "del"}.get(line[:1], "")


# There are thousands of lines on a page: they are written without a template, every text through `escape`.


@register.simple_tag
def file_lines(lines: Iterable[tuple[int, str]]) -> SafeString:
    """Lines of a file with their numbers."""
    return _safe(
        f'<span class="code-line"><span class="line-no">{number}</span>'
        f'<span class="line-text">{escape(text)}</span></span>'
        for number, text in lines
    )


@register.simple_tag
def diff_lines(lines: Iterable[DiffLine]) -> SafeString:
    """Lines of a change: `ins` and `del` with the number on their side, what changed inside of a line marked."""
    return _safe(map(_diff_line, lines))


def _diff_line(line: DiffLine) -> str:
    if line.mark == SEAM:
        return '<span class="code-line diff-seam"><span class="line-no">⋯</span></span>'
    name = {INSERTED: "ins", DELETED: "del"}.get(line.mark, "span")
    number = line.old if line.mark == DELETED else line.new
    changed = f"<mark>{escape(line.changed)}</mark>" if line.changed else ""
    return (
        f'<{name} class="code-line"><span class="line-no">{"" if number is None else number}</span>'
        f'<span class="line-text">{escape(line.before)}{changed}{escape(line.after)}</span></{name}>'
    )


@register.simple_tag
def terminal_runs(found: Iterable[Run]) -> SafeString:
    """What a terminal shows; classes are names that `sessions.cards.ansi` makes up."""
    return _safe(
        f'<span class="{escape(run.classes)}">{escape(run.text)}</span>' if run.classes else escape(run.text)
        for run in found
    )


def _safe(pieces: Iterable[str]) -> SafeString:
    return mark_safe("".join(pieces))  # noqa: S308  (every piece is escaped where it is made)
