"""Cards of tool calls: what each tool's card shows, and that nothing that was given is left out."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sessions.cards.differences import DELETED, INSERTED
from sessions.cards.parts import (
    Address,
    Checklist,
    Command,
    Difference,
    Excerpt,
    Fields,
    Part,
    Plain,
    Prose,
    Question,
    Terminal,
)
from sessions.cards.tool_cards import Called, tool_parts

TOOLS = ["Bash", "Edit", "MultiEdit", "Write", "Read", "TodoWrite", "Task", "TaskCreate", "AskUserQuestion"]
TOOLS += ["ExitPlanMode", "WebFetch", "WebSearch", "BashOutput", "NotebookEdit", "Grep", "mcp__a__b", ""]
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["file_path", "old_string", "new_string", "edits", "content", "todos", "questions", "plan", "url"]
) | st.sampled_from(
    ["command", "prompt", "structuredPatch", "file", "oldTodos", "answers", "subject", "notebook_path"]
)


def parts(
    name: str,
    given: dict[str, Any],
    answer: str | None = "done",
    detail: dict[str, Any] | None = None,
    *,
    succeeded: bool = True,
    most: int = 1000,
) -> list[Part]:
    return list(tool_parts(Called(name, given, answer, detail or {}, succeeded, most)))


def test_a_shell_shows_its_command_its_options_and_the_colours_of_its_output() -> None:
    fields, command, screen = parts("Bash", {"command": "ls -l", "timeout": 5}, "\x1b[32mok\x1b[0m\n")
    assert fields == Fields((("timeout", "5"),))
    assert isinstance(command, Command)
    assert command.text.text == "ls -l"
    assert isinstance(screen, Terminal)
    assert [(run.text, run.classes) for run in screen.runs] == [("ok", "ansi-2"), ("\n", "")]


def test_long_outputs_are_cut_and_say_so() -> None:
    (_, screen) = parts("Bash", {"command": "cat"}, "x" * 50, most=10)
    assert isinstance(screen, Terminal)
    assert (screen.is_cut, screen.chars, len(screen.runs[0].text)) == (True, 50, 10)


def test_an_edit_is_the_patch_the_tool_told_of() -> None:
    patch = [{"oldStart": 1, "newStart": 1, "lines": ["-a", "+b"]}]
    asked = {"file_path": "/x.py", "old_string": "a", "new_string": "b", "replace_all": False}
    fields, change, said = parts("Edit", asked, "updated", {"structuredPatch": patch})
    assert fields == Fields((("replace_all", "false"),))
    assert isinstance(change, Difference)
    assert (change.path, change.is_asked, [line.mark for line in change.lines]) == (
        "/x.py",
        False,
        [DELETED, INSERTED],
    )
    assert isinstance(said, Plain)
    assert said.is_folded


def test_an_edit_that_failed_shows_what_was_asked_for_and_why_it_failed() -> None:
    asked = {"file_path": "/x.py", "edits": [{"old_string": "a", "new_string": "b"}] * 2}
    first, second, said = parts("MultiEdit", asked, "not found", succeeded=False)
    assert isinstance(first, Difference)
    assert isinstance(second, Difference)
    assert first.is_asked
    assert isinstance(said, Plain)
    assert (said.text.text, said.is_folded) == ("not found", False)


def test_a_new_file_is_shown_with_its_lines() -> None:
    (written, _) = parts(
        "Write", {"file_path": "/n", "content": "one\ntwo\n"}, detail={"structuredPatch": []}
    )
    assert isinstance(written, Excerpt)
    assert (written.label, written.lines, written.last) == ("Written", ((1, "one"), (2, "two")), 2)


def test_a_read_shows_the_lines_with_the_numbers_of_the_file() -> None:
    file = {"content": "b\nc", "startLine": 2, "totalLines": 9}
    (read,) = parts("Read", {"file_path": "/f"}, "     2→b\n     3→c", {"file": file})
    assert isinstance(read, Excerpt)
    assert (read.lines, read.total) == (((2, "b"), (3, "c")), 9)
    (listed,) = parts("Read", {"file_path": "/f"}, "     2→b\n     3→c")
    assert isinstance(listed, Excerpt)
    assert listed.lines == read.lines


def test_a_read_without_numbers_is_its_text() -> None:
    fields, said = parts("Read", {"file_path": "/f"}, "No such file", succeeded=False)
    assert fields == Fields((("file", "/f"),))
    assert isinstance(said, Plain)
    assert said.text.text == "No such file"


def test_todos_tell_what_moved() -> None:
    before = [{"content": "a", "status": "pending"}, {"content": "gone", "status": "pending"}]
    now = [{"content": "a", "status": "completed"}, {"content": "b", "status": "in_progress"}]
    checklist = parts("TodoWrite", {"todos": now}, detail={"oldTodos": before})[0]
    assert isinstance(checklist, Checklist)
    assert [(step.text, step.state, step.before, step.is_new) for step in checklist.steps] == [
        ("a", "completed", "pending", False),
        ("b", "in_progress", "", True),
    ]
    assert (checklist.done, checklist.dropped) == (1, ("gone",))


def test_questions_show_what_was_chosen_or_said_instead() -> None:
    options = [{"label": "Yes", "description": "do it"}, {"label": "No, later", "description": ""}]
    asked = [{"question": q, "header": "H", "options": options} for q in ("One?", "Two?", "Three?")]
    answers = {"One?": "No, later", "Two?": "Maybe"}
    one, two, three, _ = parts("AskUserQuestion", {"questions": asked}, detail={"answers": answers})
    for each in (one, two, three):
        assert isinstance(each, Question)
    assert [o.is_chosen for o in one.options] == [False, True]  # type: ignore[union-attr]
    assert two.answer == "Maybe"  # type: ignore[union-attr]
    assert not three.is_answered  # type: ignore[union-attr]


def test_an_agent_shows_what_it_was_asked_and_what_it_answered() -> None:
    fields, asked, answer = parts("Task", {"prompt": "# Look", "subagent_type": "Explore"}, "Found **it**")
    assert fields == Fields((("subagent_type", "Explore"),))
    assert isinstance(asked, Prose)
    assert isinstance(answer, Prose)
    assert (asked.text.text, answer.text.text) == ("# Look", "Found **it**")


def test_only_addresses_of_the_web_can_be_followed() -> None:
    for url in (
        "javascript:alert(1)",
        "data:text/html,x",
        'https://a.example/" onclick=x',
        " https://a.example",
    ):
        address = next(part for part in parts("WebFetch", {"url": url}) if isinstance(part, Address))
        assert address.href == ""
    address = next(p for p in parts("WebFetch", {"url": "https://a.example/b?c=d"}) if isinstance(p, Address))
    assert address.href == "https://a.example/b?c=d"


@given(
    st.sampled_from(TOOLS),
    st.dictionaries(KEYS | st.text(max_size=8), JSON, max_size=5),
    st.none() | st.text(max_size=40),
    st.dictionaries(KEYS, JSON, max_size=4),
    st.booleans(),
)
def test_whatever_a_transcript_says_there_is_a_card(
    name: str, asked: dict[str, Any], answer: str | None, detail: dict[str, Any], succeeded: bool
) -> None:
    found = parts(name, asked, answer, detail, succeeded=succeeded)
    results = [part for part in found if getattr(part, "is_result", False)]
    assert len(results) <= 1 + (not succeeded)
    assert answer in (None, "") or results


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=200), max_size=5))
def test_nothing_that_was_given_to_an_unknown_tool_is_left_out(asked: dict[str, str]) -> None:
    found = parts("mcp__unknown__tool", asked, None)
    fields = sum(len(part.pairs) for part in found if isinstance(part, Fields))
    assert fields + sum(isinstance(part, Plain) for part in found) == len(asked)
