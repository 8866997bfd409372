"""A session's transcript as a person reads it: original lines from the archive, calls with their answers."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sessions.archive import ArchiveDamaged, Line, TextPruned, readable_lines
from sessions.models import (
    AgentSession,
    ModelResponse,
    ResponseCopy,
    ToolCall,
    ToolCallCopy,
    TranscriptEntry,
)
from sessions.parsers.decoding import NotARecord, decode
from sessions.parsers.display import BLOCK_CHARS, cut, shown
from sessions.parsers.formats.claude_blocks import CALL, EVENT, RESULT, UNKNOWN, Block, blocks_of
from sessions.parsers.lines import content
from sessions.parsers.model_names import display_model
from sessions.querysets import FILE_CHANGES
from sessions.scope import Projects, in_projects
from sessions.selectors.transcript_items import (
    CallPart,
    CallWords,
    ResponseFigures,
    TranscriptItem,
    TranscriptPage,
    line_number,
    moment,
)
from sessions.tool_outputs import stored_outputs

PAGE_LINES, MAX_PAGE_LINES = 200, 1000
DIFF_LINES = 1000


@dataclass(slots=True)
class _Lookups:
    """What the lines of a page refer to, and how much of a block the page bears."""

    block_chars: int
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
    block_chars: int = BLOCK_CHARS,
    projects: Projects = None,
) -> TranscriptPage:
    """Up to `limit` lines after one seq or before another, made readable; without either, the first ones.

    The number of queries does not grow with the lines or with the archive segments they stand in.
    """
    lines = list(_page_of(session, after_seq, before_seq, min(limit, MAX_PAGE_LINES)))
    if not lines:
        return TranscriptPage([], None, None)
    mine = TranscriptEntry.objects.filter(session=session)
    first, last = lines[0].seq, lines[-1].seq
    return TranscriptPage(
        _readable(session, lines, block_chars, projects),
        last if mine.filter(seq__gt=last).exists() else None,
        first if mine.filter(seq__lt=first).exists() else None,
    )


def entries_at(
    session: AgentSession,
    seqs: Iterable[int],
    *,
    block_chars: int = BLOCK_CHARS,
    projects: Projects = None,
) -> list[TranscriptItem]:
    """What stands on single lines of a session, in their order, made readable; in as few queries as a page."""
    lines = TranscriptEntry.objects.filter(session=session, seq__in=set(seqs)).order_by("seq", "id")
    return _readable(session, list(lines), block_chars, projects)


def _readable(
    session: AgentSession, lines: list[TranscriptEntry], block_chars: int, projects: Projects
) -> list[TranscriptItem]:
    read = with_outputs(session, [(entry, blocks_in(raw)) for entry, raw in readable_lines(lines)])
    lookups = _look_up(session, read, block_chars, projects)
    return [item for entry, blocks in read for item in _items(session, entry, blocks, lookups)]


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


def blocks_in(raw: Line) -> list[Block]:
    """The readable blocks of an original line; a line that cannot be read is one block that says why."""
    if isinstance(raw, TextPruned):
        return [Block(EVENT, f"Text pruned on {raw.at:%Y-%m-%d}")]
    if raw is None:
        return [Block(UNKNOWN, "The archive of this line is damaged", level="error")]
    try:
        record, _ = decode(content(raw))
    except NotARecord as error:
        return [Block(UNKNOWN, str(error), raw.decode("utf-8", "replace"), level="error")]
    return blocks_of(record)


def with_outputs(
    session: AgentSession, read: list[tuple[TranscriptEntry, list[Block]]]
) -> list[tuple[TranscriptEntry, list[Block]]]:
    """The blocks with outputs that are kept in files of their own in the place of what stands for them."""
    named = {block.saved_at for _, blocks in read for block in blocks if block.saved_at}
    try:
        outputs = stored_outputs(session, named)
    except ArchiveDamaged:
        return read
    if not outputs:
        return read
    return [
        (entry, [b._replace(text=outputs[b.saved_at]) if b.saved_at in outputs else b for b in blocks])
        for entry, blocks in read
    ]


def _look_up(
    session: AgentSession,
    read: list[tuple[TranscriptEntry, list[Block]]],
    block_chars: int,
    projects: Projects,
) -> _Lookups:
    found = _Lookups(block_chars)
    ids = [entry.pk for entry, _ in read]
    copies = ResponseCopy.objects.filter(session=session, entry_id__in=ids).select_related("response")
    for copy in copies.order_by("response__at_ms", "response_id"):
        found.figures[copy.entry_id].append(_figures(copy.response, session))
    named = {b.call_id for _, blocks in read for b in blocks if b.kind in (CALL, RESULT) and b.call_id}
    calls = ToolCallCopy.objects.filter(session=session, call__call_id__in=named).select_related("call")
    found.copies = {copy.call.call_id: copy for copy in calls}
    found.results = dict(_answers(read))
    _add_answers_elsewhere(session, found, set(ids))
    calls_here = [copy.call_id for copy in found.copies.values()]
    started: Any = AgentSession.objects.filter(in_projects(projects), spawned_by__in=calls_here)
    found.subagents = dict(started.values_list("spawned_by", "public_id"))
    return found


def _answers(read: Iterable[tuple[TranscriptEntry, list[Block]]]) -> Iterator[tuple[str, tuple[int, Block]]]:
    for entry, blocks in read:
        yield from ((block.call_id, (entry.seq, block)) for block in blocks if block.kind == RESULT)


def _add_answers_elsewhere(session: AgentSession, found: _Lookups, here: set[int]) -> None:
    """Answers on other pages to calls of this one."""
    told = {c.result_entry_id for c in found.copies.values() if c.use_entry_id in here}
    wanted = {key for key in told if key is not None} - here
    if wanted:
        lines = TranscriptEntry.objects.filter(pk__in=wanted).order_by("source_id", "generation", "offset")
        read = with_outputs(session, [(entry, blocks_in(raw)) for entry, raw in readable_lines(lines)])
        for call_id, answer in _answers(read):
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
        yield _item(lookups, entry, 0, Block(EVENT, "Answer without text", is_quiet=True), figures)
    for part, block in enumerate(readable):
        figures = figures if part == 0 else ()
        if block.kind == CALL:
            yield _call_item(session, entry, part, block, figures, lookups)
        else:
            yield _item(lookups, entry, part, block, figures)


def _is_shown_with_its_call(block: Block, lookups: _Lookups) -> bool:
    copy = lookups.copies.get(block.call_id) if block.kind == RESULT else None
    return copy is not None and copy.use_entry_id is not None


def _item(
    lookups: _Lookups,
    entry: TranscriptEntry,
    part: int,
    block: Block,
    figures: tuple[ResponseFigures, ...] = (),
    **more: Any,
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
        text=cut(block.text, lookups.block_chars),
        level=block.level or ("error" if block.is_error else ""),
        is_quiet=block.is_quiet,
        at=moment(entry.at_ms),
        is_sidechain=entry.is_sidechain,
        superseded=entry.superseded,
        off_branch=entry.off_branch,
        pictures=block.pictures,
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
        return _item(
            lookups, entry, part, block._replace(kind=UNKNOWN, label=f"Call of {block.name} without an id")
        )
    if copy.use_entry_id != entry.pk:
        again = Block(EVENT, f"The same call of {block.name} again", is_quiet=True)
        return _item(lookups, entry, part, again, figures)
    call = _call(session, block, copy.call, lookups)
    return _item(lookups, entry, part, block._replace(label=block.name), figures, call=call)


def _call(session: AgentSession, block: Block, call: ToolCall, lookups: _Lookups) -> CallPart:
    most = lookups.block_chars
    seq, answer = lookups.results.get(block.call_id, (None, None))
    return CallPart(
        call_id=call.call_id,
        name=shown(call.name),
        category=call.category,
        target=shown(call.target),
        given=tuple((shown(name), cut(_as_text(value), most)) for name, value in (block.given or {}).items()),
        outcome=call.outcome,
        error_class=call.error_class,
        elapsed_ms=call.elapsed_ms,
        execution_ms=call.execution_ms,
        lines_added=call.lines_added,
        lines_removed=call.lines_removed,
        result=cut(answer.text, most) if answer else None,
        result_seq=seq,
        result_pictures=answer.pictures if answer else (),
        diff=tuple(shown(line) for line in answer.diff[:DIFF_LINES]) if answer else (),
        subagent=lookups.subagents.get(call.pk, ""),
        is_inherited=call.owner_id != session.pk,
        changes_file=call.outcome == "ok" and call.file_action in FILE_CHANGES,
        commits=tuple(call.commits.split()),
        words=_words(block, answer, most),
    )


def _words(block: Block, answer: Block | None, most: int) -> CallWords:
    said = None if answer is None else answer.text
    return CallWords(block.given or {}, said, (answer.detail if answer else None) or {}, most)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
