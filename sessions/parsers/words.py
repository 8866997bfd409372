r"""What a word is, the same for every database, for what is searched and for what is asked.

A word is a run of letters and digits, so `snake_case`, `file/path.py` and `feat-12` are words in a row. Case and
accents do not count, and each Han or Kana character is a word, since nothing stands between them. The databases
are given folded texts, in which beyond ASCII only letters and digits are left: their own rules differ.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from sessions.parsers.records import FoldedText, SearchText

MAX_WORD_CHARS = 64  # a longer one is found by how it begins
_HAN_AND_KANA = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0002f800-\U0002fa1f"
_SPACED = re.compile(f"([{_HAN_AND_KANA}])")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
_MARKS = re.compile("[\u0300-\u036f]")
_BETWEEN = re.compile(r"[\W_]+")
_LONG = re.compile(rf"[^\W_]{{{MAX_WORD_CHARS + 1},}}")
_WORD = re.compile(r"[^\W_]+")
_SPACED_ASCII = {code: " " for code in range(128) if not chr(code).isalnum()}
# In a text as it was written: a letter may be followed by marks that belong to it.
_WRITTEN = re.compile(f"[{_HAN_AND_KANA}]|(?:(?![{_HAN_AND_KANA}])[^\\W_][\u0300-\u036f]*)+")


class Word(NamedTuple):
    """A folded word and where it stands in the text it was read from."""

    word: str
    start: int
    end: int


def folded(text: str) -> str:
    """The text with its words as the index has them; what stands between them is of no meaning."""
    text = text.lower() if text.isascii() else _folded_beyond_ascii(text)
    return " ".join(map(_shortened, text.split())) if _may_hold_a_long_word(text) else text


def _may_hold_a_long_word(text: str) -> bool:
    """Whether so many characters follow each other without a space; nearly always it takes a few leaps to say no."""
    at = 0
    while len(text) - at > MAX_WORD_CHARS:
        space = text.rfind(" ", at, at + MAX_WORD_CHARS + 1)
        if space < 0:
            return True
        at = space + 1
    return False


def _shortened(part: str) -> str:
    return part if len(part) <= MAX_WORD_CHARS else _LONG.sub(lambda long: long[0][:MAX_WORD_CHARS], part)


def fold(said: SearchText) -> FoldedText:
    """A text as the index takes it."""
    return FoldedText(said.kind, folded(said.text), len(said.text), said.call_id, said.tool)


def _folded_beyond_ascii(text: str) -> str:
    """Only runs beyond ASCII are looked at: mostly a few dashes, arrows and ticks, the same ones again and again."""
    lower = text.encode("utf-8", "surrogatepass").lower()
    return _BEYOND_ASCII.sub(lambda run: _folded_run(run[0]), lower).decode("utf-8")


@lru_cache(maxsize=20_000)
def _folded_run(raw: bytes) -> bytes:
    """A run without ASCII letters around it: no rule of Unicode's looks beyond what is left of their accents."""
    apart = unicodedata.normalize("NFD", raw.decode("utf-8", "surrogatepass").casefold())
    run = unicodedata.normalize("NFC", _MARKS.sub("", apart))
    return _SPACED.sub(r" \1 ", _BETWEEN.sub(" ", run)).encode("utf-8")


def words_in(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return folded_words(folded(text))


def folded_words(text: str) -> list[str]:
    """The words of a text that is folded already, in order."""
    # Nearly every text is ASCII once it is folded, and splitting it is four times as fast as looking for words.
    return text.translate(_SPACED_ASCII).split() if text.isascii() else _WORD.findall(text)


def words_of(text: str) -> Iterator[Word]:
    """The words of a text as it was written, with their places."""
    for found in _WRITTEN.finditer(text):
        yield Word(_folded_word(found[0]), found.start(), found.end())


# The words that nearly every text has; the rest of a language is not worth the memory of every server process.
@lru_cache(maxsize=2_000)
def _folded_word(written: str) -> str:
    return folded(written).strip()
