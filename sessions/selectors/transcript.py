"""A session's transcript as a person reads it: original lines from the archive, calls with their answers."""

import json
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
    session: AgentSession,
    *,
    after_seq: int | None = None,
    before_seq: int | None = None,
    limit: int = PAGE_LINES,
) -> TranscriptPage:
    """Up to `limit` lines after one seq or before another, made readable; without either, the first ones.

    The number of queries does not grow with the lines, but for the archive segments they stand in.
    """
    lines = list(_page_of(session, after_seq, before_seq, min(limit, MAX_PAGE_LINES)))
    if not lines:
        return TranscriptPage([], None, None)
    read = [(entry, blocks_in(raw)) for entry, raw in _lines(lines)]
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


def _lines(lines: list[TranscriptEntry]) -> list[tuple[TranscriptEntry, bytes | None]]:
    """Each entry with its line, None where the archive is damaged, which costs no other line."""
    try:
        return list(lines_of(lines))
    except ArchiveDamaged:
        return [(entry, _line(entry)) for entry in lines]


def _line(entry: TranscriptEntry) -> bytes | None:
    try:
        return next(raw for _, raw in lines_of([entry]))
    except ArchiveDamaged:
        return None


def blocks_in(raw: bytes | None) -> list[Block]:
    """The readable blocks of an original line; a line that cannot be read is one block that says why."""
    if raw is None:
        return [Block(UNKNOWN, "The archive of this line is damaged", level="error")]
    try:
        record, _ = decode(content(raw))
    except NotARecord as error:
        return [Block(UNKNOWN, str(error), raw.decode("utf-8", "replace"), level="error")]
    return blocks_of(record)


def _look_up(session: AgentSession, read: list[tuple[TranscriptEntry, list[Block]]]) -> _Lookups:
    found = _Lookups()
    ids = [entry.pk for entry, _ in read]
    copies = ResponseCopy.objects.filter(session=session, entry_id__in=ids).select_related("response")
    for copy in copies.order_by("response__at_ms", "response_id"):
        found.figures[copy.entry_id].append(_figures(copy.response, session))
    named = {b.call_id for _, blocks in read for b in blocks if b.kind in (CALL, RESULT) and b.call_id}
    calls = ToolCallCopy.objects.filter(session=session, call__call_id__in=named).select_related("call")
    found.copies = {copy.call.call_id: copy for copy in calls}
    found.results = dict(_answers(read))
    _add_answers_elsewhere(found, set(ids))
    started = AgentSession.objects.filter(spawned_by__in=[copy.call_id for copy in found.copies.values()])
    found.subagents = dict(started.values_list("spawned_by", "public_id"))
    return found


def _answers(read: Iterable[tuple[TranscriptEntry, list[Block]]]) -> Iterator[tuple[str, tuple[int, Block]]]:
    for entry, blocks in read:
        yield from ((block.call_id, (entry.seq, block)) for block in blocks if block.kind == RESULT)


def _add_answers_elsewhere(found: _Lookups, here: set[int]) -> None:
    """Answers on other pages to calls of this one."""
    told = {c.result_entry_id for c in found.copies.values() if c.use_entry_id in here}
    wanted = {key for key in told if key is not None} - here
    if wanted:
        lines = TranscriptEntry.objects.filter(pk__in=wanted).order_by("source_id", "generation", "offset")
        for call_id, answer in _answers((entry, blocks_in(raw)) for entry, raw in _lines(list(lines))):
            found.results.setdefault(call_id, answer)


def _figures(response: ModelResponse, session: AgentSession) -> ResponseFigures:
    return ResponseFigures(
        model=display_model(response.model, response.fast),
        input_tokens=response.input_tokens,
        output_tokens=response.output_tokens,
        cache_read_tokens=response.cache_read_tokens,
        cache_creation_tokens=response.cache_creation_5m_tokens + response.cache_creation_1h_tokens,
        cost_nano_usd=response.cost_nano_usd,
        is_partial=not response.is_assistant,
        is_lower_bound=not response.stop_reason,
        is_inherited=response.owner_id != session.pk or response.duplicate_of is not None,
    )


def _items(
    session: AgentSession, entry: TranscriptEntry, blocks: list[Block], lookups: _Lookups
) -> Iterator[TranscriptItem]:
    readable = [block for block in blocks if not _is_shown_with_its_call(block, lookups)]
    figures = tuple(lookups.figures.get(entry.pk, ()))
    if figures and not readable:
        yield _item(entry, 0, Block(EVENT, "Answer without text", is_quiet=True), figures)
    for part, block in enumerate(readable):
        figures = figures if part == 0 else ()
        if block.kind == CALL:
            yield _call_item(session, entry, part, block, figures, lookups)
        else:
            yield _item(entry, part, block, figures)


