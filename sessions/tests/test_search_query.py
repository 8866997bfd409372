"""What may be typed into a search, and what it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.search.query import MAX_CHARS, MAX_TERMS, BadQuery, Query, Term, parsed


def terms(*phrases: str) -> tuple[Term, ...]:
    return tuple(Term(tuple(p.removesuffix("*").split()), p.endswith("*")) for p in phrases)


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("retry Logic", terms("retry", "logic"), ()),
        ('"connection refused" port', terms("connection refused", "port"), ()),
        ("“curly quotes”", terms("curly quotes"), ()),
        ('"never closed', terms("never closed"), ()),
        ("config*", terms("config*"), ()),
        ('"read conf"*', terms("read conf*"), ()),
        ("error -timeout", terms("error"), terms("timeout")),
        ('error -"exit code"', terms("error"), terms("exit code")),
        ("feat-12 snake_case a/b.py", terms("feat 12", "snake case", "a b py"), ()),
        ("--no-verify", terms("no verify"), ()),
        ("same same SAME", terms("same"), ()),
        ("語学", terms("語 学"), ()),
        ("a\x00b", terms("a", "b"), ()),
    ],
)
def test_queries(text: str, wanted: tuple[Term, ...], unwanted: tuple[Term, ...]) -> None:
    assert parsed(text) == Query(wanted, unwanted)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "at least one word"),
        ("  ***  ", "at least one word"),
        ("-only -exclusions", "beside those to leave out"),
        ("ab*", "at least 3|needs 3"),
        ("x" * (MAX_CHARS + 1), f"{MAX_CHARS} characters"),
        (" ".join(f"w{n}" for n in range(MAX_TERMS + 1)), f"{MAX_TERMS} words"),
    ],
)
def test_what_cannot_be_answered_is_said(text: str, sentence: str) -> None:
    with pytest.raises(BadQuery, match=sentence):
        parsed(text)


def test_what_is_left_out_is_said() -> None:
    assert parsed("a -> b").notes == ("“->” has no letters or digits and was left out.",)


@given(st.text(max_size=80))
def test_any_text_is_a_query_or_a_sentence(text: str) -> None:
    try:
        query = parsed(text)
    except BadQuery as bad:
        assert str(bad).endswith(".")
    else:
        assert all(term.words and all(word.isalnum() for word in term.words) for term in query.wanted)
