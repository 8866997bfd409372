"""The figures of a corpus of real transcripts, counted by an independent program and held here to the last token."""

import builtins
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from analytics.models import SessionUsage
from sessions.files.history import file_history
from sessions.models import (
    AgentSession,
    ModelResponse,
    QuarantinedLine,
    ResponseCopy,
    SessionEvent,
    SourceFile,
    ToolCall,
    ToolCallCopy,
)
from sessions.selectors.usage import session_files
from telemetry_site.pipeline import SyncReport, rebuild_all, sync
from telemetry_site.verification import database_digest, table_digests, verify

CLASSES = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_5m": "cache_creation_5m_tokens",
    "cache_1h": "cache_creation_1h_tokens",
    "cache_read": "cache_read_tokens",
}
NANO = 1_000_000_000
FILE_TOOLS = {"Read", "Write", "Edit", "MultiEdit", "NotebookEdit"}

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def synced(
    corpus: Path, django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> Iterator[SyncReport]:
    """The corpus, read once for the whole module and taken out of the database afterwards."""
    from django.core.management import call_command

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield sync([corpus / "claude"])
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(scope="module")
def expected(corpus: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((corpus / "expected_usage.json").read_text())
    return found


@pytest.fixture(scope="module")
def truth(corpus: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((corpus / "truth.json").read_text())["claude"]
    return found


def _totals(rows: Any, name: Callable[[ModelResponse], str]) -> dict[str, dict[str, Any]]:
    """{name: token classes, cost in USD with nine decimals, responses} over counted responses."""
    found: dict[str, dict[str, Any]] = defaultdict(lambda: dict.fromkeys((*CLASSES, "cost", "responses"), 0))
    for response in rows:
        sums = found[name(response)]
        for short, column in CLASSES.items():
            sums[short] += getattr(response, column)
        sums["cost"] += response.cost_nano_usd
        sums["responses"] += 1
    return dict(found)


def _model(response: ModelResponse) -> str:
    return response.model + ("-fast" if response.fast else "")


def _utc_day(response: ModelResponse) -> str:
    return datetime.fromtimestamp(response.at_ms / 1000, UTC).date().isoformat()


def _nano(amount: str) -> int:
    whole, _, fraction = amount.partition(".")
    return int(whole) * NANO + int(fraction.ljust(9, "0"))


def _of_file(expected: dict[str, Any]) -> dict[str, Any]:
    """A row of the expected file in the form of `_totals`."""
    row = {name: expected[name] for name in CLASSES}
    row["cost"] = _nano(expected["cost"])
    if "responses" in expected:
        row["responses"] = expected["responses"]
    return row


SCOPES = [
    ("billable", {}),
    ("assistant_records", {"is_assistant": True}),
    ("progress_only", {"is_assistant": False}),
]


@pytest.mark.parametrize(("scope", "only"), SCOPES)
def test_totals_are_exact(
    synced: SyncReport, expected: dict[str, Any], scope: str, only: dict[str, bool]
) -> None:
    total = _totals(ModelResponse.objects.counted().filter(**only), lambda _: "all")["all"]
    wanted = expected[scope]
    assert {name: total[name] for name in CLASSES} == wanted["totals"]
    assert total["cache_5m"] + total["cache_1h"] == wanted["cache_write"]
    assert total["cost"] == _nano(wanted["cost"])
    assert total["responses"] == wanted["responses"]


@pytest.mark.parametrize(("scope", "only"), SCOPES)
def test_every_model_is_exact(
    synced: SyncReport, expected: dict[str, Any], scope: str, only: dict[str, bool]
) -> None:
    found = _totals(ModelResponse.objects.counted().filter(**only), _model)
    assert found == {name: _of_file(row) for name, row in expected[scope]["models"].items()}


@pytest.mark.parametrize(("scope", "only"), SCOPES)
def test_every_utc_day_is_exact(
    synced: SyncReport, expected: dict[str, Any], scope: str, only: dict[str, bool]
) -> None:
    found = _totals(ModelResponse.objects.counted().filter(**only), _utc_day)
    for row in found.values():
        del row["responses"]
    assert found == {day: _of_file(row) for day, row in expected[scope]["utc_days"].items()}


def test_nothing_is_unpriced(synced: SyncReport, expected: dict[str, Any]) -> None:
    assert expected["billable"]["unpriced_tokens"] == 0
    assert not ModelResponse.objects.filter(cost_nano_usd=None).exists()


def test_known_figures(synced: SyncReport) -> None:
    """The figures the project states in its documents, so that nobody has to open the corpus to see them."""
    assert ModelResponse.objects.filter(is_assistant=True).count() == 2373
    assert ModelResponse.objects.filter(is_assistant=False).count() == 79
    assert ToolCall.objects.counted().count() == 2498
    assert ToolCall.objects.filter(is_error=True).count() == 193
    assert SessionEvent.objects.filter(kind="api_error").count() == 12


def test_sessions_are_those_the_lines_name(synced: SyncReport, truth: dict[str, Any]) -> None:
    trunks = set(AgentSession.objects.filter(agent_id="").values_list("native_id", flat=True))
    assert trunks == set(truth["sessions"])
    explicit = {sid for sid, row in truth["sessions"].items() if row["has_explicit_sessionId"]}
    assert len(explicit) == truth["distinct_sessionIds"] == 115
    assert trunks - explicit == set(truth["owners_without_any_sessionId"])


def test_elapsed_time_per_tool(synced: SyncReport, truth: dict[str, Any]) -> None:
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for call in ToolCall.objects.counted():
        row = found[call.name]
        row[0] += 1
        row[1] += call.result_digest is not None
        row[2] += call.is_error
        row[3] += call.elapsed_ms is not None
        row[4] += call.elapsed_ms or 0
    names = ("unique", "results", "errors", "timed", "elapsed_ms")
    assert dict(found) == {tool: [row[n] for n in names] for tool, row in truth["tools"].items()}


def _by_trunk(rows: Any) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for native, key in rows:
        found[native].add(key)
    return found


def test_tool_calls_per_session(synced: SyncReport, truth: dict[str, Any]) -> None:
    """Per trunk with its subagents, copies of a fork included: what stands in its transcripts."""
    held = ToolCallCopy.objects.values_list("session__native_id", "call_id")
    calls, errors = _by_trunk(held.filter(has_use=True)), _by_trunk(held.filter(is_error=True))
    for native, row in truth["sessions"].items():
        assert len(calls[native]) == row["tool_use_unique"], native
        assert len(errors[native]) == row["tool_errors_unique"], native


def test_tokens_per_session(synced: SyncReport, truth: dict[str, Any]) -> None:
    """What stands in each session's transcripts, own and inherited, per model."""
    held = ResponseCopy.objects.filter(is_assistant=True).values_list("session__native_id", "response_id")
    responses = ModelResponse.objects.in_bulk()
    found = _by_trunk(held)
    for native, row in truth["sessions"].items():
        totals = _totals((responses[key] for key in found[native]), lambda r: r.model)
        wanted = {m: sums for m, sums in row["tokens_last"].items() if m != "<synthetic>"}
        assert totals.keys() == wanted.keys(), native
        for model, sums in wanted.items():
            mine = totals[model]
            assert mine["input"] == sums["input"]
            assert mine["output"] == sums["output"]
            assert mine["cache_read"] == sums["cache_read"]
            assert mine["cache_5m"] + mine["cache_1h"] == sums["cache_creation_total"]


def test_events_per_session(synced: SyncReport, truth: dict[str, Any]) -> None:
    found: dict[tuple[str, str], int] = defaultdict(int)
    events = SessionEvent.objects.filter(kind__in=("compaction", "api_error"))
    for native, kind in events.values_list("session__native_id", "kind"):
        found[native, kind] += 1
    for native, row in truth["sessions"].items():
        assert found[native, "compaction"] == row["compact_boundaries"], native
        assert found[native, "api_error"] == row["api_errors"], native


def test_times_versions_and_places_per_session(synced: SyncReport, truth: dict[str, Any]) -> None:
    for native, row in truth["sessions"].items():
        family = AgentSession.objects.filter(native_id=native)
        assert {v for s in family for v in s.versions} == set(row["versions"]), native
        assert {c for s in family for c in s.cwds} == set(row["cwds"]), native
        assert {b for s in family for b in s.branches} == {b for b in row["branches"] if b}, native
        assert sum(s.entry_count for s in family) == row["records"], native


def test_record_types_are_counted(synced: SyncReport, truth: dict[str, Any]) -> None:
    found: dict[str, int] = defaultdict(int)
    for counts in SourceFile.objects.values_list("record_counts", flat=True):
        for name, count in counts.items():
            found[name.split("/")[0]] += count
    assert dict(found) == truth["records_per_type"]


def test_every_bad_line_is_quarantined_in_its_place(synced: SyncReport, truth: dict[str, Any]) -> None:
    found: dict[str, list[int]] = defaultdict(list)
    for path, line in QuarantinedLine.objects.order_by("line_no").values_list(
        "source__relative_path", "line_no"
    ):
        found[path].append(line)
    assert dict(found) == truth["malformed_by_file"]
    assert QuarantinedLine.objects.count() == truth["malformed_lines"] == 191
    assert not QuarantinedLine.objects.filter(reason="").exists()


def test_every_line_is_accounted_for(synced: SyncReport, truth: dict[str, Any]) -> None:
    lines = SourceFile.objects.line_totals()
    assert lines["lines_seen"] == truth["lines_nonblank"] + truth["blank_lines"]
    assert lines["lines_stored"] + lines["lines_duplicate"] == truth["records"]
    assert lines["lines_quarantined"] == truth["malformed_lines"]
    assert synced.lines["seen"] == lines["lines_seen"]
    assert synced.bytes == truth["bytes"]
    assert verify() == []


def test_all_ways_to_add_up_agree(synced: SyncReport) -> None:
    """Sessions' own = models = days = rollups, to the token and the nanodollar."""
    counted = list(ModelResponse.objects.counted())
    ways = [
        _sum_of(_totals(counted, _model).values()),
        _sum_of(_totals(counted, _utc_day).values()),
        _sum_of(_columns_of(AgentSession.objects.all())),
        _sum_of(_columns_of(SessionUsage.objects.all())),
    ]
    assert ways[0]["responses"] == 2452
    assert ways == [ways[0]] * 4


def _columns_of(rows: Any) -> Iterator[dict[str, int]]:
    for row in rows:
        sums = {short: getattr(row, column) for short, column in CLASSES.items()}
        count = row.responses if isinstance(row, SessionUsage) else row.response_count
        yield sums | {"cost": row.cost_nano_usd or 0, "responses": count}


def _sum_of(rows: Any) -> dict[str, int]:
    total = dict.fromkeys((*CLASSES, "cost", "responses"), 0)
    for row in rows:
        for name in total:
            total[name] += row[name]
    return total


@contextmanager
def _watched(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[str]]]:
    """What a block opens under a folder and which statements it sends that are no questions."""
    seen: dict[str, list[str]] = {"opened": [], "wrote": []}
    real_open = builtins.open

    def noting_open(file: Any, *args: Any, **kwargs: Any) -> Any:
        if str(file).startswith(str(root)):
            seen["opened"].append(str(file))
        return real_open(file, *args, **kwargs)

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.lstrip("( ").upper().startswith(("SELECT", "SAVEPOINT", "RELEASE")):
            seen["wrote"].append(sql)
        return execute(sql, params, many, context)

    monkeypatch.setattr(builtins, "open", noting_open)
    with connection.execute_wrapper(note):
        yield seen


def _calls_by_path(root: Path) -> dict[str, set[str]]:
    """{path: ids of the calls whose input names it}, from the lines themselves."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in root.rglob("*.jsonl"):
        for line in file.read_bytes().splitlines():
            try:
                content = json.loads(line)["message"]["content"]
            except (ValueError, KeyError, TypeError):
                continue
            for block in content if isinstance(content, list) else ():
                if block.get("type") == "tool_use" and block.get("name") in FILE_TOOLS:
                    given = block["input"]
                    found[given.get("file_path") or given.get("notebook_path") or ""].add(block["id"])
    return found


def test_histories_of_files_hold_every_call_that_names_them(synced: SyncReport, corpus: Path) -> None:
    named = _calls_by_path(corpus / "claude")
    assert len(named) > 200
    for path, calls in sorted(named.items(), key=lambda item: -len(item[1]))[:40]:
        history = file_history(path, page=None)
        rows = history.page.object_list
        assert history.touches.calls == len(calls) == sum(row.touches.calls for row in rows), path
        files = [file for row in rows for file in session_files(row.session) if file.path == path]
        assert history.touches.changes == sum(file.changes for file in files), path
        told = [file.lines_added for file in files if file.lines_added is not None]
        assert history.touches.lines_added == (sum(told) if told else None), path


def test_a_second_sync_opens_no_file_and_writes_nothing(
    synced: SyncReport, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = database_digest()
    with _watched(corpus, monkeypatch) as seen:
        report = sync([corpus / "claude"])
    assert seen == {"opened": [], "wrote": []}
    assert report.files == {"seen": 175, "unchanged": 175, "read": 0, "missing": 0, "failed": 0}
    assert report.lines["seen"] == 0
    assert database_digest() == before


def test_rebuilding_from_the_archive_gives_the_same_facts(synced: SyncReport) -> None:
    before = table_digests()
    assert rebuild_all() == SourceFile.objects.count()
    assert table_digests() == before
    assert verify() == []
