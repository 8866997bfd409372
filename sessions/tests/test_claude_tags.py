"""What stands between tags: found as an expression would find it, in one pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.parsers.formats.claude_tags import ADDED, COMMAND, PRINTED, SUMMARY, between, tagged, without


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("<command-name>/review</command-name>", "/review"),
        ("<command-name> /a \n</command-name> <command-name>/b</command-name>", "/a"),
        ("a </command-name> <command-name>/a</command-name>", "/a"),
        (f"<command-name>{'x' * 300}<command-name>/a</command-name>", "/a"),
        (f"<command-name>{'x' * 300}</command-name><command-name>/b</command-name>", "/b"),
        ("<command-name>/a<command-name>", None),
        ("/a</command-name>", None),
        ("", None),
    ],
)
def test_the_first_command_is_told(said: str, command: str | None) -> None:
    assert between(COMMAND, said, 200) == command


def test_what_was_added_is_taken_out_and_nothing_else() -> None:
    said = "a<system-reminder>b</system-reminder>c<ide_selection>d</ide_selection>e<system-reminder>f"
    assert without(ADDED, said) == "ace<system-reminder>f"
    assert without(ADDED, "<ide_a>b</ide_b>") == "<ide_a>b</ide_b>"


def test_outputs_are_told_in_their_order() -> None:
    said = "<bash-stdout>a</bash-stdout><bash-stderr></bash-stderr><bash-stdout>b</bash-stdout>"
    assert [(each.name, each.text) for each in tagged(PRINTED, said)] == [
        ("bash-stdout", "a"),
        ("bash-stderr", ""),
        ("bash-stdout", "b"),
    ]


@given(st.lists(st.sampled_from(["<summary>", "</summary>", "a", " "]), max_size=12).map("".join))
def test_nothing_is_told_twice_and_all_of_it_stands_there(said: str) -> None:
    behind = 0
    for each in tagged(SUMMARY, said):
        assert each.start >= behind
        assert said[each.start : each.end] == f"<summary>{each.text}</summary>"
        assert "</summary>" not in each.text
        behind = each.end
