"""The API's answers about sessions: names, filters, transcripts, and queries that do not grow with rows."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions.models import ModelResponse, SyncRun
from sessions.tests import samples as s
from telemetry_site import pipeline

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
AGENT = "a1b2c3d"
# The fields a client of the old API reads.
KEPT = {
    *("id", "title", "taskId", "status", "model", "modelDisplayName", "modelProvider", "modelFamily"),
    *("modelVersion", "modelsUsed", "agentsUsed", "skillsUsed", "toolSummary", "sessionType"),
    *("parentSessionId", "rootSessionId", "agentId", "durationSeconds", "tokensIn", "tokensOut", "totalCost"),
    *("startedAt", "endedAt", "createdAt", "updatedAt", "qualityRating", "frictionRating", "gitCommitHash"),
    *("gitCommitHashes", "gitAuthor", "gitBranch", "updatedFiles", "linkedArtifacts", "toolsUsed"),
    *("impactHistory", "logs", "sessionMetadata", "dates", "timeline"),
}
LOG_KEPT = {
    *("id", "timestamp", "speaker", "type", "content", "agentName", "linkedSessionId", "relatedToolCallId"),
    *("metadata", "toolCall", "skillDetails", "subagentThread"),
}
DATES = {"createdAt", "updatedAt", "completedAt", "plannedAt", "startedAt", "endedAt", "lastActivityAt"}


@pytest.fixture
def client() -> Client:
    """Names the host it asks for, which is checked before everything."""
    return Client(headers={"host": "localhost"})


def conversation(name: str = "a", start: float = 0, **more: Any) -> tuple[str, list[dict[str, Any]]]:
    """A prompt, an edit that is thought about first, its answer, a last word."""
    edit = s.call(f"toolu_{name}", "Edit", file_path=f"{s.CWD}/pump.py")
    thought = {"type": "thinking", "thinking": "Which valve?"}
    detail = {"filePath": f"{s.CWD}/pump.py", "structuredPatch": [{"lines": ["+a", "+b", "-c"]}]}
    return s.main_path(name), [
        s.prompt(f"{name}p", start, name, "Mend the pump"),
        s.reply(f"{name}1", start + 1, name, output=20, stop="tool_use", blocks=[thought, edit], **more),
        s.answer(f"{name}2", start + 3, f"toolu_{name}", name, detail=detail),
        s.reply(f"{name}3", start + 4, name, output=5, **more),
    ]


def read(folder: Path, *files: tuple[str, list[dict[str, Any]]]) -> None:
    s.write(folder, {path: s.lines(records) for path, records in files})
    assert pipeline.sync([folder], now=NOW).problems == []


def get(client: Client, path: str, **asked: Any) -> Any:
    response = client.get(f"/api/{path}", asked)
    assert response.status_code == 200, response.content
    return response.json()


def errors(client: Client, path: str, expected: int, /, **asked: Any) -> dict[str, list[str]]:
    response = client.get(f"/api/{path}", asked)
    assert response.status_code == expected, response.content
    body = response.json()
    assert body["detail"].endswith(".")
    found: dict[str, list[str]] = body["errors"]
    return found


def test_a_session_has_every_field_of_old(client: Client, tmp_path: Path) -> None:
    read(tmp_path, conversation())
    [item] = get(client, "sessions")["items"]
    whole = get(client, f"sessions/{item['id']}")
    assert set(item) >= KEPT
    assert set(whole) >= KEPT
    assert set(whole["logs"][0]) >= LOG_KEPT
    assert (set(item["dates"]), set(whole["dates"])) == (DATES, DATES)


def test_a_session_says_what_it_used(client: Client, tmp_path: Path) -> None:
    read(tmp_path, conversation())
    whole = get(client, f"sessions/{s.uid('a')}")
    assert (whole["tokensIn"], whole["tokensOut"], whole["cacheReadTokens"]) == (6, 25, 200)
    assert (whole["totalCost"], whole["costProvenance"]) == (0.000453, "computed")
    assert (whole["modelProvider"], whole["modelFamily"]) == ("Claude", "Sonnet")
    assert (whole["status"], whole["durationSeconds"], whole["logCount"]) == ("completed", 4, 4)
    assert whole["toolsUsed"] == [{"name": "Edit", "count": 1, "successRate": 1.0, "totalMs": 2000}]
    [touch] = whole["updatedFiles"]
    assert (touch["filePath"], touch["additions"], touch["deletions"]) == (f"{s.CWD}/pump.py", 2, 1)
    assert touch["sourceLogId"] in {log["id"] for log in whole["logs"]}
    assert whole["dates"]["startedAt"]["value"] == s.at(0)
    assert [event["kind"] for event in whole["timeline"]] == ["session-started", "session-completed"]
    assert whole["impactHistory"][0]["locAdded"] == 2


def test_tokens_stand_on_every_kind_of_row(client: Client, tmp_path: Path) -> None:
    read(tmp_path, conversation())
    logs = get(client, f"sessions/{s.uid('a')}")["logs"]
    assert [(log["speaker"], log["type"]) for log in logs] == [
        ("user", "message"),
        ("agent", "thought"),
        ("agent", "tool"),
        ("agent", "message"),
    ]
    used = [log["metadata"].get("totalTokens") for log in logs]
    assert used == [None, 23, None, 8]
    assert logs[1]["metadata"]["cacheReadTokens"] == 100
    call = logs[2]["toolCall"]
    assert (call["name"], call["output"], call["status"], call["isError"]) == (
        "Edit",
        "done",
        "success",
        False,
    )
    assert logs[2]["metadata"]["durationMs"] == 2000


def test_no_price_is_null_and_no_usage_is_zero(client: Client, tmp_path: Path) -> None:
    silent = (s.main_path("b"), [s.prompt("q", 100, "b")])
    read(tmp_path, conversation(model="acme-coder-1"), silent)
    costs = {i["id"]: (i["totalCost"], i["costProvenance"]) for i in get(client, "sessions")["items"]}
    assert costs == {s.uid("a"): (None, "unpriced"), s.uid("b"): (0, "none")}


def test_lists_filter_sort_and_page(client: Client, tmp_path: Path) -> None:
    read(tmp_path, conversation("a"), conversation("b", 100), conversation("c", 200, model="claude-opus-4-5"))
    names = {s.uid(name): name for name in "abc"}

    def found(**asked: Any) -> str:
        return "".join(names[item["id"]] for item in get(client, "sessions", **asked)["items"])

    assert (found(), found(sort_order="asc"), found(sort_by="cost", limit=1)) == ("cba", "abc", "c")
    assert (found(model="opus"), found(q="pump", offset=1), found(tool="Bash")) == ("c", "ba", "")
    assert get(client, "sessions", limit=1)["total"] == 3
    assert found(start_date="2026-03-02") == ""
    assert found(end_date="2026-03-01") == "cba"


def test_subagents_are_listed_when_asked_for(client: Client, tmp_path: Path) -> None:
    side = [s.side(s.prompt("sp", 2), AGENT), s.side(s.reply("sr", 3, output=7), AGENT)]
    read(tmp_path, conversation(), (s.agent_path(AGENT), side))
    [root] = get(client, "sessions")["items"]
    assert (root["subagentCount"], root["tokensOut"], root["familyTotals"]["outputTokens"]) == (1, 25, 32)
    both = get(client, "sessions", include_subagents="true")["items"]
    child = next(item for item in both if item["sessionType"] == "subagent")
    assert (child["parentSessionId"], child["rootSessionId"]) == (root["id"], root["id"])
    assert get(client, f"sessions/{child['id']}")["tokensOut"] == 7
    [top] = get(client, f"sessions/{child['id']}/tree")["items"]
    assert (top["own"]["outputTokens"], top["descendants"]["outputTokens"]) == (25, 7)
    assert top["children"][0]["isAsked"] is True


def test_a_fork_shows_what_it_inherited_and_does_not_count_it(client: Client, tmp_path: Path) -> None:
    path, records = conversation()
    own = s.reply("own", 900, "f", output=3)
    read(tmp_path, (path, records), (s.main_path("f"), [*s.forked(records, "f"), own]))
    fork = get(client, f"sessions/{s.uid('f')}")
    assert (fork["sessionType"], fork["forkedFromSessionId"]) == ("fork", s.uid("a"))
    assert (fork["tokensOut"], fork["inheritedTokens"]) == (3, 231)
    marks = [log["metadata"]["inherited"] for log in fork["logs"] if "inherited" in log["metadata"]]
    assert marks == [True, True, False]


def test_the_transcript_pages_by_line(client: Client, tmp_path: Path) -> None:
    read(tmp_path, conversation())
    path = f"sessions/{s.uid('a')}/entries"
    first = get(client, path, limit=2)
    assert ([item["seq"] for item in first["items"]], first["nextAfter"]) == ([1, 2, 2], 2)
    rest = get(client, path, after=first["nextAfter"])
    assert ([item["seq"] for item in rest["items"]], rest["nextAfter"]) == ([4], None)
    back = get(client, path, before=4, limit=2)
    assert back["previousBefore"] == 2
    assert "before" in errors(client, path, 400, before=1, after=1)


def test_an_original_line_is_given_as_it_was(client: Client, tmp_path: Path) -> None:
    path, records = conversation()
    read(tmp_path, (path, records))
    raw = get(client, f"sessions/{s.uid('a')}/raw", seq=2)
    assert raw["text"].encode() == s.line(records[1])
    assert (raw["file"], raw["lineNumber"], raw["offset"]) == (path, 2, len(s.line(records[0])))
    errors(client, f"sessions/{s.uid('a')}/raw", 404, seq=99)
    assert "seq" in errors(client, f"sessions/{s.uid('a')}/raw", 400)


def test_hostile_text_comes_through_as_json(client: Client, tmp_path: Path) -> None:
    lone = (
        s.line(s.prompt("p", 0, text="half X char"))
        .replace(b"X", b"\\ud83d")
        .replace(b"half", b"nul \\u0000")
    )
    s.write(tmp_path, {s.main_path(): lone + s.line(s.reply("r", 1))})
    pipeline.sync([tmp_path], now=NOW)
    for part in ("", "/entries", "/raw?seq=1"):
        assert client.get(f"/api/sessions/{s.uid('a')}{part}").status_code == 200
    assert client.get("/api/sessions").status_code == 200


def test_files_and_tools_are_lists(client: Client, tmp_path: Path) -> None:
    read(tmp_path, conversation())
    files = get(client, f"sessions/{s.uid('a')}/files")
    assert (files["total"], files["items"][0]["shownPath"], files["items"][0]["additions"]) == (
        1,
        "pump.py",
        2,
    )
    tools = get(client, f"sessions/{s.uid('a')}/tools")
    assert (tools["items"][0]["name"], tools["items"][0]["successRate"]) == ("Edit", 100)


@pytest.mark.parametrize("part", ["", "/entries", "/raw?seq=1", "/tree", "/files", "/tools"])
def test_unknown_sessions_are_not_found(client: Client, part: str) -> None:
    errors(client, f"sessions/nobody{part}", 404)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"status": "sleeping"}, "status"),
        ({"sort_by": "colour"}, "sort_by"),
        ({"sort_order": "up"}, "sort_order"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"start_date": "soon"}, "start_date"),
        ({"min_cost": "cheap"}, "min_cost"),
        ({"include_subagents": "perhaps"}, "include_subagents"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_refused_by_name(client: Client, asked: dict[str, str], named: str) -> None:
    assert named in errors(client, "sessions", 400, **asked)


def test_an_unknown_project_is_not_an_empty_list(client: Client) -> None:
    errors(client, "sessions", 404, project="nowhere")


def test_projects_are_listed(client: Client, tmp_path: Path) -> None:
    read(tmp_path, conversation())
    body = get(client, "projects")
    assert (body["total"], body["items"][0]["slug"], body["items"][0]["path"]) == (1, "engine", s.CWD)


def test_reading_is_told_line_by_line(client: Client, tmp_path: Path) -> None:
    path, records = conversation()
    s.write(tmp_path, {path: s.lines(records) + b"}{\n\n"})
    pipeline.sync([tmp_path], now=NOW)
    body = get(client, "ingest/status")
    assert (body["state"], body["progress"], body["lastSyncAt"][-1]) == ("done", None, "Z")
    counted = {"seen": 6, "stored": 4, "duplicate": 0, "quarantined": 1, "blank": 1}
    assert body["equation"] == {**counted, "pending": 0, "holds": True}
    [source] = body["sources"]["items"]
    assert (source["path"], source["quarantined"], source["missingSince"]) == (path, 1, None)


def test_before_the_first_read_nothing_is_claimed(client: Client) -> None:
    body = get(client, "ingest/status")
    assert (body["state"], body["lastSyncAt"], body["equation"]["seen"]) == ("never", None, 0)
    assert get(client, "sessions") == {"items": [], "total": 0, "offset": 0, "limit": 50}


def test_a_run_is_followed_while_it_lasts(client: Client) -> None:
    from django.utils import timezone

    now = timezone.now()
    run = {"files_total": 10, "files_done": 4, "bytes_total": 100, "bytes_done": 40}
    SyncRun.objects.create(started_at=now, heartbeat_at=now, **run)
    body = get(client, "ingest/status")
    assert (body["state"], body["progress"]["percent"], body["progress"]["filesTotal"]) == ("running", 40, 10)


def test_health_asks_the_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert get(client, "health") == {"status": "ok", "db": "ok", "detail": None}
    from django.db import DatabaseError

    def fail(*args: object) -> None:
        raise DatabaseError("disk I/O error at /secret/place")

    monkeypatch.setattr("telemetry_site.health.SyncRun.objects.exists", fail)
    monkeypatch.setattr("telemetry_site.health.connection.close", lambda: None)
    response = client.get("/api/health")
    assert (response.status_code, response.json()["db"]) == (503, "unavailable")
    assert "secret" not in response.content.decode()


def test_more_sessions_are_not_more_queries(client: Client, tmp_path: Path) -> None:
    read(tmp_path, conversation("a"), conversation("b", 100))
    few = [_queries(client, path) for path in _paths("a")]
    path, records = conversation("m", 500)
    more = [s.reply(f"m{n}", 510 + n, "m", blocks=[s.call(f"toolu_m{n}")]) for n in range(10, 20)]
    read(tmp_path, (path, [*records, *more]), conversation("c", 200), conversation("d", 300))
    assert ModelResponse.objects.count() == 20
    assert [_queries(client, path) for path in _paths("m")] == few


def _paths(name: str) -> list[str]:
    parts = ("", "/entries", "/tree", "/files", "/tools")
    return ["/api/sessions", *(f"/api/sessions/{s.uid(name)}{part}" for part in parts)]


def _queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)
