"""The way from one landmark of a transcript to the next."""

from pathlib import Path

import pytest

from sessions.models import AgentSession
from sessions.selectors.landmarks import LANDMARKS, landmark, outline, start_of_window
from sessions.tests.samples import answer, call, prompt, record, reply
from sessions.tests.transcripts import found, read

pytestmark = pytest.mark.django_db
COMMITTED = {"stdout": "[main 1a2b3c4] x\n 1 file changed", "stderr": "", "interrupted": False}


@pytest.fixture
def session(tmp_path: Path) -> AgentSession:
    """Lines 1 to 10: prompt, edit, its result, failing call, its result, API error, prompt, commit, result, reply."""
    read(
        tmp_path,
        a=[
            prompt("a1", 0, text="Begin\n\nhere"),
            reply("a2", 1, blocks=[call("t1", "Write", file_path="/x", content="a")]),
            answer("a3", 2, "t1", detail={"type": "create", "filePath": "/x", "structuredPatch": []}),
            reply("a4", 3, blocks=[call("t2", "Bash", command="false")]),
            answer("a5", 4, "t2", content="Exit code 1", is_error=True),
            record("system", "a6", 5, "a", subtype="api_error", error={"message": "busy", "status": 529}),
            prompt("a7", 6, text="Go on"),
            reply("a8", 7, blocks=[call("t3", "Bash", command="git commit -m x")]),
            answer("a9", 8, "t3", content="[main 1a2b3c4] x", detail=COMMITTED),
            reply("a10", 9),
        ],
    )
    return found()


def way(session: AgentSession, kind: str) -> list[int | None]:
    """From the beginning on to the next and the next, until there is no more."""
    seqs: list[int | None] = []
    at = None
    while not seqs or (at is not None and len(seqs) < 10):
        at = landmark(session, kind, from_seq=at, backwards=False)
        seqs.append(at)
    return seqs


def test_each_kind_is_found_where_it_stands(session: AgentSession) -> None:
    assert {kind: way(session, kind) for kind in LANDMARKS} == {
        "prompt": [1, 7, None],
        "error": [4, 6, None],
        "edit": [2, None],
        "commit": [8, None],
        "compaction": [None],
    }


def test_the_way_back_is_the_same(session: AgentSession) -> None:
    assert landmark(session, "prompt", from_seq=None, backwards=True) == 7
    assert landmark(session, "prompt", from_seq=7, backwards=True) == 1
    assert landmark(session, "prompt", from_seq=1, backwards=True) is None


def test_the_outline_has_the_prompts_in_one_line_each_and_counts(session: AgentSession) -> None:
    told = outline(session)
    assert [(place.seq, place.text) for place in told.prompts] == [(1, "Begin here"), (7, "Go on")]
    assert told.counts == {"prompt": 2, "error": 2, "edit": 1, "commit": 1, "compaction": 0}


def test_a_window_begins_a_little_before_the_line(session: AgentSession) -> None:
    assert start_of_window(session, 3) is None
    assert start_of_window(session, 10) == 3
