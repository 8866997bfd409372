"""Claude Code's records, one by one: what each counting rule makes of them."""

from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.parsers.formats.claude_code import LineReader, first_owner, identify
from sessions.parsers.pricing import Usage
from sessions.parsers.records import BadLine, ParsedLine, SessionRef
from sessions.parsers.values import MAX_TOKENS
from sessions.tests import samples as s

MAIN = PurePosixPath(s.main_path("a"))
A = SessionRef(s.uid("a"))


def reader(path: PurePosixPath = MAIN) -> LineReader:
    identity = identify(path)
    return LineReader(identity, identity.owner or path.stem)


def parse(record: Any, using: LineReader | None = None) -> ParsedLine:
    found = (using or reader()).read(0, 1, s.line(record, b""))
    assert isinstance(found, ParsedLine)
    return found


def tokens(record: dict[str, Any]) -> Usage:
    return parse(record).responses[0].usage


# R1-R6: which response


def test_r1_a_response_is_named_by_message_and_request() -> None:
    one, other = parse(s.reply("x", 0)), parse(s.reply("x", 9, "b"))
    assert one.responses[0].key == other.responses[0].key
    changed = parse(s.reply("x", 0, request_id="req_other"))
    assert changed.responses[0].key != one.responses[0].key


def test_r4_without_request_id_a_response_is_one_of_its_session() -> None:
    mine = parse(s.reply("x", 0, request_id=None)).responses[0]
    again = parse(s.reply("x", 5, request_id=None)).responses[0]
    elsewhere = parse(s.reply("x", 0, "b", request_id=None)).responses[0]
    assert mine.key == again.key != elsewhere.key


def test_r5_a_side_chain_says_so() -> None:
    assert parse(s.side(s.reply("x", 0), "x1")).responses[0].is_sidechain


def test_a_response_without_message_id_is_counted_by_its_line() -> None:
    record = s.reply("x", 0)
    del record["message"]["id"]
    assert parse(record).responses[0].message_id.startswith("line-")


# R7-R9: copies and what is billed beside


def test_r7_a_progress_record_carries_a_subagents_response() -> None:
    line = parse(s.progress("g", 5, s.reply("x", 4, output=1), "x1"))
    seen = line.responses[0]
    assert (seen.is_assistant, seen.at_ms) == (False, s.at_ms(4))
    assert seen.session == SessionRef(s.uid("a"), "x1", "subagent")
    assert seen.key == parse(s.reply("x", 4, output=50)).responses[0].key
    assert line.spawns[0].agent_id == "x1"


def test_r7_other_progress_tells_of_no_response() -> None:
    data = {"type": "bash_progress", "output": "..."}
    assert not parse(s.record("progress", "g", 1, "a", data=data)).responses


def test_r8_an_agents_totals_are_never_added() -> None:
    detail = {"agentId": "x1", "totalTokens": 999, "totalDurationMs": 1200, "usage": s.usage(77)}
    line = parse(s.answer("r", 1, "toolu_1", detail=detail))
    assert not line.responses
    assert line.tool_results[0].execution_ms == 1200
    assert line.tool_results[0].spawned_agent_id == "x1"


def test_r9_an_advisor_is_billed_beside_the_response() -> None:
    advisor = {"type": "advisor_message", "model": "claude-opus-4-6", "input_tokens": 7, "output_tokens": 8}
    repeated = {"type": "message", "input_tokens": 3, "output_tokens": 10}
    line = parse(s.reply("x", 0, tokens=s.usage(10, iterations=[repeated, advisor, advisor, 5, None])))
    assert [r.message_id for r in line.responses] == ["msg_x", "msg_x:advisor:0", "msg_x:advisor:1"]
    assert line.responses[1].model == "claude-opus-4-6"
    assert line.responses[1].usage == Usage(7, 8, 0, 0, 0, 0)
    assert len({r.key for r in line.responses}) == 3


# R10-R13: what is no response, and what is no prompt


@pytest.mark.parametrize("change", [{"isApiErrorMessage": True}, {}])
def test_r10_errors_in_place_of_a_response_are_events(change: dict[str, Any]) -> None:
    record = s.reply("x", 0, model="<synthetic>", error="rate_limit") | change
    line = parse(record)
    assert not line.responses
    assert (line.events[0].kind, line.events[0].data) == ("api_error", {"error": "rate_limit"})


