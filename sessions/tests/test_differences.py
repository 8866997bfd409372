"""Changes of files: the right numbers, the right sides, and nothing lost."""

from hypothesis import given
from hypothesis import strategies as st

from sessions.cards.differences import DELETED, INSERTED, KEPT, SEAM, DiffLine, patch_lines, replacement_lines

TEXTS = st.lists(st.sampled_from(["", "a", "b", "same", "x = 1", "x = 2"]), min_size=1, max_size=12)


def told(lines: list[DiffLine]) -> list[tuple[str, int | None, int | None, str]]:
    return [(line.mark, line.old, line.new, line.text) for line in lines]


def test_lines_have_their_numbers_on_both_sides() -> None:
    hunk = {"oldStart": 10, "newStart": 12, "lines": [" a", "-b", "+c", "+d", " e"]}
    assert told(list(patch_lines([hunk]))) == [
        (SEAM, 10, 12, ""),
        (KEPT, 10, 12, "a"),
        (DELETED, 11, None, "b"),
        (INSERTED, None, 13, "c"),
        (INSERTED, None, 14, "d"),
        (KEPT, 12, 15, "e"),
    ]


def test_a_first_hunk_at_the_top_has_no_seam_and_later_ones_have() -> None:
    hunks = [{"oldStart": 1, "newStart": 1, "lines": [" a"]}, {"oldStart": 9, "newStart": 9, "lines": [" b"]}]
    assert [line.mark for line in patch_lines(hunks)] == [KEPT, SEAM, KEPT]


def test_what_changed_inside_of_a_line_is_told() -> None:
    hunk = {"oldStart": 1, "newStart": 1, "lines": ["-port = 80;", "+port = 8080;"]}
    old, new = patch_lines([hunk])
    assert (old.before, old.changed, old.after) == ("port = 80", "", ";")
    assert (new.before, new.changed, new.after) == ("port = 80", "80", ";")


def test_lines_with_nothing_in_common_are_not_compared() -> None:
    hunk = {"oldStart": 1, "newStart": 1, "lines": ["-abc", "+xyz"]}
    assert [line.changed for line in patch_lines([hunk])] == ["", ""]


def test_patches_of_other_shapes_show_what_is_there() -> None:
    assert list(patch_lines(None)) == []
    assert (
        list(patch_lines([7, {"lines": "no"}, {"lines": [3, None]}])) == [DiffLine(SEAM, None, None, "")] * 2
    )
    odd = {"oldStart": "1", "newStart": -4, "lines": ["+a", "\\ No newline at end of file", ""]}
    assert told(list(patch_lines([odd]))) == [(INSERTED, None, None, "a"), (KEPT, None, None, "")]


def test_control_and_direction_marks_are_made_visible() -> None:
    (line,) = patch_lines([{"oldStart": 1, "newStart": 1, "lines": ["+if access != \u202euser\x1b[2J"]}])
    assert line.text == "if access != [U+202E]user"


@given(TEXTS, TEXTS)
def test_a_replacement_holds_both_texts_whole(old: list[str], new: list[str]) -> None:
    lines = list(replacement_lines("\n".join(old), "\n".join(new)))
    assert [line.text for line in lines if line.mark != INSERTED] == old
    assert [line.text for line in lines if line.mark != DELETED] == new
