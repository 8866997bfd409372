"""One vocabulary, one map; words it does not have are told apart from words for backlog."""

import pytest

from tasks.parsers.statuses import STATUSES, is_terminal, read_status, summary_status


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("completed", "done"),
        ("Complete", "done"),
        ("inferred_complete", "done"),
        ("inferred complete", "done"),
        ("inferred-auto-complete", "done"),
        ("✅ Done", "done"),
        ("merged", "done"),
        ("Completed (2026-01-02)", "done"),
        ("done - see PR 7", "done"),
        ("deferred", "deferred"),
        ("won't do", "deferred"),
        ("skipped", "deferred"),
        ("superseded", "deferred"),
        ("in_progress", "in-progress"),
        ("In Progress", "in-progress"),
        ("WIP", "in-progress"),
        ("active", "in-progress"),
        ("partial", "in-progress"),
        ("blocked", "blocked"),
        ("on hold", "blocked"),
        ("in review", "review"),
        ("completed-pending-verification", "review"),
        ("pending", "backlog"),
        ("not started", "backlog"),
        ("ready-for-dev", "backlog"),
        ("draft", "backlog"),
    ],
)
def test_words_have_one_meaning(raw: str, status: str) -> None:
    found = read_status(raw)
    assert found is not None
    assert (found.status, found.raw, found.is_known) == (status, raw, True)


@pytest.mark.parametrize("raw", ["deviated", "not done", "incomplete", "???", "done-ish"])
def test_unknown_words_are_backlog_and_said_to_be_unknown(raw: str) -> None:
    assert read_status(raw) == ("backlog", raw, False)


@pytest.mark.parametrize("nothing", [None, "", "  ", [], {}])
def test_nothing_is_not_a_status(nothing: object) -> None:
    assert read_status(nothing) is None


def test_done_and_deferred_are_terminal() -> None:
    assert [status for status in STATUSES if is_terminal(status)] == ["done", "deferred"]
    assert not is_terminal(None)


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([], "backlog"),
        (["done", "deferred"], "done"),
        (["deferred", "deferred"], "deferred"),
        (["done", "backlog"], "in-progress"),
        (["blocked", "backlog"], "blocked"),
        (["blocked", "in-progress"], "in-progress"),
        (["review", "done"], "review"),
        (["backlog", "backlog"], "backlog"),
    ],
)
def test_a_whole_is_what_its_parts_come_to(parts: list[str], whole: str) -> None:
    assert summary_status(parts) == whole