@pytest.mark.parametrize(
    ("value", "counted", "problem"),
    [
        (-1, 0, "usage_invalid"),
        ("095", 0, "usage_invalid"),
        (True, 0, "usage_invalid"),
        (1.5, 0, "usage_invalid"),
        ([1], 0, "usage_invalid"),
        ({}, 0, "usage_invalid"),
        (10**30, MAX_TOKENS, "usage_clamped"),
        (10**400, MAX_TOKENS, "usage_clamped"),
        (MAX_TOKENS + 1, MAX_TOKENS, "usage_clamped"),
        (MAX_TOKENS, MAX_TOKENS, ""),
        (7.0, 7, ""),
        (None, 0, ""),
    ],
)
def test_r11_impossible_counts_read_as_zero_and_are_reported(value: Any, counted: int, problem: str) -> None:
    line = parse(s.reply("x", 0, tokens=s.usage(value)))
    assert line.responses[0].usage.output_tokens == counted
    assert [p.kind for p in line.problems if p.kind.startswith("usage")] == ([problem] if problem else [])


NO_PROMPTS = {
    "tool results": s.answer("r", 0, "toolu_1"),
    "meta": s.prompt("p", 0, isMeta=True),
    "compact summary": s.prompt("p", 0, isCompactSummary=True),
    "transcript only": s.prompt("p", 0, isVisibleInTranscriptOnly=True),
    "command output": s.prompt("p", 0, text="<local-command-stdout>x</local-command-stdout>"),
    "reminder": s.prompt("p", 0, text="<system-reminder>be kind</system-reminder>"),
    "continued": s.prompt("p", 0, text="This session is being continued from a previous conversation..."),
    "empty": s.prompt("p", 0, text="  "),
}


@pytest.mark.parametrize("record", NO_PROMPTS.values(), ids=NO_PROMPTS.keys())
def test_r13_what_is_no_prompt(record: dict[str, Any]) -> None:
    assert [e.kind for e in parse(record).events if e.kind in ("prompt", "command")] == []


def test_r13_prompts_and_commands() -> None:
    assert parse(s.prompt("p", 0, text="Fix it")).events[0][:2] == ("prompt", "Fix it")
    command = "<command-name>/review</command-name><command-args>7</command-args>"
    event = parse(s.prompt("p", 0, text=command)).events[0]
    assert (event.kind, event.text, event.data) == ("command", "/review", {"args": "7"})
    image = s.record("user", "p", 0, "a", message={"content": [{"type": "image"}]})
    assert parse(image).events[0].data == {"source": "typed", "images": 1}
    interrupt = s.prompt("p", 0, text="[Request interrupted by user]")
    assert parse(interrupt).events[0].kind == "interrupt"


# R14: tool calls


def test_r14_a_call_and_its_answer_share_an_id() -> None:
    use = parse(s.reply("x", 0, blocks=[s.call("toolu_1", "Bash", command="git status")]))
    result = parse(s.answer("r", 2, "toolu_1"))
    assert use.tool_uses[0].call_id == result.tool_results[0].call_id == "toolu_1"
    assert use.tool_uses[0].is_git
    assert use.tool_uses[0].response_key == use.responses[0].key


def test_a_call_without_id_is_reported() -> None:
    line = parse(s.reply("x", 0, blocks=[{"type": "tool_use", "name": "Bash"}]))
    assert not line.tool_uses
    assert [p.kind for p in line.problems] == ["tool_use_without_id"]


# R17-R22: whose line it is

SID = s.uid("a")
PLACES = {
    f"-p/{SID}.jsonl": (SID, "", "session"),
    "-p/notes.jsonl": ("", "", "session"),
    "-p/agent-x1.jsonl": ("", "x1", "subagent"),
    f"-p/{SID}/subagents/agent-x1.jsonl": (SID, "x1", "subagent"),
    f"-p/{SID}/subagents/workflows/w1/agent-x1.jsonl": (SID, "x1", "workflow_agent"),
    "subagents/agent-x1.jsonl": ("", "x1", "subagent"),
}


@pytest.mark.parametrize(("path", "identity"), PLACES.items())
def test_r17_what_a_place_says(path: str, identity: tuple[str, str, str]) -> None:
    found = identify(PurePosixPath(path))
    assert (found.owner, found.agent_id, found.session_type) == identity


def test_r18_a_flat_agent_file_belongs_to_the_trunk_its_lines_name() -> None:
    line = parse(s.side(s.reply("x", 0), "x1"), reader(PurePosixPath("-p/agent-x1.jsonl")))
    assert line.session == SessionRef(SID, "x1", "subagent")


def test_r19_a_line_belongs_to_the_session_it_names() -> None:
    using = reader()
    assert parse(s.prompt("p", 0, "b"), using).session.native_id == s.uid("b")
    nameless = {"type": "summary", "summary": "About"}
    assert parse(nameless, using).session == A


def test_the_first_named_session_owns_a_file_without_a_telling_name() -> None:
    lines = [b"[]", b'{"sessionId":3}', b'{"sessionId":', s.line(s.prompt("p", 0, "b"))]
    assert first_owner(lines) == s.uid("b")
    assert first_owner([b"", b"{}"]) == ""


