"""Conversations that were taken back: which lines stand off the live branch (R22)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.derive.branches import Line, off_branch
from sessions.log_rows import logs_of
from sessions.models import TranscriptEntry
from sessions.selectors import entries
from sessions.tests.samples import answer, call, chained, prompt, reply, uid
from sessions.tests.transcripts import found, read

PROMPT, TOOL_RESULT = ("user", "prompt"), ("user", "tool_result")
ASSISTANT, SYSTEM = ("assistant", ""), ("system", "turn_duration")


def tree(*lines: tuple[int, int | None, tuple[str, str]]) -> list[Line]:
    """Lines from (key, key of the line it answers, kind and subtype)."""
    return [Line(n, n, key, parent, *kind) for n, (key, parent, kind) in enumerate(lines)]


BEGIN = ((1, None, PROMPT), (2, 1, ASSISTANT))


def test_what_was_said_after_the_line_gone_back_to_is_off() -> None:
    lines = tree(*BEGIN, (3, 2, PROMPT), (4, 3, ASSISTANT), (5, 2, PROMPT), (6, 5, ASSISTANT))
    assert off_branch(lines) == {3, 4}


def test_going_back_twice_leaves_two_dead_branches() -> None:
    lines = tree(*BEGIN, (3, 2, PROMPT), (4, 2, PROMPT), (5, 4, ASSISTANT), (6, 2, PROMPT))
    assert off_branch(lines) == {3, 4, 5}


def test_a_note_between_does_not_hide_that_a_prompt_goes_back() -> None:
    lines = tree(*BEGIN, (3, 2, ASSISTANT), (4, 2, SYSTEM), (5, 4, PROMPT))
    assert off_branch(lines) == {3}


def test_answers_to_calls_at_the_same_time_are_no_branches() -> None:
    calls = ((3, 2, ASSISTANT), (4, 2, TOOL_RESULT), (5, 3, TOOL_RESULT), (6, 5, ASSISTANT), (7, 6, PROMPT))
    assert off_branch(tree(*BEGIN, *calls)) == set()


def test_a_prompt_queued_while_the_agent_works_takes_nothing_back() -> None:
    assert off_branch(tree(*BEGIN, (3, 2, PROMPT), (4, 2, ASSISTANT), (5, 3, ASSISTANT))) == set()


@pytest.mark.parametrize("parent", [None, 99])
def test_more_than_one_root_or_a_missing_line_reads_as_one_line(parent: int | None) -> None:
    lines = tree(*BEGIN, (3, parent, SYSTEM), (4, 2, PROMPT), (5, 2, PROMPT))
    assert off_branch(lines) == set()


def test_messages_with_the_ids_of_notes_are_no_tree() -> None:
    lines = tree((1, None, SYSTEM), (2, 1, SYSTEM), (1, None, PROMPT), (2, 1, PROMPT), (3, 1, SYSTEM))
    assert off_branch(lines) == set()


@given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9), st.sampled_from(
    [PROMPT, TOOL_RESULT, ASSISTANT, SYSTEM])), max_size=12))  # fmt: skip
def test_whatever_files_say_the_last_message_is_live(
    told: list[tuple[int, int | None, tuple[str, str]]],
) -> None:
    lines = tree(*told)
    off = off_branch(lines)
    talk = [line.key for line in lines if line.kind in ("user", "assistant")]
    assert off <= {line.key for line in lines}
    firsts = list(dict.fromkeys(line.key for line in lines if line.key in talk))
    assert not off or set(firsts) - off


@pytest.mark.django_db
def test_the_transcript_tells_and_every_response_is_paid_for(tmp_path: Path) -> None:
    begin = chained(
        [prompt("a1", 0), reply("a2", 1, blocks=[call("t1")]), answer("a3", 2, "t1"), reply("a4", 3)]
    )
    dead = chained([prompt("a5", 4), reply("a6", 5)], "a4")
    live = chained([prompt("a7", 6), reply("a8", 7)], "a4")
    read(tmp_path, a=[*begin, *dead, *live])
    assert [i.off_branch for i in entries(found()).items] == [False, False, False, True, True, False, False]
    assert [row["offBranch"] for row in logs_of(found())].count(True) == 2
    assert found().response_count == 4


@pytest.mark.django_db
def test_the_marks_follow_what_is_read_later(tmp_path: Path) -> None:
    first = chained([prompt("a1", 0), reply("a2", 1), prompt("a3", 2), reply("a4", 3)])
    read(tmp_path, a=first)
    assert not TranscriptEntry.objects.filter(off_branch=True).exists()
    read(tmp_path, a=[*first, prompt("a5", 4, parentUuid=uid("a2"))])
    assert TranscriptEntry.objects.filter(off_branch=True).count() == 2
    read(
        tmp_path, a=[*first, prompt("a5", 4, parentUuid=uid("a2")), reply("a6", 5, parentUuid=uid("missing"))]
    )
    assert not TranscriptEntry.objects.filter(off_branch=True).exists()
