"""A session's tool calls over time, between the prompts that they followed from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator

from sessions.models import AgentSession, SessionEvent, ToolCall, ToolCallCopy, TranscriptEntry
from sessions.parsers.display import shown
from sessions.parsers.values import preview
from sessions.selectors.transcript_items import moment
from sessions.time_axis import Bar, bars

CALLS_ON_A_PAGE = 150
SEAM_KINDS = ("prompt", "command", "compaction", "interrupt", "api_error")
MOST_SEAMS = 300
SEAM_CHARS = 160


@dataclass(frozen=True, slots=True)
class Step:
    """A tool call as a bar, or, without one, what happened between calls. `seq` is None where its line is not here."""

    at: datetime | None
    at_ms: int
    kind: str  # call, or one of SEAM_KINDS
    label: str
    detail: str
    seq: int | None
    outcome: str = ""
    category: str = ""
    elapsed_ms: int | None = None
    bar: Bar | None = None


def waterfall(session: AgentSession, *, page: str | None) -> tuple[list[Step], Page[Any]]:
    """A page of the session's own calls in order of time, with what happened between them."""
    calls = ToolCall.objects.counted().filter(owner=session, use_at_ms__isnull=False)
    found: Page[Any] = Paginator(calls.order_by("use_at_ms", "id"), CALLS_ON_A_PAGE).get_page(page)
    shown_calls = list(found.object_list)
    steps = _calls(session, shown_calls)
    return sorted([*steps, *_seams(session, steps, found)], key=lambda step: step.at_ms), found


def _calls(session: AgentSession, calls: list[ToolCall]) -> list[Step]:
    places = seqs_of_calls(session, [call.pk for call in calls])
    spans = [(call.use_at_ms or 0, (call.use_at_ms or 0) + (call.elapsed_ms or 0)) for call in calls]
    return [
        Step(
            at=moment(call.use_at_ms),
            at_ms=call.use_at_ms or 0,
            kind="call",
            label=shown(call.name) or "unknown tool",
            detail=shown(call.target),
            seq=places.get(call.pk),
            outcome=call.outcome,
            category=call.category,
            elapsed_ms=call.elapsed_ms,
            bar=bar,
        )
        for call, bar in zip(calls, bars(spans), strict=True)
    ]


def seqs_of_calls(session: AgentSession, call_ids: list[int]) -> dict[int, int]:
    """{call: the seq of the line of this session that makes it}."""
    copies = ToolCallCopy.objects.filter(session=session, call_id__in=call_ids)
    entries = dict(copies.values_list("call_id", "use_entry_id"))
    lines = TranscriptEntry.objects.filter(pk__in=[key for key in entries.values() if key is not None])
    seqs = dict(lines.values_list("pk", "seq"))
    return {call: seqs[entry] for call, entry in entries.items() if entry in seqs}


def _seams(session: AgentSession, calls: list[Step], page: Page[Any]) -> list[Step]:
    """What happened in the time of a page: from the first page's beginning on, and to the last one's end."""
    told = SessionEvent.objects.filter(
        session=session, kind__in=SEAM_KINDS, at_ms__isnull=False, inherited=False
    )
    if calls and page.has_previous():
        told = told.filter(at_ms__gte=calls[0].at_ms)
    if calls and page.has_next():
        told = told.filter(at_ms__lte=calls[-1].at_ms)
    return [_seam(event) for event in told.order_by("at_ms", "id")[:MOST_SEAMS]]


def _seam(event: SessionEvent) -> Step:
    words = preview(" ".join(shown(event.text).split()), SEAM_CHARS)
    return Step(moment(event.at_ms), event.at_ms or 0, event.kind, _SEAMS[event.kind], words, event.seq)


_SEAMS = {
    "prompt": "Prompt",
    "command": "Command",
    "compaction": "Context compacted",
    "interrupt": "Interrupted by the user",
    "api_error": "API error",
}
