"""The part of a text that shows why it was found, as pieces that are marked or not: never HTML."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sessions.parsers.display import shown
from sessions.parsers.words import Word, words_of
from sessions.search.query import Query, Term

BEFORE_CHARS, SNIPPET_CHARS = 60, 240


class Piece(NamedTuple):
    """A piece of a snippet; `is_match` where it is what was looked for."""

    text: str
    is_match: bool


def snippet(text: str, query: Query) -> tuple[Piece, ...]:
    """About 240 characters around the first match, with every match in them marked; the beginning where none is."""
    words = list(words_of(text))
    row = query.in_a_row
    terms = [row, *query.wanted] if row else list(query.wanted)
    first = next((found for term in terms for found in _matches(words, term)), (0, 0))
    start = _word_boundary(words, first[0] - BEFORE_CHARS)
    end = min(len(text), start + SNIPPET_CHARS)
    spans = sorted(span for term in query.wanted for span in _matches(_within(words, start, end), term))
    return tuple(_pieces(text, start, end, spans))


def _within(words: Sequence[Word], start: int, end: int) -> list[Word]:
    return [word for word in words if start <= word.start and word.end <= end]


def _word_boundary(words: Sequence[Word], at: int) -> int:
    """The beginning of the first word at or after a place; the text's own beginning for one before it."""
    return 0 if at <= 0 else next((word.start for word in words if word.start >= at), at)


def _matches(words: Sequence[Word], term: Term) -> Iterator[tuple[int, int]]:
    """(start, end) of every place where the term's words stand in a row."""
    first, size = term.words[0], len(term.words)
    for at, word in enumerate(words):
        if word.word == first or (size == 1 and term.is_prefix and word.word.startswith(first)):
            row = words[at : at + size]
            if _is_match([w.word for w in row], term):
                yield row[0].start, row[-1].end


def _is_match(row: Sequence[str], term: Term) -> bool:
    if len(row) < len(term.words) or tuple(row[:-1]) != term.words[:-1]:
        return False
    return row[-1].startswith(term.words[-1]) if term.is_prefix else row[-1] == term.words[-1]


def _pieces(text: str, start: int, end: int, spans: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    if start:
        yield Piece("… ", False)
    at = start
    for first, last in spans:
        if first < at:  # matches may overlap
            continue
        if first > at:
            yield Piece(shown(text[at:first]), False)
        yield Piece(shown(text[first:last]), True)
        at = last
    if at < end:
        yield Piece(shown(text[at:end]), False)
    if end < len(text):
        yield Piece(" …", False)
