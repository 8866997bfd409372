"""The shapes of a transcript made readable."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sessions.cards.parts import Part
from sessions.cards.tool_cards import Called, tool_parts
from sessions.models import TranscriptEntry
from sessions.parsers.display import ShownText
from sessions.querysets import RANK_BITS

NANO = Decimal(10**9)


@dataclass(frozen=True, slots=True)
class ResponseFigures:
    """What the model response that begins on a line came to."""

    model: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_creation_tokens: int
    cost_nano_usd: int | None
    is_partial: bool  # only a progress record tells of it
    is_lower_bound: bool  # no line says that it ended: the output may have grown
    is_inherited: bool  # counted in another session, whose history this one repeats

    @property
    def cost_usd(self) -> Decimal | None:
        return None if self.cost_nano_usd is None else Decimal(self.cost_nano_usd) / NANO

    @property
    def context_tokens(self) -> int:
        """All that the model was given to read."""
        return self.input_tokens + self.cache_read_tokens + self.cache_creation_tokens


@dataclass(frozen=True, slots=True)
class CallWords:
    """A call and its answer in the transcript's own words, for whoever makes a card of them."""

    given: dict[str, Any]
    answer: str | None
    detail: dict[str, Any]
    most_chars: int


@dataclass(frozen=True, slots=True)
class CallPart:
    """A tool call and its answer, wherever in the session the answer stands."""

    call_id: str
    name: str
    category: str
    target: str
    given: tuple[tuple[str, ShownText], ...]
    outcome: str
    error_class: str
    elapsed_ms: int | None
    execution_ms: int | None
    lines_added: int | None
    lines_removed: int | None
    result: ShownText | None  # None: no answer stands in this session
    result_seq: int | None
    result_pictures: tuple[int, ...]  # which of the images on the line of its answer
    diff: tuple[str, ...]
    subagent: str  # public id of the session the call started, or ""
    is_inherited: bool
    changes_file: bool
    commits: tuple[str, ...]
    words: CallWords

    @property
    def result_images(self) -> int:
        return len(self.result_pictures)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What a card of it shows; made anew each time, as only pages need it."""
        words = self.words
        return tool_parts(
            Called(self.name, words.given, words.answer, words.detail, self.outcome == "ok", words.most_chars)
        )


@dataclass(frozen=True, slots=True)
class TranscriptItem:
    """One thing to read: a block of a line, a call together with its answer."""

    seq: int
    part: int
    line_no: int
    kind: str  # prompt, answer, thinking, call, event, divider, note, unknown
    label: str
    text: ShownText
    level: str
    is_quiet: bool
    at: datetime | None
    is_sidechain: bool
    superseded: bool
    off_branch: bool  # the conversation was taken back to before it
    pictures: tuple[int, ...] = ()  # which of the images on its line
    responses: tuple[ResponseFigures, ...] = ()  # on the first item of the response's first line
    call: CallPart | None = None

    @property
    def is_bare_thought(self) -> bool:
        """Thinking whose text the transcript does not hold."""
        return self.kind == "thinking" and not self.text

    @property
    def images(self) -> int:
        return len(self.pictures)

    @property
    def marks(self) -> tuple[str, ...]:
        """What a reader may look for: prompt, error, edit, commit."""
        call = self.call
        failed = call.outcome == "error" if call else self.level == "error"
        return tuple(
            name
            for name, holds in (
                ("prompt", self.kind == "prompt"),
                ("error", failed),
                ("edit", call is not None and call.changes_file),
                ("commit", call is not None and bool(call.commits)),
            )
            if holds
        )

    @property
    def anchor(self) -> str:
        """A name for it in its page."""
        return f"entry-{self.seq}" if self.part == 0 else f"entry-{self.seq}-{self.part}"


@dataclass(frozen=True, slots=True)
class TranscriptPage:
    """Items of consecutive lines; the seqs to ask on from, None at either end of the transcript."""

    items: list[TranscriptItem]
    next_after: int | None
    previous_before: int | None


def moment(at_ms: int | None) -> datetime | None:
    """Epoch milliseconds as a moment in UTC."""
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)


def line_number(entry: TranscriptEntry) -> int:
    """Where the line stands in its file, the first being 1."""
    return int(entry.seq & ((1 << RANK_BITS) - 1))
