from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sessions import selectors
from sessions.forms import SessionFilterForm
from sessions.models import SourceFile, SyncRun
from sessions.selectors import SessionPage, TranscriptItem
from sessions.tests.samples import START, answer, call, forked, prompt, record, reply, side, uid, usage
from sessions.tests.transcripts import found, read

pytestmark = pytest.mark.django_db
NOW = START + timedelta(days=30)
SONNET, OPUS, NOBODY = "claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101", "nobody-knows-1"


def listed(at: datetime = NOW, /, **query: str) -> SessionPage:
    form = SessionFilterForm(query)
    assert form.is_valid(), form.errors
    return selectors.session_list(form.filters(), now=at)


def ids(page: SessionPage) -> list[str]:
    """The letters of the listed sessions, in the list's order."""
    letters = {uid(letter): letter for letter in "abcdef"}
    return [letters[row.session.native_id] + (":" if row.session.agent_id else "") for row in page.items]


def three_sessions(root: Path) -> None:
    """a: sonnet, a failed Bash call, a subagent; b: opus, later; c: a model without a price."""
    read(
        root,
        a=[
            prompt("a1", 0, "a", "Fix the engine"),
            reply("a2", 1, "a", blocks=[call("toolu_a", "Bash", command="make")], stop="tool_use"),
            answer("a3", 5, "toolu_a", "a", content="Exit code 2", is_error=True),
            reply("a4", 6, "a", output=20),
        ],
        a__worker=[side(reply("w1", 3, "a", output=100), "worker")],
        b=[
            prompt("b1", 100, "b", "Paint the hull"),
            reply("b2", 101, "b", model=OPUS, output=500, blocks=[call("toolu_b", "Read", file_path="/x")]),
            answer("b3", 102, "toolu_b", "b"),
        ],
        c=[prompt("c1", 200, "c", "100% of _it_"), reply("c2", 900, "c", model=NOBODY, output=7)],
    )


def test_the_list_has_trunks_newest_first(tmp_path: Path) -> None:
    three_sessions(tmp_path)
    page = listed()
    assert (ids(page), page.total) == (["c", "b", "a"], 3)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"include_subagents": "true"}, ["c", "b", "a:", "a"]),
        ({"model": "opus claude"}, ["b"]),
        ({"model": "name"}, []),
        ({"model_family": "Sonnet"}, ["a"]),
        ({"model_provider": "claude", "model_version": "opus 4.5"}, ["b"]),
        ({"tool": "Bash"}, ["a"]),
        ({"tool": "errors"}, []),
        ({"has_errors": "true"}, ["a"]),
        ({"has_errors": "false"}, ["c", "b"]),
        ({"q": "engine fix"}, ["a"]),
        ({"q": "100%"}, ["c"]),
        ({"q": "_it_"}, ["c"]),
        ({"branch": "main"}, ["c", "b", "a"]),
        ({"branch": "mai"}, []),
        ({"project": "engine"}, ["c", "b", "a"]),
        ({"project": "999999"}, []),
        ({"min_duration": "10"}, ["c"]),
        ({"max_duration": "2"}, ["b"]),
        ({"min_cost": "0.005"}, ["b"]),
        ({"start_date": "2026-03-01T10:01:00"}, ["c", "b"]),
        ({"end_date": "2026-03-01"}, ["c", "b", "a"]),
        ({"end_date": "2026-02-28"}, []),
        ({"updated_start": "2026-03-01T10:10:00"}, ["c"]),
        ({"sort_by": "cost"}, ["b", "a", "c"]),
        ({"sort_by": "cost", "sort_order": "asc"}, ["a", "b", "c"]),
        ({"sort_by": "tokens", "sort_order": "asc"}, ["c", "a", "b"]),
        ({"sort_by": "title", "sort_order": "asc"}, ["c", "a", "b"]),
        ({"limit": "1", "offset": "1"}, ["b"]),
    ],
)
def test_each_filter_lets_through_what_it_names(
    tmp_path: Path, query: dict[str, str], expected: list[str]
) -> None:
    three_sessions(tmp_path)
    assert ids(listed(**query)) == expected


def test_sessions_of_one_trunk(tmp_path: Path) -> None:
    three_sessions(tmp_path)
    page = listed(root_session_id=uid("a"), include_subagents="true")
    assert sorted(ids(page)) == ["a", "a:"]