def test_a_wrong_guess_of_the_owner_is_noticed() -> None:
    using = LineReader(identify(PurePosixPath("-p/notes.jsonl")), "notes", owner_guessed=True)
    parse({"type": "summary", "summary": "x"}, using)
    assert not using.guess_was_wrong
    parse(s.prompt("p", 0), using)
    assert using.guess_was_wrong


def test_r20_a_result_tells_whom_the_call_started() -> None:
    line = parse(s.answer("r", 0, "toolu_1", content="Done.\nagentId: a1b2c3d (for resuming)"))
    assert line.tool_results[0].spawned_agent_id == "a1b2c3d"


def test_side_chains_without_agent_id_are_agents_named_by_their_first_line() -> None:
    using = reader()
    first = parse(s.prompt("p1", 0, isSidechain=True), using)
    second = parse(s.reply("x", 1, isSidechain=True, parentUuid=s.uid("p1")), using)
    other = parse(s.prompt("p2", 2, isSidechain=True), using)
    assert first.session == second.session != other.session
    assert first.session.agent_id.startswith("side")
    assert parse(s.prompt("p3", 3), using).session == A


def test_r23_compaction_is_an_event() -> None:
    meta = {"trigger": "auto", "preTokens": 155_554, "nested": {"a": 1}}
    line = parse(s.record("system", "c", 0, "a", subtype="compact_boundary", compactMetadata=meta))
    assert (line.events[0].kind, line.events[0].text) == ("compaction", "auto")
    assert line.events[0].data == {"trigger": "auto", "preTokens": 155_554}


def test_r25_a_line_notes_where_it_ran_once() -> None:
    using = reader()
    assert ("cwd", s.CWD) in parse(s.prompt("p", 0), using).facets
    assert ("cwd", s.CWD) not in parse(s.prompt("q", 1), using).facets
    assert ("cwd", s.CWD) in parse(s.prompt("o", -1), using).facets
    assert ("cwd", "/other") in parse(s.prompt("r", 2, cwd="/other"), using).facets


def test_r26_a_summary_names_the_line_it_is_about() -> None:
    event = parse({"type": "summary", "summary": "About", "leafUuid": s.uid("z")}).events[0]
    assert event.data == {"from": "summary", "leaf": s.uid("z")}


# R31-R32, R35-R39, R43: robust reading and money's raw material


def test_r32_nulls_are_taken_as_absent() -> None:
    nulls = dict.fromkeys(("requestId", "cwd", "version", "costUSD", "gitBranch", "agentId", "parentUuid"))
    record = s.reply("x", 0, tokens=s.usage(5) | {"speed": None, "cache_creation": None}) | nulls
    line = parse(record)
    assert line.responses[0].usage.output_tokens == 5
    assert not line.problems


def test_a_missing_usage_counts_nothing_and_is_reported() -> None:
    line = parse(s.reply("x", 0, tokens={}))
    assert line.responses[0].usage == Usage(0, 0, 0, 0, 0, 0)
    assert [p.kind for p in line.problems] == ["usage_missing"]


CACHE_WRITES = {
    "split": ({"short": 5, "long": 7}, {}, (5, 7)),
    "flat only": ({"short": 9}, {"cache_creation": None}, (9, 0)),
    "split says less": ({"short": 5, "long": 7}, {"cache_creation_input_tokens": 20}, (13, 7)),
    "flat is zero": ({"short": 5, "long": 7}, {"cache_creation_input_tokens": 0}, (5, 7)),
}


@pytest.mark.parametrize(("given_", "change", "counted"), CACHE_WRITES.values(), ids=CACHE_WRITES.keys())
def test_r35_cache_writes(given_: dict[str, int], change: dict[str, Any], counted: tuple[int, int]) -> None:
    found = tokens(s.reply("x", 0, tokens=s.usage(1, **given_) | change))
    assert (found.cache_creation_5m_tokens, found.cache_creation_1h_tokens) == counted


def test_r37_r38_r39_fast_tier_place_and_searches() -> None:
    more: dict[str, Any] = {
        "speed": "fast",
        "service_tier": "priority",
        "inference_geo": "eu",
        "server_tool_use": {"web_search_requests": 3},
    }
    seen = parse(s.reply("x", 0, tokens=s.usage(1, **more))).responses[0]
    assert (seen.fast, seen.service_tier, seen.inference_geo) == (True, "priority", "eu")
    assert seen.usage.web_search_requests == 3


@pytest.mark.parametrize(
    ("cost", "nano"), [(0.0123, 12_300_000), (1, 10**9), ("1", None), (-1, None), (1e30, None)]
)
def test_r43_reported_costs(cost: Any, nano: int | None) -> None:
    assert parse(s.reply("x", 0, costUSD=cost)).responses[0].reported_cost_nano_usd == nano