def _is_shown_with_its_call(block: Block, lookups: _Lookups) -> bool:
    copy = lookups.copies.get(block.call_id) if block.kind == RESULT else None
    return copy is not None and copy.use_entry_id is not None


def _item(
    entry: TranscriptEntry, part: int, block: Block, figures: tuple[ResponseFigures, ...] = (), **more: Any
) -> TranscriptItem:
    kind, label = block.kind, block.label
    if kind == RESULT:
        kind, label = "note", "Answer to a call that is not in this session"
    return TranscriptItem(
        seq=entry.seq,
        part=part,
        line_no=line_number(entry),
        kind=kind,
        label=shown(label),
        text=cut(block.text),
        level=block.level or ("error" if block.is_error else ""),
        is_quiet=block.is_quiet,
        at=moment(entry.at_ms),
        is_sidechain=entry.is_sidechain,
        superseded=entry.superseded,
        images=block.images,
        responses=figures,
        **more,
    )


def _call_item(
    session: AgentSession,
    entry: TranscriptEntry,
    part: int,
    block: Block,
    figures: tuple[ResponseFigures, ...],
    lookups: _Lookups,
) -> TranscriptItem:
    copy = lookups.copies.get(block.call_id)
    if copy is None:
        return _item(entry, part, block._replace(kind=UNKNOWN, label=f"Call of {block.name} without an id"))
    if copy.use_entry_id != entry.pk:
        again = Block(EVENT, f"The same call of {block.name} again", is_quiet=True)
        return _item(entry, part, again, figures)
    call = _call(session, block, copy.call, lookups)
    return _item(entry, part, block._replace(label=block.name), figures, call=call)


def _call(session: AgentSession, block: Block, call: ToolCall, lookups: _Lookups) -> CallPart:
    seq, answer = lookups.results.get(block.call_id, (None, None))
    return CallPart(
        call_id=call.call_id,
        name=shown(call.name),
        category=call.category,
        target=shown(call.target),
        given=tuple((shown(name), cut(_as_text(value))) for name, value in (block.given or {}).items()),
        outcome=call.outcome,
        error_class=call.error_class,
        elapsed_ms=call.elapsed_ms,
        execution_ms=call.execution_ms,
        lines_added=call.lines_added,
        lines_removed=call.lines_removed,
        result=cut(answer.text) if answer else None,
        result_seq=seq,
        result_images=answer.images if answer else 0,
        diff=tuple(shown(line) for line in answer.diff[:DIFF_LINES]) if answer else (),
        subagent=lookups.subagents.get(call.pk, ""),
        is_inherited=call.owner_id != session.pk,
    )


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def cut(text: str, limit: int = BLOCK_CHARS) -> ShownText:
    """The text fit to be shown, at most `limit` characters of it."""
    return ShownText(shown(text[:limit]), len(text)) if len(text) > limit else _whole(shown(text))


def _whole(text: str) -> ShownText:
    return ShownText(text, len(text))


def moment(at_ms: int | None) -> datetime | None:
    """Epoch milliseconds as a moment in UTC."""
    return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)


def line_number(entry: TranscriptEntry) -> int:
    """Where the line stands in its file, the first being 1."""
    return int(entry.seq & ((1 << RANK_BITS) - 1))


@dataclass(frozen=True, slots=True)
class RawLine:
    """An original line, byte for byte, and where it stands."""

    entry: TranscriptEntry
    line_no: int
    file: str
    raw: bytes
    sha256: str

    @property
    def readable(self) -> str:
        """The record as indented JSON, or the bytes as text where they are none."""
        try:
            record, _ = decode(content(self.raw))
        except NotARecord:
            return shown(self.raw.decode("utf-8", "replace"))
        return shown(json.dumps(record, indent=2, ensure_ascii=False))


def raw_line(session: AgentSession, seq: int) -> RawLine | None:
    """The original line at a seq of the session, the valid one where a rewritten file has several.

    Raises ArchiveDamaged when the archive no longer holds the bytes that were read.
    """
    mine = TranscriptEntry.objects.filter(session=session, seq=seq).select_related("source")
    entry = mine.order_by("superseded", "-generation", "id").first()
    if entry is None:
        return None
    raw = next(line for _, line in lines_of([entry]))
    return RawLine(entry, line_number(entry), entry.source.relative_path, raw, sha256(raw).hexdigest())


def neighbours(session: AgentSession, seq: int) -> tuple[int | None, int | None]:
    """The seqs of the lines before and after one in the session."""
    mine = TranscriptEntry.objects.filter(session=session)
    before = mine.filter(seq__lt=seq).order_by("-seq").values_list("seq", flat=True).first()
    after = mine.filter(seq__gt=seq).order_by("seq").values_list("seq", flat=True).first()
    return before, after