def test_totals_are_over_the_filter_and_not_over_the_page(tmp_path: Path) -> None:
    three_sessions(tmp_path)
    page = listed(limit="1")
    assert page.totals
    assert page.family_totals
    assert page.totals.sessions == 3
    assert page.totals.output_tokens == 10 + 20 + 500 + 7
    assert page.family_totals.output_tokens == page.totals.output_tokens + 100
    assert page.totals.unpriced_tokens == 3 + 7 + 100


def test_a_trunk_tells_of_its_subagents(tmp_path: Path) -> None:
    three_sessions(tmp_path)
    row = next(row for row in listed().items if row.session.native_id == uid("a"))
    assert (row.subagents, row.live_subagents) == (1, 0)
    assert row.family.output_tokens - row.own.output_tokens == 100


def test_what_has_no_price_has_no_cost(tmp_path: Path) -> None:
    three_sessions(tmp_path)
    row = next(row for row in listed().items if row.session.native_id == uid("c"))
    assert row.own.cost_usd is None


def test_an_open_session_is_active_only_while_it_is_recent(tmp_path: Path) -> None:
    read(tmp_path, a=[prompt("a1", 0, "a")])
    soon, late = START + timedelta(minutes=5), START + timedelta(minutes=15)
    assert [row.status for row in listed(soon, status="active").items] == ["active"]
    assert [row.status for row in listed(late, status="interrupted").items] == ["interrupted"]
    assert listed(late, status="active").total == 0


def test_sessions_in_which_nothing_happened_are_hidden(tmp_path: Path) -> None:
    read(tmp_path, a=[record("mode", "a1", 0, "a", mode="plan")], b=[prompt("b1", 1, "b")])
    assert ids(listed()) == ["b"]
    assert ids(listed(include_inactive="true")) == ["b", "a"]


