"""How many steps a regular expression takes on a text, counted by matching it the way Python's engine does.

A count is the same on every machine, busy or not: what a clock would say differently each time. Steps are what a
matcher without shortcuts takes, so Python takes no more. Groups that refer back to others may be anything.
"""

import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any

op: Any = import_module("re._constants")
_parser: Any = import_module("re._parser")
_IGNORE_CASE, _MULTILINE, _DOTALL = map(int, (re.IGNORECASE, re.MULTILINE, re.DOTALL))
_DEPTH = 40_000


class TooMany(Exception):
    """The text was not matched within the steps allowed."""


def steps(pattern: re.Pattern[Any], text: Any, most: int, *, anywhere: bool = True) -> int:
    """Steps to find every match in the text, or the one at its beginning. Raises TooMany beyond `most`."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _DEPTH))
    said = text.decode("latin-1") if isinstance(text, bytes) else text
    return _Matcher(pattern, said, most).count(anywhere=anywhere)


@lru_cache(maxsize=500)
def _parsed(pattern: re.Pattern[Any]) -> tuple[list[Any], dict[tuple[int, str], bool]]:
    """The nodes of an expression, with room for which characters those of one character take."""
    return list(_parser.parse(pattern.pattern, pattern.flags)), {}


class _Matcher:
    def __init__(self, pattern: re.Pattern[Any], text: str, most: int) -> None:
        self.flags, self.text, self.most, self.taken = pattern.flags, text, most, 0
        self.nodes, self.takes = _parsed(pattern)

    def count(self, *, anywhere: bool) -> int:
        at = 0
        while at <= len(self.text):
            end = next(self._sequence(self.nodes, 0, at), None)
            if not anywhere:
                break
            at = end if end is not None and end > at else at + 1
        return self.taken

    def _step(self) -> None:
        self.taken += 1
        if self.taken > self.most:
            raise TooMany

    def _sequence(self, nodes: list[Any], index: int, at: int) -> Iterator[int]:
        if index == len(nodes):
            yield at
            return
        for end in self._node(nodes[index], at):
            yield from self._sequence(nodes, index + 1, end)

    def _node(self, node: Any, at: int) -> Iterator[int]:
        self._step()
        kind, value = node
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            least, most, body = value
            yield from self._repeat(kind, least, most, body, at)
        elif kind is op.SUBPATTERN:
            yield from self._sequence(list(value[3]), 0, at)
        elif kind is op.ATOMIC_GROUP:
            yield from _first(self._sequence(list(value), 0, at))
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from self._sequence(list(branch), 0, at)
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            direction, body = value
            if self._holds(direction, body, at) == (kind is op.ASSERT):
                yield at
        elif kind is op.AT:
            if self._stands(value, at):
                yield at
        elif kind is op.GROUPREF:
            yield at
        elif at < len(self.text) and self._is_one(node, self.text[at]):
            yield at + 1

    def _repeat(self, kind: Any, least: int, most: Any, body: Any, at: int) -> Iterator[int]:
        nodes, limit = list(body), len(self.text) if most is op.MAXREPEAT else int(most)
        if len(nodes) == 1 and nodes[0][0] in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            ends = self._run(kind, nodes[0], least, limit, at)
        else:
            ends = self._groups(kind is op.MIN_REPEAT, nodes, least, limit, at)
        yield from _first(ends) if kind is op.POSSESSIVE_REPEAT else ends

    def _run(self, kind: Any, node: Any, least: int, limit: int, at: int) -> Iterator[int]:
        """One character again and again, which the engine does in a loop of its own."""
        end = at
        while end < len(self.text) and end - at < limit and self._is_one(node, self.text[end]):
            self._step()
            end += 1
            if kind is op.MIN_REPEAT and end - 1 - at >= least:
                yield end - 1
        if kind is op.MIN_REPEAT:
            if end - at >= least:
                yield end
            return
        for back in range(end, at + least - 1, -1):
            self._step()
            yield back

    def _groups(self, is_lazy: bool, nodes: list[Any], least: int, limit: int, at: int) -> Iterator[int]:
        if is_lazy and least <= 0:
            yield at
        if limit > 0:
            for end in self._sequence(nodes, 0, at):
                if end > at:
                    yield from self._groups(is_lazy, nodes, least - 1, limit - 1, end)
                elif least > 0:
                    yield end
        if not is_lazy and least <= 0:
            yield at

    def _holds(self, direction: int, body: Any, at: int) -> bool:
        nodes = list(body)
        if direction > 0:
            return next(self._sequence(nodes, 0, at), None) is not None
        width = body.getwidth()[0]
        return at >= width and at in self._sequence(nodes, 0, at - width)

    def _stands(self, place: Any, at: int) -> bool:
        text = self.text
        if place in (op.AT_BEGINNING, op.AT_BEGINNING_STRING):
            many = place is op.AT_BEGINNING and self.flags & _MULTILINE
            return at == 0 or bool(many and text[at - 1] == "\n")
        if place is op.AT_END:
            rest = text[at : at + 2]
            return rest in ("", "\n") or bool(self.flags & _MULTILINE and rest[:1] == "\n")
        if place is op.AT_END_STRING:
            return at == len(text)
        is_edge = self._is_word(text[at - 1 : at]) != self._is_word(text[at : at + 1])
        return is_edge == (place is op.AT_BOUNDARY)

    def _is_word(self, character: str) -> bool:
        return bool(character) and (character.isalnum() or character == "_")

    def _is_one(self, node: Any, character: str) -> bool:
        """Whether a node of one character takes this one; what classes mean is asked of Python itself."""
        key = (id(node), character)
        if key not in self.takes:
            self.takes[key] = self._asked(node, character)
        return self.takes[key]

    def _asked(self, node: Any, character: str) -> bool:
        if self.flags & _IGNORE_CASE and node[0] in (op.LITERAL, op.IN, op.NOT_LITERAL):
            return any(_takes(node, c, self.flags) for c in {character.lower(), character.upper()[:1]} if c)
        return _takes(node, character, self.flags)


def _takes(node: Any, character: str, flags: int) -> bool:
    kind, value = node
    if kind is op.ANY:
        return bool(flags & _DOTALL) or character != "\n"
    if kind is op.LITERAL:
        return bool(ord(character) == value)
    if kind is op.NOT_LITERAL:
        return bool(ord(character) != value)
    members = list(value)
    negated = bool(members) and members[0][0] is op.NEGATE
    return negated != any(_is_member(member, character) for member in members)


def _is_member(member: Any, character: str) -> bool:
    kind, value = member
    if kind is op.LITERAL:
        return bool(ord(character) == value)
    if kind is op.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if kind is op.CATEGORY:
        return bool(_CATEGORIES[value].match(character))
    return False


_CATEGORIES = {
    op.CATEGORY_DIGIT: re.compile(r"\d"),
    op.CATEGORY_NOT_DIGIT: re.compile(r"\D"),
    op.CATEGORY_SPACE: re.compile(r"\s"),
    op.CATEGORY_NOT_SPACE: re.compile(r"\S"),
    op.CATEGORY_WORD: re.compile(r"\w"),
    op.CATEGORY_NOT_WORD: re.compile(r"\W"),
}


def _first(ends: Iterator[int]) -> Iterator[int]:
    for end in ends:
        yield end
        return
