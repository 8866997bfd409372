"""Model responses: joining what a batch of lines says into the stored rows.

Existing rows are read, joined in Python by the rules of parsers/normalise.py and written back whole. Callers
hold the transaction.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Model

from sessions.bulk import Row, rows_where_in, write_rows
from sessions.facts.copies import recount_response_copies
from sessions.facts.duplicates import mark_duplicates
from sessions.facts.stored_keys import StoredKeys
from sessions.models import ModelResponse, ResponseCopy
from sessions.parsers.keys import pair_key, stable_key
from sessions.parsers.normalise import (
    Response,
    join_responses,
    quarter_of,
    response_of,
)
from sessions.parsers.pricing import PriceBook, Usage
from sessions.parsers.records import ResponseSeen

COLUMNS = (
    "id",
    "owner_id",
    "message_key",
    "message_id",
    "request_id",
    "at_ms",
    "quarter",
    "model",
    "fast",
    "service_tier",
    "inference_geo",
    "skill",
    "stop_reason",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_5m_tokens",
    "cache_creation_1h_tokens",
    "web_search_requests",
    "cost_nano_usd",
    "price_id",
    "reported_cost_nano_usd",
    "is_assistant",
    "is_sidechain",
    "chosen_at_ms",
    "chosen_digest",
    "copy_count",
    "duplicate_of",
)
COPY_COLUMNS = ("id", "response_id", "session_id", "first_at_ms", "is_assistant", "entry_id")
_AT = {name: position for position, name in enumerate(COLUMNS)}


class SeenInEntry(NamedTuple):
    """A record's response together with where the record was stored."""

    seen: ResponseSeen
    session_key: int
    entry_id: int


class Written(NamedTuple):
    """What changed: counts for the report, and what must be derived again."""

    created: int
    updated: int
    quarters: set[int]
    sessions: set[int]


def write_responses(batch: list[SeenInEntry], prices: PriceBook, known: StoredKeys) -> Written:
    """Join a batch into ModelResponse and ResponseCopy."""
    joined, owners = _joined(batch)
    stored = {row[0]: row for row in rows_where_in(ModelResponse, COLUMNS, "id", known.perhaps(joined))}
    changed: dict[int, tuple[Any, ...]] = {}
    for key, response in joined.items():
        old = stored.get(key)
        whole = response if old is None else join_responses(_response_from(old), response)
        row = _row(whole, old, owners[key], prices)
        if row != old:
            changed[key] = row
    write_joined(ModelResponse, COLUMNS, changed, stored)
    shared = _write_copies(batch, stored, known)
    quarters = {row[_AT["quarter"]] for row in changed.values()}
    quarters |= {stored[key][_AT["quarter"]] for key in changed if key in stored}
    found = mark_duplicates(_met_twice((row[_AT["message_key"]] for row in changed.values()), known))
    known.add(joined)
    created = sum(key not in stored for key in changed)
    return Written(created, len(changed) - created, quarters | found[1], shared | found[0])


def write_joined(
    model: type[Model],
    columns: Sequence[str],
    changed: Mapping[int, Row],
    stored: Container[int],
    kept: int = 1,
) -> None:
    """Insert the rows whose keys are not stored; of the others write all but the first `kept` columns."""
    write_rows(model, columns, [row for key, row in changed.items() if key not in stored])
    again = [row for key, row in changed.items() if key in stored]
    write_rows(model, columns, again, unique=("id",), update=columns[kept:])


def _met_twice(message_keys: Iterable[int], known: StoredKeys) -> set[int]:
    """Of the message ids just written, those that more than one response may have."""
    times = Counter(message_keys)
    found = {key for key, n in times.items() if n > 1} | set(known.perhaps(times))
    known.add(times)
    return found


def _joined(batch: list[SeenInEntry]) -> tuple[dict[int, Response], dict[int, int]]:
    """Responses of the batch by key, and for each the session that claims it until ownership is settled."""
    joined: dict[int, Response] = {}
    owners: dict[int, int] = {}
    for item in batch:
        response = response_of(item.seen)
        known = joined.get(response.key)
        joined[response.key] = response if known is None else join_responses(known, response)
        owners.setdefault(response.key, item.session_key)
    return joined, owners


