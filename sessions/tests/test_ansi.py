"""What a terminal leaves on its screen, and that no sequence of bytes does anything else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.cards.ansi import Run, runs

CLASS_NAMES = re.compile(r"(?:ansi-(?:on-)?[a-z0-9]+ ?)*")


def text_of(output: str) -> str:
    return "".join(run.text for run in runs(output))


def test_colours_become_class_names() -> None:
    assert runs("a\x1b[1;31mb\x1b[0mc") == [Run("a"), Run("b", "ansi-bold ansi-1"), Run("c")]
    assert runs("\x1b[92;44mx\x1b[39my\x1b[49mz") == [
        Run("x", "ansi-10 ansi-on-4"),
        Run("y", "ansi-on-4"),
        Run("z"),
    ]


def test_a_look_lasts_over_lines() -> None:
    assert runs("\x1b[3mone\ntwo\x1b[23m\nthree") == [Run("one\ntwo", "ansi-italic"), Run("\nthree")]


@pytest.mark.parametrize(
    ("codes", "colour"),
    [
        ("38;5;9", "ansi-9"),
        ("38;5;196", "ansi-1"),
        ("38;5;255", "ansi-7"),
        ("38;2;40;190;220", "ansi-14"),
        ("38:5:2", "ansi-2"),
        ("38;5;999", ""),
        ("38;5", ""),
        ("38", ""),
        ("12345678901", ""),
    ],
)
def test_more_colours_are_shown_as_the_nearest(codes: str, colour: str) -> None:
    assert runs(f"\x1b[{codes}mx") == [Run("x", colour)]


def test_what_a_progress_bar_wrote_over_is_gone() -> None:
    assert text_of("10 %\r55 %\r100 %\ndone\r\n") == "100 %\ndone\n"
    assert text_of("abcdef\rxy") == "xycdef"
    assert text_of("abcdef\rxy\x1b[K") == "xy"
    assert text_of("secret\x1b[2K\rok") == "ok"
    assert text_of("ab\x08c") == "ac"


def test_other_sequences_are_not_shown_and_nothing_stays_hidden() -> None:
    assert text_of("\x1b]8;;https://evil.example\x07link\x1b]8;;\x07") == "link"
    assert text_of("\x1b[2J\x1b[1;1Hhome") == "home"
    assert text_of("\x1b[8mconcealed") == "concealed"
    assert text_of("torn \x1b[3") == "torn "
    assert text_of("\u202eevil") == "[U+202E]evil"
    assert text_of("bell\x07") == "bell\N{REPLACEMENT CHARACTER}"


@given(st.text(alphabet=st.sampled_from("ab\x1b[]0;:5mKJ\r\n\x08\x07\u202e<>&\"'"), max_size=200))
def test_any_output_is_harmless(output: str) -> None:
    for run in runs(output):
        assert CLASS_NAMES.fullmatch(run.classes)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", run.text)


@given(st.text(alphabet="ab<> \n", max_size=200))
def test_plain_text_stays_as_it_is(output: str) -> None:
    assert text_of(output) == output
