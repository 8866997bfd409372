"""The YAML block at the top of a Markdown file, read safely and with limits.

Values are kept as they are written: only null, true, false and plain whole numbers become something else than text, so
that a phase `3.10` stays `3.10` and a date stays what somebody wrote. Broken YAML loses what is broken: each top-level
key is read for itself, and what went wrong is reported with its line.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from tasks.parsers.records import Problem

MAX_CHARS = 512 * 1024
MAX_DEPTH = 40
# Counted as if every alias were written out, which is how much anyone who walks the values would see.
MAX_NODES = 200_000
_EXCERPT = 200

_FENCE = re.compile(r"\A---[ \t]*\n")
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.M)
_KEY = re.compile(r"^(?:\"([^\"\n]+)\"|'([^'\n]+)'|([A-Za-z_](?:[\w.\- ]*[\w.\-])?))[ \t]*:(?=[ \t]|$)")
_CONFLICT = re.compile(r"^(?:<<<<<<<|=======|>>>>>>>)", re.M)
_COMMENT = re.compile(r"(?<!\s)\s+#.*")


@dataclass(slots=True)
class FrontMatter:
    """Top-level values, with what follows them in the file."""

    values: dict[str, Any] = field(default_factory=dict)
    is_present: bool = False
    body: str = ""
    body_line: int = 1  # the file's line with which the body begins
    problems: list[Problem] = field(default_factory=list)
    item_lines: dict[str, list[int]] = field(default_factory=dict)  # lines of the items of top-level lists


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe, and sparing with types."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def construct_scalar(self, node: Any) -> Any:
        """Without NUL, which an escape can write and no database takes."""
        value = super().construct_scalar(node)
        return value.replace("\x00", "\ufffd") if isinstance(value, str) else value


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]{0,14})$"), list("-+0123456789")
)


class _TooMuch(Exception):
    """Front matter beyond the limits."""


def decode(raw: bytes) -> tuple[str, list[Problem]]:
    """A file's text with `\\n` line ends and nothing a database refuses."""
    problems = []
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.append(Problem(line, "not_utf8", "The file is not UTF-8; bytes that are not were replaced."))
        text = raw.decode("utf-8-sig", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd"), problems


def read_front_matter(text: str) -> FrontMatter:
    """Front matter and body of a decoded file; a file without front matter is all body."""
    opening = _FENCE.match(text)
    if not opening:
        return FrontMatter(body=text)
    end = _END.search(text, opening.end())
    if end is None:
        found = FrontMatter(body=text)
        if _KEY.match(text[opening.end() :]):
            found.problems.append(
                Problem(1, "unclosed", "The front matter has no closing line of three dashes.")
            )
        return found
    block = text[opening.end() : end.start()]
    found = read_yaml(block, first_line=2)
    found.body = text[end.end() + 1 :]
    found.body_line = text.count("\n", 0, end.end()) + 2
    return found


def read_yaml(block: str, first_line: int = 1) -> FrontMatter:
    """The mapping a YAML text holds, or what can be saved of it."""
    found = FrontMatter()
    try:
        node, values = _load(block)
    except _TooMuch as limit:
        found.problems.append(Problem(first_line, "too_large", str(limit)))
        _recover(block[:MAX_CHARS], first_line, found, whole_items=False)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        found.problems.append(_broken(block, first_line, error))
        _recover(block, first_line, found, whole_items=True)
    else:
        if isinstance(values, dict):
            found.values = {str(key): value for key, value in values.items()}
            found.item_lines = _item_lines(node, first_line)
            found.is_present = True
        elif _KEY.match(block):
            found.problems.append(Problem(first_line, "not_a_mapping", "The front matter has no keys."))
    found.is_present = found.is_present or bool(found.values)
    return found


def _load(text: str) -> tuple[Any, Any]:
    """(node, value) of a YAML text. Raises YAMLError and _TooMuch."""
    _check_limits(text)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return node, loader.construct_document(node) if node is not None else None
    finally:
        loader.dispose()


def _check_limits(text: str) -> None:
    """Go through the events, which needs neither recursion nor memory, before anything is built of them."""
    if len(text) > MAX_CHARS:
        raise _TooMuch(f"The front matter has {len(text):,} characters; {MAX_CHARS:,} are read.")
    sizes: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []  # (anchor, nodes before it)
    total = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, total))
            total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor:
                sizes[anchor] = total - before
        elif isinstance(event, yaml.AliasEvent):
            total += sizes.get(event.anchor or "", MAX_NODES)
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        if len(opened) > MAX_DEPTH:
            raise _TooMuch(f"The front matter is nested more than {MAX_DEPTH} deep.")
        if total > MAX_NODES:
            raise _TooMuch(f"The front matter has more than {MAX_NODES:,} values, aliases written out.")


