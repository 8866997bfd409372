"""What a word is, and that the databases agree with it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.models import SearchItem
from sessions.parsers.words import MAX_WORD_CHARS, folded, folded_words, words_in, words_of
from sessions.search.engine import clear, newest
from sessions.search.items import NewItem, add_items
from sessions.search.query import Query, Term

SCRIPTS = "aZ09\U0002f8bbéÅßñŉſ_-/.:'\"\\*&|!()<>\n\tΣςώИйёאبष्แท한글日本カなー²½①…→✓🙂\ue000\ue123e\u0301"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("snake_case", ["snake", "case"]),
        ("src/file-path.py", ["src", "file", "path", "py"]),
        ("Naïve CAFÉ", ["naive", "cafe"]),
        ("cafe\u0301s", ["cafes"]),
        ("Straße ΟΔΟΣ", ["strasse", "οδοσ"]),
        ("日本語 text", ["日", "本", "語", "text"]),
        ("HTTPError404", ["httperror404"]),
        ("-> … {}", []),
        ("x" * 100, ["x" * MAX_WORD_CHARS]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_in(text) == words


@given(st.text(max_size=60) | st.text("aZ09_-\x1c\x7f \n/", max_size=60))
def test_words_are_runs_of_letters_and_digits(text: str) -> None:
    assert folded_words(text) == re.findall(r"[^\W_]+", text)


@given(st.text(SCRIPTS, max_size=60))
def test_words_with_places_are_the_same_words(text: str) -> None:
    assert [found.word for found in words_of(text)] == words_in(text)


@given(st.text(SCRIPTS, max_size=60))
def test_a_place_holds_its_word(text: str) -> None:
    for found in words_of(text):
        assert words_in(text[found.start : found.end]) == [found.word]


@pytest.mark.django_db
@settings(max_examples=60, deadline=None)
@given(st.text(SCRIPTS, max_size=40))
def test_the_database_has_the_same_words(text: str) -> None:
    """All words of a text as one phrase find it: neither more nor fewer stand in the index, in the same order."""
    clear()
    said = f"begin {text} end"
    [key] = add_items(
        [NewItem(SearchItem.Kind.PROMPT, 1, folded(said), len(said), 1_770_000_000_000, session_key=1)]
    )
    phrase = Query((Term(("begin", *words_in(text), "end")),))
    assert [row[0] for row in newest(phrase, (), limit=2)] == [key]


@pytest.mark.django_db
def test_a_word_is_found_however_often_and_late_it_stands() -> None:
    """PostgreSQL keeps 256 places of a word and none beyond the 16,383rd; what is behind is found all the same."""
    said = "again " * 300 + "filler " * 17_000 + "two last"
    [key] = add_items([NewItem(SearchItem.Kind.PROMPT, 1, said, len(said), 1_770_000_000_000, session_key=1)])
    for word in ("again", "last"):
        assert [row[0] for row in newest(Query((Term((word,)),)), (), limit=2)] == [key]