def _row(
    response: Response, old: tuple[Any, ...] | None, owner_key: int, prices: PriceBook
) -> tuple[Any, ...]:
    usage = response.usage
    rates = prices.rates(
        response.model,
        response.at_ms,
        fast=response.fast,
        service_tier=response.service_tier,
        inference_geo=response.inference_geo,
    )
    return (
        response.key,
        old[_AT["owner_id"]] if old else owner_key,
        stable_key(response.message_id),
        response.message_id[:200],
        response.request_id[:200],
        response.at_ms,
        quarter_of(response.at_ms),
        response.model[:190],  # leaves room for the rollups' "-fast"
        response.fast,
        response.service_tier[:40],
        response.inference_geo[:40],
        response.skill[:200],
        response.stop_reason[:60],
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_creation_5m_tokens,
        usage.cache_creation_1h_tokens,
        usage.web_search_requests,
        None if rates is None else rates.cost_nano_usd(usage),
        "" if rates is None else rates.price_id[:200],
        response.reported_cost_nano_usd,
        response.is_assistant,
        response.is_sidechain,
        response.chosen_at_ms,
        response.chosen_digest,
        old[_AT["copy_count"]] if old else 1,
        old[_AT["duplicate_of"]] if old else None,
    )


def _response_from(row: tuple[Any, ...]) -> Response:
    def value(name: str) -> Any:
        return row[_AT[name]]

    return Response(
        key=value("id"),
        message_id=value("message_id"),
        request_id=value("request_id"),
        at_ms=value("at_ms"),
        model=value("model"),
        usage=Usage(
            value("input_tokens"),
            value("output_tokens"),
            value("cache_read_tokens"),
            value("cache_creation_5m_tokens"),
            value("cache_creation_1h_tokens"),
            value("web_search_requests"),
        ),
        stop_reason=value("stop_reason"),
        fast=bool(value("fast")),
        service_tier=value("service_tier"),
        inference_geo=value("inference_geo"),
        skill=value("skill"),
        reported_cost_nano_usd=value("reported_cost_nano_usd"),
        is_assistant=bool(value("is_assistant")),
        is_sidechain=bool(value("is_sidechain")),
        chosen_at_ms=value("chosen_at_ms"),
        chosen_digest=value("chosen_digest"),
    )


def _write_copies(batch: list[SeenInEntry], met_before: Container[int], known: StoredKeys) -> set[int]:
    """Note which sessions hold each response; returns the sessions of those that several hold."""
    rows: dict[int, tuple[Any, ...]] = {}
    for seen, session_key, entry_id in batch:
        key = pair_key(seen.key, session_key)
        row = (key, seen.key, session_key, seen.at_ms, seen.is_assistant, entry_id)
        rows[key] = _join_copies(rows.get(key), row)
    stored = {row[0]: row for row in rows_where_in(ResponseCopy, COPY_COLUMNS, "id", known.perhaps(rows))}
    joined = {key: _join_copies(stored.get(key), row) for key, row in rows.items()}
    changed = {key: row for key, row in joined.items() if row != stored.get(key)}
    write_joined(ResponseCopy, COPY_COLUMNS, changed, stored, kept=3)
    known.add(rows)
    fresh = (row[1] for key, row in changed.items() if key not in stored)
    return recount_response_copies(held_by_several(fresh, met_before))


def held_by_several(fresh: Iterable[int], met_before: Container[int]) -> set[int]:
    """Of the facts that got a copy, those that may have another: from an earlier batch or in this one."""
    return {key for key, n in Counter(fresh).items() if n > 1 or key in met_before}


def _join_copies(one: tuple[Any, ...] | None, other: tuple[Any, ...]) -> tuple[Any, ...]:
    """The earliest; a progress record's copy never stands before an assistant record's."""
    if one is None:
        return other
    return min(one, other, key=lambda row: (not row[4], row[3], row[5]))