def _item_lines(node: Any, first_line: int) -> dict[str, list[int]]:
    found = {}
    for key, value in node.value:
        items = value.value if isinstance(value, yaml.CollectionNode) else ()
        if items and isinstance(value, yaml.SequenceNode):
            found[key.value] = [item.start_mark.line + first_line for item in items]
        elif items:
            found[key.value] = [pair[0].start_mark.line + first_line for pair in items]
    return found


def _broken(block: str, first_line: int, error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    lines = block.split("\n")
    at = min(mark.line, len(lines) - 1) if mark else 0
    if conflict := _CONFLICT.search(block):
        at = block.count("\n", 0, conflict.start())
        said = "The front matter holds the marks of an unresolved merge conflict"
        return Problem(
            at + first_line, "merge_conflict", f"{said}; the first of both sides was read.", lines[at]
        )
    said = getattr(error, "problem", None) or str(error) or type(error).__name__
    detail = f"The front matter is not valid YAML: {said}. Its keys were read one by one."
    return Problem(at + first_line, "broken_yaml", detail[:500], lines[at].strip()[:_EXCERPT])


def _recover(block: str, first_line: int, found: FrontMatter, *, whole_items: bool) -> None:
    """Read each top-level key for itself; the first of equal keys wins, as a reader of the file would see it."""
    for key, start, lines in _top_level(block):
        if key in found.values:
            continue
        try:
            if not whole_items and any(line.strip() for line in lines[1:]):
                continue
            values = _load("\n".join(lines))[1]
            found.values[key] = values[key] if isinstance(values, dict) and key in values else None
        except (_TooMuch, yaml.YAMLError, ValueError, RecursionError, TypeError):
            found.values[key] = _saved(lines, key, start + first_line, found)


def _top_level(block: str) -> list[tuple[str, int, list[str]]]:
    """(key, line from 0, lines) of every top-level key; lines that belong to no key end the one before them."""
    found: list[tuple[str, int, list[str]]] = []
    is_open = False
    for number, line in enumerate(block.split("\n")):
        if key := _KEY.match(line):
            found.append((next(filter(None, key.groups())), number, [line]))
            is_open = True
        elif line[:1] in (" ", "\t", "-", "#", "", "]", "}"):
            if is_open:
                found[-1][2].append(line)
        else:
            is_open = False
    return found


def _saved(lines: list[str], key: str, first_line: int, found: FrontMatter) -> Any:
    """What can be had of a key whose own lines are broken: its list item by item, else its text as it stands."""
    inline = lines[0][lines[0].index(":") + 1 :].strip()
    if inline:
        return _COMMENT.sub("", inline).strip("\"'")
    items: list[Any] = []
    found.item_lines[key] = []
    for start, item in _items(lines[1:]):
        line = first_line + 1 + start
        try:
            value = _load("\n".join(item))[1]
        except (_TooMuch, yaml.YAMLError, ValueError, RecursionError, TypeError):
            value = [_saved_item(item)]
            detail = f"An item of `{key}` is not valid YAML; only its plain keys were read."
            found.problems.append(Problem(line, "broken_item", detail, item[0].strip()[:_EXCERPT]))
        if isinstance(value, list):
            items += value
            found.item_lines[key] += [line] * len(value)
    return items


def _items(lines: list[str]) -> list[tuple[int, list[str]]]:
    """The items of a block list, each with its place; dashes deeper than the first belong to an item."""
    first = next((line for line in lines if line.strip()), "")
    indent = len(first) - len(first.lstrip())
    opening = re.compile(rf"^[ \t]{{{indent}}}-(?:\s|$)")
    found: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines):
        if opening.match(line):
            found.append((number, [line]))
        elif found:
            found[-1][1].append(line)
    return found


def _saved_item(lines: list[str]) -> Any:
    """The scalar keys of a broken item, or its text."""
    inner = [lines[0].replace("-", " ", 1), *lines[1:]]
    indent = len(inner[0]) - len(inner[0].lstrip())
    values: dict[str, Any] = {}
    for line in inner:
        if len(line) - len(line.lstrip()) == indent and (key := _KEY.match(line.strip())):
            rest = line.strip()[key.end() :].strip()
            values.setdefault(next(filter(None, key.groups())), _COMMENT.sub("", rest).strip("\"'"))
    return values or lines[0].strip().removeprefix("-").strip()
