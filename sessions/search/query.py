"""The language of searches: words, "phrases", beginnings* and -exclusions (docs/search.md)."""

import re
from dataclasses import dataclass, field

from sessions.parsers.words import words_in

MAX_CHARS, MAX_TERMS = 500, 24
MIN_PREFIX_CHARS = 3
_TERM = re.compile(r'(?P<minus>(?:-(?=["\w]))?)(?:"(?P<phrase>[^"]*)(?:"|$)|(?P<plain>[^\s"]+))(?P<star>\*?)')
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))


class BadQuery(ValueError):
    """A search that cannot be answered; the message is a sentence for the asker."""


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand in a row; the last one may go on where it is a beginning."""

    words: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Everything of `wanted` and nothing of `unwanted`; `notes` say what of the text was left out, and why."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def in_a_row(self) -> Term | None:
        """All wanted words as one phrase; None where there is one term only."""
        words = tuple(word for term in self.wanted for word in term.words)
        return Term(words, self.wanted[-1].is_prefix) if len(self.wanted) > 1 else None


def parsed(text: str) -> Query:
    """The query a text stands for. Raises BadQuery."""
    text = text.replace("\x00", " ").translate(_QUOTES)
    if len(text) > MAX_CHARS:
        raise BadQuery(f"A search may have {MAX_CHARS} characters; this one has {len(text):,}.")
    wanted: dict[Term, None] = {}
    unwanted: dict[Term, None] = {}
    notes = []
    for found in _TERM.finditer(text):
        term = _term(found)
        if term is None:
            notes.append(f"“{found[0]:.40}” has no letters or digits and was left out.")
        else:
            (unwanted if found["minus"] else wanted)[term] = None
    if len(wanted) + len(unwanted) > MAX_TERMS:
        raise BadQuery(f"A search may have {MAX_TERMS} words or phrases.")
    if not wanted:
        raise BadQuery(_nothing_wanted(bool(unwanted)))
    return Query(tuple(wanted), tuple(unwanted), tuple(notes))


def _term(found: re.Match[str]) -> Term | None:
    said = found["phrase"] if found["phrase"] is not None else found["plain"]
    words = tuple(words_in(said))
    # A plain word swallows its star, and a star inside words means nothing.
    is_prefix = bool(found["star"]) or (found["phrase"] is None and said.endswith("*"))
    if not words:
        return None
    if is_prefix and len(words[-1]) < MIN_PREFIX_CHARS and words[-1].isascii():
        raise BadQuery(
            f"“{words[-1]}*” begins too many words; a beginning needs {MIN_PREFIX_CHARS} characters."
        )
    return Term(words, is_prefix)


def _nothing_wanted(has_unwanted: bool) -> str:
    if has_unwanted:
        return "Give at least one word to look for beside those to leave out."
    return "Give at least one word to look for."
