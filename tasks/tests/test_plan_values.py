"""Dates, estimates, check lists and task lists as people write them."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.parsers.checklists import read_checklist
from tasks.parsers.dates import earliest, latest, read_stamp
from tasks.parsers.estimates import joined, read_estimate
from tasks.parsers.front_matter import read_front_matter
from tasks.parsers.records import Estimate, ParsedTask, Problem, Stamp
from tasks.parsers.task_lists import read_tasks


@pytest.mark.parametrize(
    ("written", "on", "at"),
    [
        ("2026-08-05", "2026-08-05", ""),
        ("2026-8-5", "2026-08-05", ""),
        ("2026/08/05", "2026-08-05", ""),
        ("2026-08-05T00:30Z", "2026-08-05", "2026-08-05T00:30:00+00:00"),
        ("2026-08-05 23:30:00-05:00", "2026-08-05", "2026-08-06T04:30:00+00:00"),
        ("2026-08-05T10:00:00.123+0200", "2026-08-05", "2026-08-05T08:00:00+00:00"),
        ("2026-08-05T10:00", "2026-08-05", "2026-08-05T10:00:00+00:00"),
        ("2026-08-05 (estimated)", "2026-08-05", ""),
        ("August 5, 2026", "2026-08-05", ""),
        ("5 Aug 2026", "2026-08-05", ""),
        (date(2026, 8, 5), "2026-08-05", ""),
        (datetime(2026, 8, 5, 1, tzinfo=UTC), "2026-08-05", "2026-08-05T01:00:00+00:00"),
    ],
)
def test_days_and_times_are_read(written: object, on: str, at: str) -> None:
    found = read_stamp(written)
    assert found is not None
    assert (found.on, found.at) == (on, at)


@pytest.mark.parametrize(
    "written", [None, "", "soon", "2026-02-31", "2026-08-05T25:00Z", "0001-01-01", "20260805", True, ["2026"]]
)
def test_what_is_no_date_is_unknown(written: object) -> None:
    assert read_stamp(written) is None


def test_the_first_and_the_last_of_the_known_days() -> None:
    one, other = Stamp("2026-01-02"), Stamp("2026-01-03")
    assert (earliest(None, other, one), latest(one, None, other)) == (one, other)
    assert earliest(None) is None


@given(st.text(max_size=40))
def test_no_text_makes_dates_or_estimates_raise(text: str) -> None:
    read_stamp(text)
    read_estimate(text)


@pytest.mark.parametrize(
    ("raw", "points", "hours", "usd"),
    [
        ("2pt", 2.0, None, None),
        ("1.5 pts", 1.5, None, None),
        ("3 SP", 3.0, None, None),
        ("2h", None, 2.0, None),
        ("2-3h", None, 2.5, None),
        ("15m", None, 0.25, None),
        ("0.5d", None, 4.0, None),
        ("1 week", None, 40.0, None),
        ("1h 30m", None, 1.5, None),
        ("$5", None, None, 5.0),
        ("8-12 story points, 2 days", 10.0, 16.0, None),
        ("some", None, None, None),
        (7, None, None, None),
    ],
)
def test_each_unit_stays_apart(
    raw: object, points: float | None, hours: float | None, usd: float | None
) -> None:
    assert read_estimate(raw) == Estimate(str(raw), points, hours, usd)


def test_a_bare_number_needs_a_field_that_names_its_unit() -> None:
    assert read_estimate(3, bare_unit="points").points == 3.0
    assert joined(read_estimate("2h"), read_estimate(3, bare_unit="points")) == Estimate(
        "2h; 3", 3.0, 2.0, None
    )
    assert read_estimate(True) == read_estimate(None) == Estimate()


def test_check_list_items_know_their_heading_and_depth() -> None:
    body = "# Plan\n- [x] one\n  - [ ] inside\n* [X] two\n1. [ ] three\n## More\n- [ ]\n- [] no\n- [y] no\n"
    found = read_checklist(body, 10)
    assert [(i.line, i.text, i.is_done, i.heading, i.depth) for i in found] == [
        (11, "one", True, "Plan", 0),
        (12, "inside", False, "Plan", 1),
        (13, "two", True, "Plan", 0),
        (14, "three", False, "Plan", 0),
        (16, "", False, "More", 0),
    ]


def test_examples_in_code_blocks_are_not_items() -> None:
    assert read_checklist("```md\n- [ ] no\n~~~\n- [ ] no\n```\n- [ ] yes")[0].text == "yes"


def tasks(block: str) -> tuple[tuple[ParsedTask, ...], list[Problem]]:
    problems: list[Problem] = []
    return read_tasks(read_front_matter(f"---\ntasks:\n{block}\n---\n"), problems), problems


def test_every_field_of_a_task_is_read() -> None:
    (task,), problems = tasks(
        "- id: T1\n  title: Title\n  description: More\n  status: Done\n  assigned_to: [ann, bob]\n"
        "  model: opus\n  dependencies: [T0]\n  depends_on: T9\n  estimated_effort: 2h\n  story_points: 3\n"
        "  actual_effort: 5h\n  priority: HIGH\n  started: '2026-01-01T08:00Z'\n  completed: 2026-01-02\n"
        "  evidence: [{test: a.py}, text]\n  deliverables: [out.csv]\n  files: src/a.py\n"
        "  commit: 1a2b3c4, deadbeef\n  session_id: abc\n  request_log_id: REQ-1\n  agent_id: a610b3c\n  phase: 02"
    )
    assert problems == []
    assert (task.id, task.title, task.description, task.status, task.line) == (
        "T1",
        "Title",
        "More",
        "done",
        3,
    )
    assert (task.owners, task.assigned_model, task.priority) == (("ann", "bob"), "opus", "high")
    assert (task.estimate.hours, task.estimate.points, task.effort_raw) == (2.0, 3.0, "5h")
    assert (task.dependencies, task.evidence) == (("T0", "T9"), ("test: a.py", "text"))
    assert (task.deliverables, task.files, task.commit_refs) == (("out.csv",), ("src/a.py",), ("1a2b3c4",))
    assert (task.session_refs, task.request_refs, task.agent_refs) == (("abc",), ("REQ-1",), ("a610b3c",))
    assert task.started and task.completed and task.phase_token == "2"
    assert (task.started.at, task.completed.on) == ("2026-01-01T08:00:00+00:00", "2026-01-02")


def test_a_task_without_id_is_named_by_its_title() -> None:
    found, _ = tasks("- title: Paint it black\n- status: done\n")
    assert [(t.id, t.title, t.status) for t in found] == [
        ("paint-it-black", "Paint it black", "backlog"),
        ("#2", "", "done"),
    ]


def test_what_is_no_task_is_reported_not_counted() -> None:
    found, problems = tasks("- only words\n-\n- id: T1")
    assert [t.id for t in found] == ["T1"]
    assert [(p.line, p.reason, p.excerpt) for p in problems] == [(3, "not_a_task", "only words")]


def test_a_mapping_of_tasks_is_reported_not_counted() -> None:
    found, problems = tasks("  T1: {status: done}\n  T2: {status: done}")
    assert found == ()
    assert [(p.line, p.reason, p.excerpt) for p in problems] == [(3, "tasks_not_a_list", "T1, T2")]
