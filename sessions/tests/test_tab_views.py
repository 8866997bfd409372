"""The tabs of a session: what stands on them is true, leads to its entry and is what the API says."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from sessions.models import AgentSession
from sessions.selectors.artifacts import artifact_groups
from sessions.selectors.impact import placed_impact
from sessions.selectors.tools import nearest_rank, session_tools
from sessions.selectors.waterfall import CALLS_ON_A_PAGE, waterfall
from sessions.tests.samples import answer, call, prompt, record, reply, side, uid
from sessions.tests.test_views import client, page
from sessions.tests.transcripts import found, read

__all__ = ["client"]
pytestmark = pytest.mark.django_db
CREATED = {"type": "create", "filePath": "/home/ada/engine/x", "content": "a\nb", "structuredPatch": []}
PULL = "https://github.example/a/b/pull/7"
COMMITTED = {"stdout": "[main 1a2b3c4] x\n 1 file changed", "stderr": "", "interrupted": False}


@pytest.fixture
def session(tmp_path: Path) -> AgentSession:
    compaction = {"subtype": "compact_boundary", "compactMetadata": {"trigger": "auto", "preTokens": 9}}
    read(
        tmp_path,
        a=[
            prompt("a1", 0, text="<command-name>/review</command-name><command-args>all</command-args>"),
            reply("a2", 1, blocks=[call("t1", "Write", file_path="/home/ada/engine/x", content="a\nb")]),
            answer("a3", 3, "t1", detail=CREATED),
            reply("a4", 4, blocks=[call("t2", "Bash", command="git commit -m x")]),
            answer("a5", 5, "t2", detail=COMMITTED),
            record("system", "a6", 6, "a", **compaction),
            reply("a7", 7, blocks=[call("t3", "WebFetch", url="https://a.example/b", prompt="what")]),
            answer("a8", 8, "t3", content="no", is_error=True),
            reply("a9", 9, blocks=[call("t4", "WebFetch", url="javascript:alert(1)", prompt="what")]),
            record(
                "pr-link",
                "a10",
                10,
                "a",
                prUrl="https://github.example/a/b/pull/7",
                prNumber=7,
                prRepository="a/b",
            ),
            record("pr-link", "a11", 11, "a", prUrl="javascript:alert(2)", prNumber=8),
        ],
        a__worker=[side(reply("w1", 2, output=5), "worker")],
    )
    return found()


def test_the_waterfall_has_every_call_and_what_was_between(session: AgentSession) -> None:
    steps, _ = waterfall(session, page=None)
    assert [(step.kind, step.label, step.seq, step.elapsed_ms) for step in steps] == [
        ("command", "Command", 1, None),
        ("call", "Write", 2, 2000),
        ("call", "Bash", 4, 1000),
        ("compaction", "Context compacted", 6, None),
        ("call", "WebFetch", 7, 1000),
        ("call", "WebFetch", 9, None),
    ]


def test_pages_of_the_waterfall_hold_each_call_once(tmp_path: Path) -> None:
    calls = [reply(f"r{n}", n, blocks=[call(f"t{n}")]) for n in range(CALLS_ON_A_PAGE + 5)]
    read(tmp_path, a=[prompt("p", 0), *calls])
    first, second = (waterfall(found(), page=number)[0] for number in ("1", "2"))
    seqs = [step.seq for step in (*first, *second) if step.kind == "call"]
    assert seqs == list(range(2, CALLS_ON_A_PAGE + 7))


def test_artifacts_lead_to_their_entries_and_nowhere_unsafe(session: AgentSession) -> None:
    told = {
        group.kind: [(item.label, item.href, item.seq) for item in group.items]
        for group in artifact_groups(session)
    }
    worker = told.pop("agent")
    assert told == {
        "commit": [("1a2b3c4", "", 4)],
        "pull_request": [("a/b#7", PULL, 10), ("#8", "", 11)],
        "command": [("/review", "", 1)],
        "web": [("https://a.example/b", "https://a.example/b", 7), ("javascript:alert(1)", "", 9)],
    }
    assert len(worker) == 1


def test_impact_leads_to_the_calls_that_made_it(session: AgentSession) -> None:
    told = [(each.impact.kind, each.impact.added, each.seq) for each in placed_impact(session)]
    assert told == [("file", 2, 2), ("commit", 2, 4)]


def test_figures_are_those_of_the_api(client: Client, session: AgentSession) -> None:
    series = client.get(
        f"/api/analytics/series?metric=session_tokens&period=point&session_id={session.public_id}"
    ).json()["items"]
    detail = client.get(f"/api/sessions/{session.public_id}").json()
    html = page(client, "session-timeline", session.public_id)
    rows = [
        float(value)
        for value in re.findall(r'<data class="num " value="([\d.]+)"', html.split("Responses</h2>")[1])
    ]
    assert [row["value"] for row in series] == rows[4::6]
    assert series[-1]["value"] == detail["tokensIn"] + detail["tokensOut"]
    cost = page(client, "session-cost", session.public_id)
    total = re.findall(r"<tfoot>.*?</tfoot>", cost, re.DOTALL)[0]
    assert detail["totalCost"] == pytest.approx(float(re.findall(r'value="([\d.]+)"', total)[1]), abs=1e-6)
    impact = page(client, "session-impact", session.public_id)
    assert f"+{detail['impactHistory'][-1]['locAdded']}" in impact


def test_a_session_without_anything_says_so_in_sentences(client: Client, tmp_path: Path) -> None:
    read(tmp_path, a=[prompt("a1", 0)])
    for tab, sentence in {
        "timeline": "No tool was called in this session.",
        "cost": "No model answered in this session, so it cost nothing.",
        "artifacts": "used no command",
        "impact": "No call of this session is known to have changed a file",
    }.items():
        assert sentence in page(client, f"session-{tab}", uid("a"))


def test_the_old_address_of_tokens_leads_to_the_timeline(client: Client, session: AgentSession) -> None:
    old = client.get(reverse("session-tokens", args=[session.public_id]))
    assert (old.status_code, old["Location"]) == (301, reverse("session-timeline", args=[session.public_id]))


def test_tools_tell_how_long_their_calls_take_and_lead_to_each(client: Client, tmp_path: Path) -> None:
    lines = [prompt("p", 0)]
    for n, seconds in enumerate((1, 2, 3, 40)):
        lines += [
            reply(f"r{n}", 100 * n, blocks=[call(f"t{n}", "Bash", command=f"step {n}")]),
            answer(f"a{n}", 100 * n + seconds, f"t{n}", is_error=n == 1),
        ]
    read(tmp_path, a=[*lines, reply("g", 900, blocks=[call("tg", "Grep", pattern="x")])])
    bash, grep = session_tools(found())
    assert (bash.median_ms, bash.p95_ms, bash.slowest_ms) == (2000, 40000, 40000)
    assert (grep.median_ms, grep.p95_ms) == (None, None)

    def calls(query: str) -> list[str]:
        html = page(client, "session-tools", uid("a"), query=query).split('id="calls"')[1]
        return re.findall(r"step \d|>Grep<", html)

    assert calls("") == ["step 0", "step 1", "step 2", "step 3", ">Grep<"]
    assert calls("?tool=Bash&sort=slowest") == ["step 3", "step 2", "step 1", "step 0"]
    assert calls("?tool=Bash&sort=failed") == ["step 1"]
    assert "No call like it" in page(client, "session-tools", uid("a"), query="?tool=%00<script>")
    assert "<script>" not in page(client, "session-tools", uid("a"), query="?tool=<script>").split("<main")[1]


def test_a_file_leads_to_everything_that_was_done_to_it(client: Client, session: AgentSession) -> None:
    html = page(client, "session-files", session.public_id)
    assert "?path=%2Fhome%2Fada%2Fengine%2Fx#touches" in html
    html = page(client, "session-files", session.public_id, query="?path=/home/ada/engine/x")
    assert 'id="entry-2"' in html
    assert '<span class="line-text">b</span>' in html
    assert 'id="entry-4"' not in html
    nothing = page(client, "session-files", session.public_id, query="?path=/none<script>%00")
    assert "This session did nothing to a file of that name." in nothing


def test_percentiles_are_values_that_occurred() -> None:
    assert [nearest_rank([1, 2, 3, 4], share) for share in (0.25, 0.5, 0.95, 1)] == [1, 2, 4, 4]
    assert nearest_rank([], 0.5) is None
