"""What of a record can be searched for."""

from typing import Any

import pytest

from sessions.parsers.formats.claude_texts import GAP, HEAD_CHARS, TAIL_CHARS, texts_of
from sessions.tests.samples import answer, call, prompt, record, reply


def said(of: dict[str, Any]) -> list[tuple[str, str]]:
    return [(text.kind, text.text) for text in texts_of(of)]


def test_prompts_and_what_only_looks_like_one() -> None:
    assert said(prompt("p", 0, text="Hello")) == [("prompt", "Hello")]
    assert said(prompt("p", 0, text="Reminder", isMeta=True)) == [("note", "Reminder")]
    assert said(prompt("p", 0, text="<bash-stdout>ls</bash-stdout>")) == [
        ("note", "<bash-stdout>ls</bash-stdout>")
    ]
    assert said(prompt("p", 0, text="  ")) == []
    queued = record("attachment", "q", 0, "a", attachment={"type": "queued_command", "prompt": "Next"})
    assert said(queued) == [("prompt", "Next")]


def test_answers_thoughts_and_calls() -> None:
    blocks: list[Any] = [
        {"type": "thinking", "thinking": "Hm"},
        {"type": "text", "text": "Yes"},
        call("t1", "Edit", file_path="a.py", edits=[{"old": "x", "new": ["y", 1, None]}]),
        {"type": "redacted_thinking", "data": "…"},
        "no block",
    ]
    found = texts_of(reply("r", 0, blocks=blocks))
    assert [(t.kind, t.text, t.call_id, t.tool) for t in found] == [
        ("thinking", "Hm", "", ""),
        ("answer", "Yes", "", ""),
        ("tool_input", "a.py\nx\ny", "t1", "Edit"),
    ]


def test_results_are_taken_once() -> None:
    result = answer("a", 0, "t1", content=[{"type": "text", "text": "ok"}], detail={"stdout": "ok"})
    assert [(t.kind, t.text, t.call_id) for t in texts_of(result)] == [("tool_result", "ok", "t1")]


def test_colours_do_not_stick_to_words() -> None:
    assert said(answer("a", 0, "t1", content="\x1b[31mfailed\x1b[0m")) == [("tool_result", "failed")]


def test_long_results_keep_both_ends() -> None:
    head, tail = HEAD_CHARS["tool_result"], TAIL_CHARS["tool_result"]
    [(_, text)] = said(answer("a", 0, "t1", content="b" * head + "x" * 999 + "e" * tail))
    assert text == "b" * head + GAP + "e" * tail


@pytest.mark.parametrize("content", [None, 7, {"a": 1}, [None, 3, {"type": "text", "text": 5}], [[]]])
def test_other_shapes_hold_no_text(content: Any) -> None:
    assert said(record("user", "u", 0, "a", message={"content": content})) == []
    assert said(record("assistant", "u", 0, "a", message=content)) == []
    assert said(record("system", "u", 0, "a", content=content)) == []
