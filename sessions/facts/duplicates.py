"""Responses that another row already counts (R4, R5): kept, marked and not counted. Callers hold the transaction."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sessions.bulk import rows_where_in
from sessions.models import ModelResponse
from sessions.parsers.normalise import Counted, duplicates_among, quarter_of, twins_among
from sessions.parsers.pricing import Usage

_COLUMNS = (
    "message_key",
    "owner_id",
    "duplicate_of",
    "copy_count",
    "id",
    "request_id",
    "is_sidechain",
    "at_ms",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_5m_tokens",
    "cache_creation_1h_tokens",
    "web_search_requests",
)


class _Row(NamedTuple):
    owner_id: int
    duplicate_of: int | None
    copy_count: int
    counted: Counted


def mark_duplicates(message_keys: Iterable[int]) -> tuple[set[int], set[int]]:
    """Mark what is a duplicate among responses with these message ids.

    Returns the sessions to derive again by it, and the quarters. Which of several twins counts is settled there
    (derive/ownership.py), where all is known that tells an original from a fork; until then one of them does.
    """
    sessions: set[int] = set()
    quarters: set[int] = set()
    for rows in _groups(message_keys):
        twins = twins_among([row.counted for row in rows.values()])
        copies = {key: len(keys) for keys in twins for key in keys}
        counts = duplicates_among([row.counted for row in rows.values()]) | _provisional(twins, rows)
        for key, row in rows.items():
            # A response with a request id is one row, whatever number of sessions hold it.
            copy_count = row.copy_count if row.counted.request_id else copies.get(key, 1)
            if (counts.get(key), copy_count) != (row.duplicate_of, row.copy_count):
                marks = {"duplicate_of": counts.get(key), "copy_count": copy_count}
                ModelResponse.objects.filter(id=key).update(**marks)
                quarters.add(quarter_of(row.counted.at_ms))
                sessions.add(row.owner_id)
            sessions |= {row.owner_id} if key in copies else set()
    return sessions, quarters


def _groups(message_keys: Iterable[int]) -> Iterator[dict[int, _Row]]:
    groups: dict[int, dict[int, _Row]] = {}
    several = ModelResponse.objects.shared_message_keys(message_keys)
    for row in rows_where_in(ModelResponse, _COLUMNS, "message_key", several):
        message_key, owner_id, duplicate_of, copy_count, key, request_id, is_sidechain, at_ms, *usage = row
        counted = Counted(key, request_id, bool(is_sidechain), at_ms, Usage(*usage))
        groups.setdefault(message_key, {})[key] = _Row(owner_id, duplicate_of, copy_count, counted)
    yield from groups.values()


def _provisional(twins: list[list[int]], rows: dict[int, _Row]) -> dict[int, int]:
    """{key: key that counts} for twins: the one that counts already, or any where none or several do."""
    found: dict[int, int] = {}
    for keys in twins:
        counting = [key for key in keys if rows[key].duplicate_of is None]
        kept = counting[0] if len(counting) == 1 else min(keys)
        found |= {key: kept for key in keys if key != kept}
    return found
