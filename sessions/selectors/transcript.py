"""A session's transcript as a person reads it: original lines from the archive, calls with their answers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sessions.archive import ArchiveDamaged, lines_of
from sessions.models import (
    AgentSession,
    ModelResponse,
    ResponseCopy,
    ToolCall,
    ToolCallCopy,
    TranscriptEntry,
)
from sessions.parsers.decoding import NotARecord, decode
from sessions.parsers.display import shown
from sessions.parsers.formats.claude_blocks import CALL, EVENT, RESULT, UNKNOWN, Block, blocks_of
from sessions.parsers.lines import content
from sessions.parsers.model_names import display_model
from sessions.querysets import RANK_BITS

NANO = Decimal(10**9)
PAGE_LINES, MAX_PAGE_LINES = 200, 1000
BLOCK_CHARS = 64 * 1024
DIFF_LINES = 1000


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text cut to what a page bears; `chars` is how long it is in full."""

    text: str
    chars: int

    @property
    def is_cut(self) -> bool:
        return len(self.text) < self.chars

    def __bool__(self) -> bool:
        return bool(self.text)


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
    result_images: int
    diff: tuple[str, ...]
    subagent: str  # public id of the session the call started, or ""
    is_inherited: bool


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
    images: int = 0
    responses: tuple[ResponseFigures, ...] = ()  # on the first item of the response's first line
    call: CallPart | None = None

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


@dataclass(slots=True)
class _Lookups:
    """What the lines of a page refer to."""

    figures: dict[int, list[ResponseFigures]] = field(default_factory=lambda: defaultdict(list))
    copies: dict[str, ToolCallCopy] = field(default_factory=dict)
    results: dict[str, tuple[int, Block]] = field(default_factory=dict)
    subagents: dict[int, str] = field(default_factory=dict)


def entries(
    session: AgentSession, *, after_seq: int | None = None, before_seq: int | None = None, limit: int = PAGE_LINES
) -> TranscriptPage:
    """Up to `limit` lines after one seq or before another, made readable; without either, the first ones.

    The number of queries does not grow with the lines, but for the archive segments they stand in.
    """
    lines = list(_page_of(session, after_seq, before_seq, min(limit, MAX_PAGE_LINES)))
    if not lines:
        return TranscriptPage([], None, None)
    read = [(entry, _blocks(entry, raw)) for entry, raw in _lines(lines)]
    lookups = _look_up(session, read)
    mine = TranscriptEntry.objects.filter(session=session)
    first, last = lines[0].seq, lines[-1].seq
    return TranscriptPage(
        [item for entry, blocks in read for item in _items(session, entry, blocks, lookups)],
        last if mine.filter(seq__gt=last).exists() else None,
        first if mine.filter(seq__lt=first).exists() else None,
    )


def _page_of(
    session: AgentSession, after_seq: int | None, before_seq: int | None, limit: int
) -> Iterable[TranscriptEntry]:
    mine = TranscriptEntry.objects.filter(session=session).order_by("seq", "id")
    if before_seq is not None:
        found = list(mine.filter(seq__lt=before_seq).order_by("-seq", "-id")[:limit])[::-1]
        if not found:
            return []
        # A rewritten file has lines of both generations at one seq: none may fall between two pages.
        return [*mine.filter(seq=found[0].seq, pk__lt=found[0].pk), *found]
    found = list((mine if after_seq is None else mine.filter(seq__gt=after_seq))[:limit])
    return [*found, *mine.filter(seq=found[-1].seq, pk__gt=found[-1].pk)] if found else []


def _lines(lines: list[TranscriptEntry]) -> Iterator[tuple[TranscriptEntry, bytes | None]]:
    """Each entry with its line, None where the archive is damaged; that costs no other line."""
    for entry in lines:
        entry_raw = None
        try:
            entry_raw = next(iter(lines_of([entry])))[1]
        except ArchiveDamaged:
            pass
        yield entry, entry_raw


def _blocks(entry: TranscriptEntry, raw: bytes | None) -> list[Block]:
    if raw is None:
        return [Block(UNKNOWN, "The archive of this line is damaged", level="error")]
    try:
        record, _ = decode(content(raw))
    except NotARecord as error:
        return [Block(UNKNOWN, str(error), raw.decode("utf-8", "replace"), level="error")]
    return blocks_of(record)