def test_the_list_asks_as_often_for_many_sessions_as_for_one(
    tmp_path: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    three_sessions(tmp_path)
    with django_assert_num_queries(5):
        listed(limit="1")
    with django_assert_num_queries(5):
        listed()


def test_a_session_is_found_by_every_way_to_write_its_id(tmp_path: Path) -> None:
    three_sessions(tmp_path)
    trunk, worker = found("a"), found("a", "worker")
    assert selectors.session(uid("a")) == trunk
    assert selectors.session(f"S-{uid('a')}") == trunk
    assert selectors.session(worker.public_id) == worker
    assert selectors.session("agent-worker") == worker
    assert selectors.session("agent-nobody") is None
    assert selectors.session("") is None


def test_an_agent_id_that_two_sessions_use_finds_neither(tmp_path: Path) -> None:
    read(
        tmp_path,
        a__worker=[side(reply("w1", 0, "a"), "worker")],
        b__worker=[side(reply("w2", 1, "b"), "worker")],
    )
    assert selectors.session("agent-worker") is None


def test_the_timeline_ends_at_the_sessions_total(tmp_path: Path) -> None:
    tokens = [usage(20, input=10), usage(15, input=5)]
    read(tmp_path, a=[reply(f"a{n}", n, "a", tokens=tokens[n]) for n in (1, 0)])
    points = selectors.token_timeline(found("a"))
    assert [point.running_tokens for point in points] == [30, 50]
    assert [point.step_tokens for point in points] == [30, 20]


def test_a_forks_timeline_leaves_out_what_it_inherited(tmp_path: Path) -> None:
    history = [prompt("a1", 0, "a"), reply("a2", 1, "a", output=100)]
    read(tmp_path, a=history, b=[*forked(history, "b"), reply("b3", 50, "b", output=7)])
    fork = found("b")
    assert [point.output_tokens for point in selectors.token_timeline(fork)] == [7]
    assert fork.inherited_tokens == 103 + 100


def test_the_tree_adds_up_what_stands_below(tmp_path: Path) -> None:
    three_sessions(tmp_path)
    [trunk] = selectors.session_tree(found("a", "worker"), now=NOW)
    assert [(node.depth, node.is_asked) for node in trunk.walk()] == [(0, False), (1, True)]
    assert trunk.descendants.output_tokens == 100
    assert trunk.together.output_tokens == 130
    assert trunk.together.cost_usd == trunk.own.cost_usd + trunk.children[0].own.cost_usd  # type: ignore[operator]


def test_a_fork_hangs_under_the_session_it_was_forked_from(tmp_path: Path) -> None:
    history = [prompt("a1", 0, "a"), reply("a2", 1, "a", output=100)]
    read(tmp_path, a=history, b=[*forked(history, "b"), reply("b3", 50, "b", output=7)])
    [origin] = selectors.session_tree(found("b"), now=NOW)
    assert [node.session.session_type for node in origin.walk()] == ["session", "fork"]
    assert origin.together.output_tokens == 107


def test_tools_are_counted_with_their_outcomes_and_times(tmp_path: Path) -> None:
    three_sessions(tmp_path)
    [bash] = selectors.session_tools(found("a"))
    assert (bash.name, bash.calls, bash.outcomes) == ("Bash", 1, {"error": 1})
    assert (bash.elapsed_ms, bash.execution_ms, bash.success_rate) == (4000, None, 0)


def test_files_tell_what_was_done_and_what_failed(tmp_path: Path) -> None:
    edit: dict[str, Any] = {
        "filePath": "/home/ada/engine/a.py",
        "structuredPatch": [{"lines": ["+1", "+2", "-3"]}],
    }
    read(
        tmp_path,
        a=[
            reply("a1", 0, "a", blocks=[call("t1", "Edit", file_path="/home/ada/engine/a.py")]),
            answer("a2", 1, "t1", "a", detail=edit),
            reply("a3", 2, "a", blocks=[call("t2", "Edit", file_path="/etc/b")]),
            answer("a4", 3, "t2", "a", content="No such file", is_error=True),
        ],
    )
    changed, failed = selectors.session_files(found("a"))
    assert (changed.shown_path, changed.changes, changed.lines_added, changed.lines_removed) == (
        "a.py",
        1,
        2,
        1,
    )
    assert (failed.shown_path, failed.changes, failed.failures, failed.lines_added) == ("/etc/b", 0, 1, None)


class TestTranscript:
    def items(self, **asked: Any) -> list[TranscriptItem]:
        return selectors.entries(found("a"), **asked).items

    def test_a_call_stands_with_its_answer_even_when_that_is_on_another_page(self, tmp_path: Path) -> None:
        three_sessions(tmp_path)
        page = selectors.entries(found("a"), limit=2)
        bash = page.items[1].call
        assert [item.kind for item in page.items] == ["prompt", "call"]
        assert bash is not None and bash.result is not None
        assert (bash.outcome, bash.result.text, bash.elapsed_ms) == ("error", "Exit code 2", 4000)
        assert page.next_after == 2
        rest = selectors.entries(found("a"), after_seq=page.next_after)
        assert [item.kind for item in rest.items] == ["answer"]
        assert (rest.next_after, rest.previous_before) == (None, 3)

    def test_pages_join_without_a_gap_in_either_direction(self, tmp_path: Path) -> None:
        read(tmp_path, a=[prompt(f"a{n}", n, "a", f"Number {n}") for n in range(7)])
        forward, after = [], None
        while True:
            page = selectors.entries(found("a"), after_seq=after, limit=3)
            forward += [item.seq for item in page.items]
            after = page.next_after
            if after is None:
                break
        assert forward == [1, 2, 3, 4, 5, 6, 7]
        assert [item.seq for item in self.items(before_seq=5, limit=3)] == [2, 3, 4]

    def test_a_responses_figures_stand_once_on_its_first_line(self, tmp_path: Path) -> None:
        parts: list[dict[str, Any]] = [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "So"}]
        read(
            tmp_path,
            a=[
                reply(f"a{n}", n, "a", message_id="m", request_id="r", output=n + 1, blocks=[part])
                for n, part in enumerate(parts)
            ],
        )
        first, second = self.items()
        assert [figures.output_tokens for figures in first.responses] == [2]
        assert second.responses == ()

    def test_inherited_responses_are_marked(self, tmp_path: Path) -> None:
        history = [reply("a2", 1, "a", output=100)]
        read(tmp_path, a=history, b=[*forked(history, "b"), reply("b3", 50, "b")])
        marks = [i.responses[0].is_inherited for i in selectors.entries(found("b")).items]
        assert marks == [True, False]

    def test_unknown_records_are_shown_and_not_dropped(self, tmp_path: Path) -> None:
        read(tmp_path, a=[prompt("a1", 0, "a"), record("tomorrow", "a2", 1, "a", news="x")])
        item = self.items()[1]
        assert (item.kind, item.label) == ("unknown", "Record of an unknown type: tomorrow")
        assert '"news": "x"' in item.text.text

    def test_long_texts_are_cut_and_say_so(self, tmp_path: Path) -> None:
        read(tmp_path, a=[prompt("a1", 0, "a", "x" * 100_000)])
        [item] = self.items()
        assert (len(item.text.text), item.text.chars, item.text.is_cut) == (65_536, 100_000, True)

    def test_terminal_escapes_and_reordering_marks_do_nothing(self, tmp_path: Path) -> None:
        read(tmp_path, a=[prompt("a1", 0, "a", "\x1b[31mred\x1b[0m \u202egnp.exe \x07")])
        assert self.items()[0].text.text == "red [U+202E]gnp.exe \N{REPLACEMENT CHARACTER}"

    def test_queries_do_not_grow_with_the_lines(
        self, tmp_path: Path, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        pairs = (
            (reply(f"a{n}", n, "a", blocks=[call(f"t{n}")]), answer(f"b{n}", n, f"t{n}", "a"))
            for n in range(60)
        )
        read(tmp_path, a=[record for pair in pairs for record in pair])
        session = found("a")
        with django_assert_num_queries(9):
            selectors.entries(session, limit=2)
        with django_assert_num_queries(9):
            assert len(selectors.entries(session, limit=110).items) == 55

    def test_the_original_line_is_given_byte_for_byte(self, tmp_path: Path) -> None:
        odd = b'{"type":"user","sessionId":"%s" , "message":{"content":"\xe2\x80\xa8"}}\n' % uid("a").encode()
        read(tmp_path, a=[prompt("a1", 0, "a"), odd])
        line = selectors.raw_line(found("a"), 2)
        assert line is not None
        assert (line.raw, line.line_no, line.entry.length) == (odd, 2, len(odd))
        assert selectors.raw_line(found("a"), 3) is None


def test_quality_accounts_for_every_line(tmp_path: Path) -> None:
    read(
        tmp_path,
        a=[prompt("a1", 0, "a"), b"\n", b"{broken\n", record("tomorrow", "a2", 1, "a")],
        b=[reply("b1", 2, "b", model=NOBODY, output=7, stop=None)],
    )
    told = selectors.quality()
    assert told.equation == selectors.Equation(seen=5, stored=3, duplicate=0, quarantined=1, blank=1)
    assert told.equation.holds
    assert told.unknown_types == [("tomorrow", 1)]
    [line] = told.quarantined
    assert (line.line_no, line.excerpt, told.quarantined_by_reason) == (3, "{broken", [("malformed_json", 1)])
    assert [(model.name, model.tokens) for model in told.unpriced] == [(NOBODY, 110)]
    assert told.wholeness.lower_bound_share == 100
    assert told.files == {"total": 2, "missing": 0, "pending": 0, "failed": 0}


def test_files_that_are_gone_or_half_written_are_listed(tmp_path: Path) -> None:
    read(tmp_path, a=[prompt("a1", 0, "a"), b'{"type":"us'])
    SourceFile.objects.update(missing_since=NOW)
    told = selectors.quality()
    assert told.files == {"total": 1, "missing": 1, "pending": 1, "failed": 0}
    assert len(told.troubled_files) == 1


def test_no_responses_have_no_share() -> None:
    assert selectors.quality().wholeness.lower_bound_share is None
    assert selectors.ingest_status(NOW).state == "never"


def test_progress_tells_rate_and_time_left() -> None:
    SyncRun.objects.create(
        started_at=NOW - timedelta(seconds=10),
        heartbeat_at=NOW,
        bytes_done=20_000_000,
        bytes_total=50_000_000,
    )
    asked = selectors.progress(NOW)
    assert asked is not None
    assert (asked[1].megabytes_per_second, asked[1].seconds_left, asked[1].percent) == (2, 15, 40)


def test_a_run_without_a_sign_of_life_was_stopped() -> None:
    long_ago = NOW - timedelta(hours=1)
    SyncRun.objects.create(started_at=long_ago, heartbeat_at=long_ago)
    assert selectors.ingest_status(NOW).state == "stopped"
    assert selectors.progress(NOW) is None


def test_cost_of_a_family_is_exact(tmp_path: Path) -> None:
    three_sessions(tmp_path)
    page = listed(timezone.now())
    rows = sum((row.family.cost_usd or Decimal() for row in page.items), Decimal())
    assert page.family_totals
    assert page.family_totals.cost_usd == rows


def test_without_sums_sessions_are_counted_all_the_same(tmp_path: Path) -> None:
    three_sessions(tmp_path)
    page = selectors.session_list({"limit": 2}, now=NOW, sums=False)
    assert (page.total, len(page.items), page.totals, page.family_totals) == (3, 2, None, None)
