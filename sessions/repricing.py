"""Counting the cost of stored responses again, after the price book learned something."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import batched
from typing import Any, NamedTuple

from django.db import transaction

from sessions.ingest import mark_dirty
from sessions.models import AgentSession, ModelResponse
from sessions.parsers.pricing import PriceBook, Usage

CHUNK = 2000
_USAGE = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_5m_tokens",
    "cache_creation_1h_tokens",
    "web_search_requests",
)
_COLUMNS = (
    *("id", "owner_id", "quarter", "at_ms", "duplicate_of", "cost_nano_usd", "price_id", "model"),
    *("fast", "service_tier", "inference_geo", *_USAGE),
)


@dataclass(frozen=True, slots=True)
class MonthCost:
    """What a UTC month costs as stored and by the price book, in nano-dollars; None where nothing has a price.

    `changed` responses have another cost or another price than before.
    """

    month: str
    changed: int = 0
    old_nano_usd: int | None = None
    new_nano_usd: int | None = None

    @property
    def difference_nano_usd(self) -> int:
        return (self.new_nano_usd or 0) - (self.old_nano_usd or 0)

    def plus(self, old: int | None, new: int | None, *, changed: bool) -> "MonthCost":
        return replace(
            self,
            changed=self.changed + changed,
            old_nano_usd=_add(self.old_nano_usd, old),
            new_nano_usd=_add(self.new_nano_usd, new),
        )


class _Priced(NamedTuple):
    """A stored response beside what the price book says of it."""

    id: int
    owner_id: int
    quarter: int
    month: str
    is_counted: bool
    old: tuple[int | None, str]
    new: tuple[int | None, str]


def reprice(prices: PriceBook, *, dry_run: bool, beat: Callable[[], None] = lambda: None) -> list[MonthCost]:
    """Price every response anew; returns the months it has responses in, in order.

    A real run writes the responses that change, chunk by chunk, and marks what follows from them: stale sessions
    and dirty quarters, which the caller refreshes and rolls up. A kill in between loses nothing; `beat` is called
    after each chunk.
    """
    months: dict[str, MonthCost] = {}
    for chunk in batched(_priced(prices), CHUNK):
        for item in chunk:
            if item.is_counted:
                month = months.get(item.month, MonthCost(item.month))
                months[item.month] = month.plus(item.old[0], item.new[0], changed=item.old != item.new)
        if not dry_run:
            _write([item for item in chunk if item.old != item.new])
            beat()
    return [months[name] for name in sorted(months)]


def _priced(prices: PriceBook) -> Iterator[_Priced]:
    for row in _stored():
        key, owner, quarter, at_ms, duplicate_of, cost, price_id, model, fast, tier, geo, *usage = row
        rates = prices.rates(model, at_ms, fast=fast, service_tier=tier, inference_geo=geo)
        new = (None, "") if rates is None else (rates.cost_nano_usd(Usage(*usage)), rates.price_id[:200])
        month = f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m}"
        yield _Priced(key, owner, quarter, month, duplicate_of is None, (cost, price_id), new)


def _stored() -> Iterator[tuple[Any, ...]]:
    """Every response in the order of its key, a chunk per query, so that no reader is open while a chunk is written."""
    last: int | None = None
    while True:
        rows = ModelResponse.objects.order_by("id").values_list(*_COLUMNS)
        chunk = list((rows if last is None else rows.filter(id__gt=last))[:CHUNK])
        if not chunk:
            return
        yield from chunk
        last = chunk[-1][0]


def _write(changed: list[_Priced]) -> None:
    if not changed:
        return
    rows = [ModelResponse(id=item.id, cost_nano_usd=item.new[0], price_id=item.new[1]) for item in changed]
    with transaction.atomic():
        ModelResponse.objects.bulk_update(rows, ["cost_nano_usd", "price_id"], batch_size=200)
        mark_dirty({item.quarter for item in changed})
        AgentSession.objects.filter(id__in={item.owner_id for item in changed}).update(stale=True)


def _add(one: int | None, other: int | None) -> int | None:
    known = [value for value in (one, other) if value is not None]
    return sum(known) if known else None
