"""Front matter: values as they are written, limits, and what is saved of broken YAML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.parsers.front_matter import MAX_DEPTH, FrontMatter, decode, read_front_matter


def front(block: str, body: str = "") -> FrontMatter:
    return read_front_matter(f"---\n{block}\n---\n{body}")


def test_values_stay_as_they_are_written() -> None:
    found = front("phase: 3.10\nplan: 01\nwhen: 2026-02-31\nat: 12:30\nanswer: no\nversion: 1.0\nhex: 0x1F")
    assert found.values == {
        "phase": "3.10",
        "plan": "01",
        "when": "2026-02-31",
        "at": "12:30",
        "answer": "no",
        "version": "1.0",
        "hex": "0x1F",
    }


def test_null_booleans_and_whole_numbers_are_what_they_mean() -> None:
    found = front('a: null\nb:\nc: ~\nd: true\ne: 12\nf: "12"\ng: "null"')
    assert found.values == {"a": None, "b": None, "c": None, "d": True, "e": 12, "f": "12", "g": "null"}


def test_a_file_without_front_matter_is_all_body() -> None:
    found = read_front_matter("# Title\n\n---\nkey: value\n---\n")
    assert (found.is_present, found.values, found.problems) == (False, {}, [])
    assert found.body.startswith("# Title")


def test_lines_count_from_the_top_of_the_file() -> None:
    found = front("title: x\ntasks:\n- id: A\n\n- id: B", "first\n")
    assert found.item_lines["tasks"] == [4, 6]
    assert (found.body, found.body_line) == ("first\n", 8)


def test_bytes_of_any_kind_become_text() -> None:
    text, problems = decode(b"\xef\xbb\xbf---\r\nkey: caf\xe9\x00\r\n---\r\n")
    assert text == "---\nkey: caf\ufffd\ufffd\n---\n"
    assert [(p.line, p.reason) for p in problems] == [(2, "not_utf8")]


def test_a_rule_at_the_top_is_not_broken_front_matter() -> None:
    assert read_front_matter("---\n\nWords.\n").problems == []
    assert front("just words").problems == []


def test_front_matter_that_never_ends_is_reported() -> None:
    found = read_front_matter("---\ntitle: x\n\n# Body\n")
    assert [(p.line, p.reason) for p in found.problems] == [(1, "unclosed")]
    assert not found.is_present


def test_a_broken_value_loses_only_itself() -> None:
    found = front("title: Good\ndescription: `code` first\nstatus: completed # really\ntags: [a, b]")
    assert found.values == {
        "title": "Good",
        "description": "`code` first",
        "status": "completed",
        "tags": ["a", "b"],
    }
    problem = found.problems[0]
    assert (problem.line, problem.reason) == (3, "broken_yaml")
    assert "`code`" in problem.excerpt


def test_a_broken_task_loses_only_itself() -> None:
    block = (
        "status: draft\ntasks:\n- id: A\n  title: Fine\n- id: B\n  title: `broken`\n  status: done\n- id: C"
    )
    found = front(block)
    assert found.values["tasks"] == [
        {"id": "A", "title": "Fine"},
        {"id": "B", "title": "`broken`", "status": "done"},
        {"id": "C"},
    ]
    assert found.item_lines["tasks"] == [4, 6, 9]
    assert [(p.reason, p.line) for p in found.problems][-1] == ("broken_item", 6)


def test_marks_of_a_merge_conflict_are_named_and_the_first_side_wins() -> None:
    found = front("<<<<<<< ours\nstatus: completed\n=======\nstatus: draft\n>>>>>>> theirs\nowner: mira")
    assert found.values == {"status": "completed", "owner": "mira"}
    assert [(p.line, p.reason) for p in found.problems] == [(2, "merge_conflict")]


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system [echo]", "!secret x"])
def test_tags_make_nothing(tag: str) -> None:
    found = front(f"a: 1\nb: {tag}")
    assert found.values["a"] == 1
    assert found.problems[0].reason == "broken_yaml"


def test_aliases_are_counted_as_if_written_out() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    found = front("\n".join(lines) + "\ntitle: Bomb")
    assert found.values["title"] == "Bomb"
    assert [p.reason for p in found.problems] == ["too_large"]


def test_depth_and_size_have_limits() -> None:
    deep = front("title: Deep\nx: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
    assert (deep.values["title"], deep.problems[0].reason) == ("Deep", "too_large")
    large = front("title: Large\nx: " + "y" * 600_000)
    assert (large.values["title"], large.problems[0].reason) == ("Large", "too_large")


def test_very_deep_nesting_does_not_end_the_process() -> None:
    assert front("title: x\ny: " + "[" * 100_000).values["title"] == "x"


@given(st.text(max_size=300))
def test_no_text_raises(block: str) -> None:
    read_front_matter(f"---\n{block}\n---\nbody")


@given(st.binary(max_size=300))
def test_no_bytes_raise(raw: bytes) -> None:
    read_front_matter(decode(b"---\n" + raw)[0])
