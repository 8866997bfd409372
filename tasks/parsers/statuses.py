"""One vocabulary of statuses, one map from the words people write to it.

A word that is not in the map is read as backlog and reported as unknown, never swallowed.
"""

import re
from typing import NamedTuple

BACKLOG = "backlog"
IN_PROGRESS = "in-progress"
BLOCKED = "blocked"
REVIEW = "review"
DONE = "done"
DEFERRED = "deferred"
# In the order in which work goes through them; blocked work has begun.
STATUSES = (BACKLOG, IN_PROGRESS, BLOCKED, REVIEW, DONE, DEFERRED)
TERMINAL = frozenset({DONE, DEFERRED})

_WORDS = {
    BACKLOG: """
        approved awaiting_start backlog design designed draft drafted future idea inbox new not_started open optional
        pending planned planning proposed queued ready ready_for_dev ready_for_development ready_for_implementation
        ready_to_start scheduled scoped todo to_do triage unstarted upcoming
        """,
    IN_PROGRESS: """
        active doing executing implementing inprogress in_development in_progress in_work investigating ongoing partial
        partially_complete partially_completed partially_done research started underway wip working diagnosed
        """,
    BLOCKED: "at_risk blocked impeded on_hold paused stalled waiting waiting_on",
    REVIEW: """
        awaiting_review completed_pending_verification in_qa in_review in_testing needs_review pending_review
        pending_verification qa ready_for_review review reviewing testing uat verifying
        """,
    DONE: """
        accepted auto_complete autocomplete closed complete completed concluded delivered deployed done finalised
        finalized finished fixed implemented inferred_complete inferred_completed inferredcomplete landed merged pass
        passed published reference released research_complete resolved shipped verified
        """,
    DEFERRED: """
        abandoned archived canceled cancelled defer deferred deprecated descoped dropped obsolete out_of_scope
        postponed rejected skip skipped superseded wont_do wont_fix won_t_do won_t_fix
        """,
}
_MAP = {word: status for status, words in _WORDS.items() for word in words.split()}
_SEPARATORS = re.compile(r"[\W_]+")
# A status is a word or a sentence: how much of a longer text is looked at.
_MOST_CHARS = 1000
_REMARK = re.compile(r"(?<!\s)\s*(?:\([^)]*\)|\[[^\]]*\]|[—–:;,].*| - .*)\s*$")


class StatusReading(NamedTuple):
    """A status with the word it was read from."""

    status: str
    raw: str
    is_known: bool


def read_status(value: object) -> StatusReading | None:
    """The status a value names; None where it says nothing (missing, null, empty)."""
    raw = str(value).strip()[:_MOST_CHARS] if isinstance(value, (str, int, float, bool)) else ""
    if not raw:
        return None
    for text in (raw, _REMARK.sub("", raw)):
        if status := _MAP.get(_token(text)):
            return StatusReading(status, raw[:200], True)
    if (token := _token(raw)).startswith("inferred") and "complete" in token:
        return StatusReading(DONE, raw[:200], True)
    return StatusReading(BACKLOG, raw[:200], False)


def _token(text: str) -> str:
    """Lower case, runs of anything but letters and digits as one underscore; marks like ✅ fall away."""
    return _SEPARATORS.sub("_", text.casefold()).strip("_")


def is_terminal(status: str | None) -> bool:
    """Whether nothing remains to be done: finished or deliberately put off."""
    return status in TERMINAL


def summary_status(statuses: list[str]) -> str:
    """The status of a whole from the statuses of its parts; backlog when there are none.

    Done when no part is open and at least one was finished; deferred when all were put off. Otherwise what most
    needs attention among work that has begun: blocked only when nothing else moves.
    """
    if not statuses:
        return BACKLOG
    if all(status in TERMINAL for status in statuses):
        return DONE if DONE in statuses else DEFERRED
    if IN_PROGRESS in statuses:
        return IN_PROGRESS
    for status in (REVIEW, BLOCKED):
        if status in statuses:
            return status
    return IN_PROGRESS if DONE in statuses else BACKLOG
