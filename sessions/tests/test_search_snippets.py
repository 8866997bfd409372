"""The part of a text that shows why it was found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.search.query import parsed
from sessions.search.snippets import snippet


def marked(text: str, query: str) -> str:
    return "".join(
        f"[{piece.text}]" if piece.is_match else piece.text for piece in snippet(text, parsed(query))
    )


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("The Retry failed, retry again", "retry", "The [Retry] failed, [retry] again"),
        ("call snake_case now", "snake_case", "call [snake_case] now"),
        ("read configuration", "conf*", "read [configuration]"),
        ("un café noir", "cafe", "un [café] noir"),
        ("全文検索です", "検索", "全文[検索]です"),
        ("<b>bold</b> & <script>", "bold", "<b>[bold]</b> & <script>"),
        ("a b a", '"a b"', "[a b] a"),
        ("nothing of it", "else", "nothing of it"),
        ("\x1b[31m red alert \x1b[0m\u202edone", "alert", " red [alert] [U+202E]done"),
    ],
)
def test_snippets(text: str, query: str, shown: str) -> None:
    assert marked(text, query) == shown


def test_a_long_text_is_cut_around_the_match() -> None:
    text = "before " * 200 + "needle " + "after " * 200
    shown = marked(text, "needle")
    assert shown.startswith("… before")
    assert "[needle]" in shown
    assert shown.endswith(" …")
    assert len(shown) < 300


def test_words_in_a_row_are_shown_before_words_apart() -> None:
    text = "data here " + "x " * 300 + "data base " + "y " * 300
    assert "[data] [base]" in marked(text, "data base")


@given(st.text(max_size=400), st.sampled_from(["a", "the b", "1", '"a b" c*dd', "é"]))
def test_pieces_are_the_text(text: str, query: str) -> None:
    pieces = [piece.text for piece in snippet(text, parsed(query))]
    printable = "".join(c for c in text if c.isprintable())
    if text == printable and len(text) <= 240:
        assert "".join(pieces) == text
    assert all(pieces)
