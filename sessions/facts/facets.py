"""Facets: the values a session had, each with the first moment it was seen. Callers hold the transaction."""

from typing import Any

from sessions.bulk import rows_where_in, write_rows
from sessions.facts.stored_keys import StoredKeys
from sessions.models import SessionFacet
from sessions.parsers.keys import stable_key
from sessions.parsers.records import NO_TIME, ParsedLine

COLUMNS = ("id", "session_id", "name", "value", "first_at_ms", "first_line")


def write_facets(lines: list[tuple[ParsedLine, int]], known: StoredKeys) -> None:
    """Join the facets of (line, session key) pairs into SessionFacet."""
    rows: dict[int, tuple[Any, ...]] = {}
    for line, session_key in lines:
        at_ms = line.at_ms if line.at_ms is not None else NO_TIME
        for name, value in line.facets:
            key = stable_key(str(session_key), name, value)
            row = (key, session_key, name, value, at_ms, line.line_no)
            rows[key] = _earlier(rows.get(key), row)
    stored = {row[0]: row for row in rows_where_in(SessionFacet, COLUMNS, "id", known.perhaps(rows))}
    joined = {key: _earlier(stored.get(key), row) for key, row in rows.items()}
    changed = [row for key, row in joined.items() if row != stored.get(key)]
    write_rows(SessionFacet, COLUMNS, changed, unique=("id",), update=COLUMNS[4:])
    known.add(rows)


def _earlier(one: tuple[Any, ...] | None, other: tuple[Any, ...]) -> tuple[Any, ...]:
    return other if one is None else min(one, other, key=lambda row: (row[4], row[5]))
