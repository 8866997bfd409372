"""Places in a transcript that readers look for, and the way from one to the next."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from sessions.models import AgentSession, SessionEvent, ToolCallCopy, TranscriptEntry
from sessions.parsers.display import shown
from sessions.parsers.values import preview
from sessions.querysets import FILE_CHANGES
from sessions.selectors.transcript_items import moment

CONTEXT_LINES = 6  # shown before the line that was asked for
PROMPT_CHARS = 140
MOST_PROMPTS = 400


@dataclass(frozen=True, slots=True)
class PromptPlace:
    """A prompt or command and where it stands."""

    seq: int
    text: str
    at: datetime | None
    is_command: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """The first prompts of a session, and how often each kind of landmark stands in its transcript."""

    prompts: list[PromptPlace]
    counts: dict[str, int]

    @property
    def more_prompts(self) -> int:
        return max(0, self.counts["prompt"] - len(self.prompts))


def _events(*kinds: str) -> Callable[[AgentSession], Any]:
    return lambda session: _lines_of_events(session, kinds)


def _lines_of_events(session: AgentSession, kinds: tuple[str, ...]) -> Q:
    told = SessionEvent.objects.filter(session=session, kind__in=kinds)
    return Q(pk__in=told.values("entry_id"))


def _lines_of_calls(session: AgentSession, **of_call: Any) -> Q:
    copies = ToolCallCopy.objects.filter(session=session, use_entry_id__isnull=False, **of_call)
    return Q(pk__in=copies.values("use_entry_id"))


def _committing(session: AgentSession) -> Q:
    copies = ToolCallCopy.objects.filter(session=session, use_entry_id__isnull=False)
    return Q(pk__in=copies.exclude(call__commits="").values("use_entry_id"))


# What each kind of landmark is, as a condition on the lines of a session.
LANDMARKS: dict[str, Callable[[AgentSession], Q]] = {
    "prompt": _events("prompt", "command"),
    "error": lambda session: (
        _lines_of_calls(session, call__outcome="error")
        | _lines_of_events(session, ("api_error", "api_retry"))
    ),
    "edit": lambda session: _lines_of_calls(session, call__outcome="ok", call__file_action__in=FILE_CHANGES),
    "commit": _committing,
    "compaction": _events("compaction"),
}


def landmark(session: AgentSession, kind: str, *, from_seq: int | None, backwards: bool) -> int | None:
    """The seq of the nearest landmark of a kind behind a line, or before it; None where there is no more.

    Without a line, the first one of all, or the last. Raises KeyError for a kind that is none of LANDMARKS.
    """
    lines = TranscriptEntry.objects.filter(LANDMARKS[kind](session), session=session)
    if from_seq is not None:
        lines = lines.filter(seq__lt=from_seq) if backwards else lines.filter(seq__gt=from_seq)
    found: int | None = lines.order_by("-seq" if backwards else "seq").values_list("seq", flat=True).first()
    return found


def outline(session: AgentSession) -> Outline:
    """What a reader finds in a session."""
    mine = TranscriptEntry.objects.filter(session=session)
    counts = {kind: mine.filter(lines(session)).count() for kind, lines in LANDMARKS.items()}
    told = SessionEvent.objects.filter(session=session, kind__in=("prompt", "command")).order_by("seq", "id")
    return Outline([_place(event) for event in told[:MOST_PROMPTS]], counts)


def _place(event: SessionEvent) -> PromptPlace:
    text = " ".join(event.text.split())
    return PromptPlace(
        event.seq, preview(shown(text), PROMPT_CHARS), moment(event.at_ms), event.kind == "command"
    )


def start_of_window(session: AgentSession, seq: int) -> int | None:
    """After which seq a page has to begin to show a line with a little of what stands before it."""
    before = TranscriptEntry.objects.filter(session=session, seq__lt=seq).order_by("-seq")
    seqs = list(before.values_list("seq", flat=True)[: CONTEXT_LINES + 1])
    return seqs[-1] if len(seqs) > CONTEXT_LINES else None
