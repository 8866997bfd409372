"""Sessions that go on with the conversation of another (R24), and whose a response without request id is (R4)."""

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sessions import selectors
from sessions.models import ModelResponse, ToolCall
from sessions.tests.samples import (
    START,
    answer,
    call,
    forked,
    line,
    main_path,
    prompt,
    reply,
    touch,
    uid,
    write,
)
from sessions.tests.transcripts import found, read
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db

SAID = "This session is being continued from a previous conversation that ran out of context."
BEFORE = [prompt("a1", 0), reply("a2", 1, output=100)]


def continuing(said: str = SAID, **more: Any) -> list[dict[str, Any]]:
    return [prompt("b1", 100, "b", said, **more), reply("b2", 101, "b", output=7)]


def summary(of: str) -> dict[str, Any]:
    return {"type": "summary", "summary": "Before", "leafUuid": uid(of)}


@pytest.mark.parametrize(
    "told",
    [
        continuing(f"{SAID} The full transcript is at /x/{uid('a')}.jsonl"),
        continuing(parentUuid=uid("a2")),
        continuing(parentUuid=uid("a2"), isCompactSummary=True, isVisibleInTranscriptOnly=True),
        [summary("a2"), *continuing()],
    ],
    ids=["file", "line", "compact summary", "summary"],
)
def test_what_is_continued_is_told_in_either_order(tmp_path: Path, told: list[dict[str, Any]]) -> None:
    read(tmp_path, b=told)
    assert found("b").continued_from is None
    read(tmp_path, a=BEFORE)
    assert found("b").continued_from == found("a")
    assert found("b").session_type == "session"
    assert found("b").prompt_count == 0


@pytest.mark.parametrize(
    "told",
    [
        continuing(),
        continuing(f"{SAID} The full transcript is at /x/{uid('b')}.jsonl"),
        continuing(parentUuid=uid("nowhere")),
        [summary("a2"), summary("c1"), *continuing()],
        [summary("a2"), prompt("b0", 50, "b"), *continuing()],
        [summary("a2"), prompt("b1", 100, "b")],
    ],
    ids=[
        "by nothing",
        "by itself",
        "by a line nobody has",
        "by two",
        "after a compaction",
        "by a title alone",
    ],
)
def test_what_is_not_told_is_not_guessed(tmp_path: Path, told: list[dict[str, Any]]) -> None:
    read(tmp_path, a=BEFORE, c=[prompt("c1", 5, "c")], b=told)
    assert found("b").continued_from is None


def test_the_chain_is_shown(tmp_path: Path) -> None:
    client = Client(headers={"host": "localhost"})
    read(tmp_path, a=BEFORE, b=continuing(parentUuid=uid("a2")))
    assert client.get(f"/api/sessions/{uid('b')}").json()["continuedFromSessionId"] == uid("a")
    [first] = selectors.session_tree(found("b"), now=START)
    assert [node.session.public_id for node in first.walk()] == [uid("a"), uid("b")]
    assert first.together.output_tokens == 107
    page = client.get(reverse("session-detail", args=[uid("b")])).content.decode()
    assert reverse("session-detail", args=[uid("a")]) in page


HISTORY = [
    prompt("a1", 0),
    reply("a2", 1, request_id=None, output=100, blocks=[call("t1")]),
    answer("a3", 2, "t1"),
    reply("a4", 3, request_id=None, output=50),
]


@pytest.mark.parametrize("order", list(permutations("abc")), ids="".join)
def test_r4_the_original_owns_what_its_forks_copied(tmp_path: Path, order: tuple[str, ...]) -> None:
    files = {
        "a": [*HISTORY, reply("a5", 10, request_id=None, output=1)],
        "b": [*forked(HISTORY, "b"), reply("b5", 20, "b", request_id=None, output=2)],
        "c": [*forked(HISTORY, "c"), reply("c5", 30, "c", request_id=None, output=3)],
    }
    for name in order:
        write(tmp_path, {main_path(name): b"".join(map(line, files[name]))})
        touch(tmp_path / "projects" / main_path(name), 0)
        sync([tmp_path])
    assert [found(name).output_tokens for name in "abc"] == [151, 2, 3]
    assert [found(name).session_type for name in "abc"] == ["session", "fork", "fork"]
    assert {found(name).forked_from for name in "bc"} == {found("a")}
    assert ToolCall.objects.get().owner == found("a")
    assert set(ModelResponse.objects.counted().values_list("output_tokens", flat=True)) == {100, 50, 1, 2, 3}


def test_r4_an_original_that_stopped_owns_it_too(tmp_path: Path) -> None:
    read(tmp_path, a=HISTORY, b=[*forked(HISTORY, "b"), reply("b5", 20, "b", request_id=None, output=2)])
    assert [found(name).output_tokens for name in "ab"] == [150, 2]
