"""Rows of entries and events, made of parsed lines. Nothing here asks a database."""

import json
from collections.abc import Iterable
from typing import Any

from sessions.models import SourceFile
from sessions.parsers.keys import uuid_key
from sessions.parsers.normalise import quarter_of
from sessions.parsers.records import Event, ParsedLine

ENTRY_COLUMNS = (
    "id",
    "session_id",
    "source_id",
    "generation",
    "offset",
    "length",
    "seq",
    "uuid_key",
    "parent_key",
    "digest",
    "kind",
    "subtype",
    "at_ms",
    "is_sidechain",
    "superseded",
    "provisional",
)
EVENT_COLUMNS = (
    "session_id",
    "entry_id",
    "kind",
    "at_ms",
    "quarter",
    "seq",
    "text",
    "data",
    "leaf_key",
    "inherited",
)

FINDING_COLUMNS = ("session_id", "entry_id", "kind", "hint", "fingerprint", "at_ms", "lines")


class NewLine:
    """A line to be stored, with what the batch decides about it."""

    __slots__ = ("entry_id", "line", "provisional", "session_key", "source")

    def __init__(self, line: ParsedLine, source: SourceFile, session_key: int, provisional: bool) -> None:
        self.line, self.source, self.session_key, self.provisional = line, source, session_key, provisional
        self.entry_id = 0


def entry_row(item: NewLine) -> tuple[Any, ...]:
    line = item.line
    return (
        item.entry_id,
        item.session_key,
        item.source.pk,
        item.source.generation,
        line.offset,
        line.length,
        line.line_no,
        line.uuid_key,
        line.parent_key,
        line.digest,
        line.kind,
        line.subtype,
        line.at_ms,
        line.is_sidechain,
        False,
        item.provisional,
    )


def event_rows(item: NewLine) -> Iterable[tuple[Any, ...]]:
    line = item.line
    if not (line.events or line.problems):
        return
    quarter = None if line.at_ms is None else quarter_of(line.at_ms)
    problems = [Event("problem", p.kind, {"detail": p.detail}) for p in line.problems]
    for event in (*line.events, *problems):
        data = event.data or {}
        leaf = data.get("leaf")
        yield (
            item.session_key,
            item.entry_id,
            event.kind,
            line.at_ms,
            quarter,
            line.line_no,
            event.text,
            json.dumps(data, ensure_ascii=False, sort_keys=True) if data else "{}",
            uuid_key(str(leaf)) if leaf else None,
            False,
        )


def finding_rows(item: NewLine) -> Iterable[tuple[Any, ...]]:
    """The secrets seen in a line, without the secrets."""
    for seen in item.line.secrets:
        yield item.session_key, item.entry_id, seen.kind, seen.hint, seen.fingerprint, item.line.at_ms, 1
