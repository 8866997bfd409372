"""Every regular expression of the program, and texts made of each to keep it busy.

A text is made of what an expression repeats: the beginning it wants, then what may stand there any number of times,
then something that does not fit.
"""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from telemetry_site.tests.length import times

op: Any = importlib.import_module("re._constants")
_parser: Any = importlib.import_module("re._parser")
APPS = ("sessions", "tasks", "analytics", "alerts", "telemetry_site")
_LEFT_OUT = (".tests", ".migrations", ".demo", ".management", "asgi", "wsgi", "gunicorn_config")
_IN_A_CALL = re.compile(r"\bre\.(?!compile|Match|Pattern)[a-z]+\(")
_METHODS = ("search", "finditer", "findall", "sub", "subn", "split")
# What is never given more than so many characters, where that keeps it quick: {where it stands: characters}.
GIVEN_AT_MOST = {
    "sessions.parsers.formats.claude_tools._BLOCKED": 400,
    "tasks.parsers.statuses._REMARK": 1000,
    "tasks.parsers.estimates._POINTS": 200,
    "tasks.parsers.estimates._TIME": 200,
    "sessions.exporting.file_style._COMMENT": 1000,  # of our own style sheets
}
_MISFITS = ("\x00", "", "\n", "!")[: times(1, long=4)]


@cache
def every_pattern() -> dict[str, re.Pattern[Any]]:
    """{where it stands: the expression}, of modules and of what stands in their tables and calls."""
    found: dict[str, re.Pattern[Any]] = {}
    for module in _modules():
        for name, value in vars(module).items():
            if getattr(value, "__module__", module.__name__) == module.__name__ or not is_dataclass(value):
                for where, pattern in _inside(value, f"{module.__name__}.{name}"):
                    if pattern not in found.values():
                        found[where] = pattern
        for line, pattern in _written_in_calls(module):
            found[f"{module.__name__}:{line}"] = pattern
    return found


@cache
def is_tried_anywhere(where: str) -> bool:
    """Whether an expression is looked for in all of a text, and not only at one place of it."""
    module, _, name = where.partition("[")[0].rpartition(".")
    if ":" in where or "[" in where:
        return not module.endswith("secrets.kinds") and "secrets" not in where
    source = _source(importlib.import_module(module))
    return bool(re.search(rf"\b{re.escape(name)}\.(?:{'|'.join(_METHODS)})\(", source))


def attacks(pattern: re.Pattern[Any], length: int) -> Iterator[Any]:
    """Texts of this length that give the expression as much to do as can be told from it."""
    is_bytes = isinstance(pattern.pattern, bytes)
    seen = set()
    for unit, start in _units(list(_parser.parse(pattern.pattern, pattern.flags))):
        for text in _texts(start, unit, length):
            if text and text not in seen:
                seen.add(text)
                yield text.encode("latin-1", "replace") if is_bytes else text


def _texts(start: str, unit: str, length: int) -> Iterator[str]:
    whole = start + unit
    for misfit in _MISFITS:
        yield (start + unit * (length // max(1, len(unit))))[: length - len(misfit)] + misfit
    if start:
        yield (whole * (length // len(whole) + 1))[:length]
        yield (start * (length // len(start) + 1))[:length]
        half = length // 2
        yield (start * (half // len(start) + 1))[:half] + (unit * half)[:half]


def _units(nodes: list[Any], before: str = "") -> Iterator[tuple[str, str]]:
    """(what may be repeated, what stands before it) for every repetition in an expression."""
    for kind, value in nodes:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            body = list(value[2])
            for sample in _samples(body):
                yield sample, before
            yield from _units(body, before)
        elif kind is op.SUBPATTERN:
            yield from _units(list(value[3]), before)
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from _units(list(branch), before)
        before += _sample([(kind, value)])
    if before:
        yield before, ""


def _samples(nodes: list[Any]) -> set[str]:
    found = {_sample(nodes)}
    if len(nodes) == 1 and nodes[0][0] in (op.IN, op.ANY, op.NOT_LITERAL):
        test = re.compile(_one(nodes[0]), re.DOTALL) if nodes[0][0] is op.IN else re.compile(".", re.DOTALL)
        found |= {c for c in " \na0-_/.#A\t:" if test.fullmatch(c)}
    return {sample for sample in found if sample}


def _sample(nodes: list[Any]) -> str:
    return "".join(_one_sample(kind, value) for kind, value in nodes)


def _one_sample(kind: Any, value: Any) -> str:
    if kind is op.LITERAL:
        return chr(value)
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return _sample(list(value[2])) * min(int(value[0]), 200)
    if kind is op.SUBPATTERN:
        return _sample(list(value[3]))
    if kind is op.ATOMIC_GROUP:
        return _sample(list(value))
    if kind is op.BRANCH:
        return _sample(list(value[1][0]))
    if kind is op.IN:
        test = re.compile(_one((kind, value)))
        return next((c for c in "a0 -/A:.\n#'\"" if test.fullmatch(c)), "")
    return "a" if kind in (op.ANY, op.NOT_LITERAL) else ""


def _one(node: Any) -> str:
    """A class of characters, written as an expression again."""
    parts = []
    for kind, value in node[1]:
        if kind is op.NEGATE:
            parts.append("^")
        elif kind is op.LITERAL:
            parts.append(re.escape(chr(value)))
        elif kind is op.RANGE:
            parts.append(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
        else:
            parts.append(_CATEGORY_NAMES[value])
    return f"[{''.join(parts)}]"


_CATEGORY_NAMES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


def _modules() -> Iterator[ModuleType]:
    for app in APPS:
        package = importlib.import_module(app)
        for info in pkgutil.walk_packages(package.__path__, f"{app}."):
            if not any(part in info.name for part in _LEFT_OUT):
                yield importlib.import_module(info.name)


@cache
def _source(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")


def _inside(value: Any, where: str, depth: int = 3) -> Iterator[tuple[str, re.Pattern[Any]]]:
    if isinstance(value, re.Pattern):
        yield where, value
    elif depth and isinstance(value, list | tuple):
        for at, part in enumerate(value):
            yield from _inside(part, f"{where}[{at}]", depth - 1)
    elif depth and isinstance(value, dict):
        for key, part in value.items():
            yield from _inside(part, f"{where}[{key}]", depth - 1)
    elif depth and is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from _inside(getattr(value, one.name), f"{where}[{one.name}]", depth - 1)


def _written_in_calls(module: ModuleType) -> Iterator[tuple[int, re.Pattern[Any]]]:
    """Expressions that stand in a call, as in `re.match(r"...", text)`."""
    source = _source(module)
    for node in ast.walk(ast.parse(source)) if _IN_A_CALL.search(source) else ():
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in (*_METHODS, "match", "fullmatch")
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, re.compile(node.args[0].value)