def test_a_streaming_snapshot_has_no_stop_reason() -> None:
    assert parse(s.reply("x", 0, stop=None)).responses[0].stop_reason == ""


def test_a_fallback_to_another_model_is_an_event() -> None:
    record = s.record(
        "system", "f", 0, "a", subtype="model_refusal_fallback", originalModel="m1", fallbackModel="m2"
    )
    assert parse(record).events[0].data == {"from": "m1", "to": "m2"}


RECORD_TYPES: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"type": "custom-title", "customTitle": "T"}, "", ["title"]),
    ({"type": "ai-title", "aiTitle": "T"}, "", ["title"]),
    ({"type": "pr-link", "prUrl": "https://x/1", "prNumber": 1}, "", ["pr"]),
    ({"type": "mode", "mode": "plan"}, "", ["mode"]),
    ({"type": "queue-operation", "operation": "enqueue", "content": "x"}, "enqueue", ["queue"]),
    (
        {"type": "attachment", "attachment": {"type": "queued_command", "prompt": "x"}},
        "queued_command",
        ["prompt"],
    ),
    (
        {"type": "attachment", "attachment": {"type": "hook_success", "hookName": "h"}},
        "hook_success",
        ["hook"],
    ),
    ({"type": "system", "subtype": "api_error", "error": {"status": 529}}, "api_error", ["api_retry"]),
    ({"type": "system", "subtype": "turn_duration", "durationMs": 5}, "turn_duration", ["turn"]),
    ({"type": "system", "subtype": "stop_hook_summary", "hookCount": 1}, "stop_hook_summary", ["hook"]),
    ({"type": "file-history-snapshot"}, "", []),
    ({"type": "last-prompt", "lastPrompt": "x"}, "", []),
    ({"type": "of the future", "subtype": "x"}, "x", []),
    ({}, "", []),
]


@pytest.mark.parametrize(("record", "subtype", "events"), RECORD_TYPES)
def test_record_types(record: dict[str, Any], subtype: str, events: list[str]) -> None:
    line = parse(record)
    assert (line.kind, line.subtype) == (record.get("type", "(none)"), subtype)
    assert [e.kind for e in line.events] == events


def test_unknown_types_are_told_apart() -> None:
    using = reader()
    assert using.is_known(parse({"type": "user"}, using))
    assert not using.is_known(parse({"type": "of the future"}, using))


# Nothing that can be written makes reading fail

ADVISOR = {"type": "advisor_message", "model": "m"}
EDIT = {"filePath": "/f", "structuredPatch": [{"lines": ["+a"]}]}
TEXT = {"type": "text", "text": "x"}
REAL = [
    s.reply("x", 0, blocks=[s.call("t1", "Edit", file_path="/f")], tokens=s.usage(1, iterations=[ADVISOR])),
    s.answer("r", 1, "t1", detail=EDIT | {"gitOperation": {"commit": {"sha": "1a2b3c4"}}}),
    s.prompt("p", 2),
    s.progress("g", 3, s.reply("y", 3), "x1"),
    s.record("system", "c", 4, "a", subtype="compact_boundary", compactMetadata={"trigger": "auto"}),
    s.record("attachment", "h", 5, "a", attachment={"type": "queued_command", "prompt": [TEXT]}),
    {"type": "queue-operation", "operation": "enqueue", "content": "<task-id>1</task-id>"},
    {"type": "summary", "summary": "x", "leafUuid": "y"},
]  # fmt: skip
WRONG: list[Any] = [None, True, 0, -1, 1.5, 10**30, "", "x", [], [None], [[]], {}, {"a": []}, ["x"]]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [p for k, v in inner for p in [(*path, k), *_paths(v, (*path, k))]]


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(copy[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("record", REAL, ids=lambda r: str(r["type"]))
def test_a_wrong_type_in_any_field_never_raises(record: dict[str, Any]) -> None:
    for path in _paths(record):
        for wrong in WRONG:
            line = parse(_replaced(record, path, wrong))
            for seen in line.responses:
                assert all(type(n) is int and n >= 0 for n in seen.usage)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(REAL), st.data())
def test_drifting_schemas_never_raise(record: dict[str, Any], data: st.DataObject) -> None:
    """Fields dropped, renamed and filled with anything."""
    for path in data.draw(st.lists(st.sampled_from(_paths(record)), min_size=1, max_size=3)):
        try:
            record = _replaced(record, path, data.draw(JSON))
        except (KeyError, IndexError, TypeError):
            continue
    for seen in parse(record).responses:
        assert all(type(n) is int and 0 <= n <= MAX_TOKENS for n in seen.usage)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_line_or_a_reason(raw: bytes) -> None:
    found = reader().read(5, 2, raw.replace(b"\n", b""))
    if isinstance(found, BadLine):
        assert found.reason
        assert (found.offset, found.line_no) == (5, 2)
