"""Making lines findable, in the transaction that stores them, from what their parser holds already."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sessions.bulk import rows_where_in
from sessions.facts.tool_calls import call_key
from sessions.models import SearchFill, SearchItem, SearchSubject, ToolCall, TranscriptEntry
from sessions.parsers.records import FoldedText, SearchText
from sessions.search.engine import forget
from sessions.search.items import NewItem, add_items, session_mark

_Kind = SearchItem.Kind
KINDS = {
    "prompt": _Kind.PROMPT,
    "answer": _Kind.ANSWER,
    "thinking": _Kind.THINKING,
    "tool_input": _Kind.TOOL_INPUT,
    "tool_result": _Kind.TOOL_RESULT,
    "note": _Kind.NOTE,
}
# Of all texts of one kind in one line together; PostgreSQL takes no item of more than a megabyte.
MAX_ITEM_CHARS = 64_000


class IndexedLine(NamedTuple):
    """A stored line and the texts in it."""

    entry_id: int
    session_key: int
    at_ms: int | None
    texts: Sequence[FoldedText]


def index_lines(lines: Iterable[IndexedLine]) -> None:
    """Make new lines findable, in the order of their keys.

    Callers hold the transaction, and the lines' tool calls are written already.
    """
    said = [line for line in lines if line.texts]
    if said:
        _leave_to_fill_what_is_older(said[0].entry_id)
        add_lines(said)


def add_lines(lines: Sequence[IndexedLine]) -> None:
    """Make lines findable that are stored already."""
    tools = _tools_of(lines)
    add_items([item for line in lines for item in _items(line, tools)])


def text_of(texts: Iterable[SearchText], kind: int) -> str:
    """All texts of one kind in one line: what its item of that kind was indexed by."""
    return "\n".join(said.text for said in texts if KINDS[said.kind] == kind)[:MAX_ITEM_CHARS]


def _items(line: IndexedLine, tools: dict[str, str]) -> Iterable[NewItem]:
    groups: dict[tuple[str, str], FoldedText] = {}
    for said in line.texts:
        key = said.kind, said.tool or tools.get(said.call_id, "")
        groups[key] = _joined(groups[key], said) if key in groups else said
    for (kind, tool), said in groups.items():
        yield NewItem(
            KINDS[kind],
            line.entry_id,
            said.words[:MAX_ITEM_CHARS],
            said.chars,
            line.at_ms,
            line.session_key,
            tool=tool,
        )


def _joined(one: FoldedText, other: FoldedText) -> FoldedText:
    both = f"{one.words}\n{other.words}"
    return one._replace(words=both, chars=min(one.chars + 1 + other.chars, MAX_ITEM_CHARS))


def _tools_of(lines: Iterable[IndexedLine]) -> dict[str, str]:
    """{call id: tool} of the calls that were answered, from these lines or from those before them."""
    tools = {said.call_id: said.tool for line in lines for said in line.texts if said.tool}
    asked = {said.call_id for line in lines for said in line.texts if said.call_id} - tools.keys()
    names = dict(rows_where_in(ToolCall, ("id", "name"), "id", {call_key(call_id) for call_id in asked}))
    return tools | {call_id: names.get(call_key(call_id), "") for call_id in asked}


def _leave_to_fill_what_is_older(first_entry: int) -> None:
    """Lines from this one on are indexed as they are stored, also where they get the keys of lines taken back."""
    SearchFill.objects.filter(step=SearchFill.Step.ENTRIES, until__gte=first_entry).update(
        until=first_entry - 1
    )


def forget_entries(entry_ids: Sequence[int]) -> None:
    """Lines that are about to be taken back are found no more."""
    sessions = set(TranscriptEntry.objects.filter(id__in=entry_ids).values_list("session_id", flat=True))
    forget(map(session_mark, sessions), targets=entry_ids)


def forget_sessions(session_keys: Iterable[int]) -> None:
    """Sessions whose facts are about to be deleted are found no more, their titles included."""
    keys = list(session_keys)
    forget(map(session_mark, keys))
    SearchSubject.objects.filter(kind=_Kind.TITLE, target__in=keys).delete()
