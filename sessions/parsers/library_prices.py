"""Prices of models that no price file names, from the data bundled with the genai-prices library.

The library is large and slow to import, so it is imported on the first such model and never before. Only its
bundled data is read: nothing here opens a connection. Its prices are turned into the same integer rates as a
file's.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from sessions.parsers.model_names import ModelName, canonical_name, parse_model
from sessions.parsers.price_file import Conditions
from sessions.parsers.rates import PICO_PER_USD, Rates, TokenRates, nearest_pico_per_token

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

    type _Price = Decimal | TieredPrices | None

_LIBRARY = "genai-prices"
_DAY_MS = 86_400_000
_SNAPSHOT_TAIL = re.compile(r"-(?:\d{4}|\d{2}-\d{2})$")
_TRAILING_ZERO = re.compile(r"(?<!-0)(?:-0)+$")
_SEARCHES_PER_PRICE_UNIT = 1000


@dataclass(slots=True)
class LibraryTimeline:
    """Rates of one library model under fixed conditions, over days and, where prices differ, hours of the
    day.
    """

    provider: str
    model: "ModelInfo"
    contexts: tuple[dict[str, str], ...]
    fast: bool
    day_starts: list[int]
    clock_starts: list[int]
    _known: dict[tuple[int, int], Rates | None] = field(default_factory=dict)

    def at(self, at_ms: int) -> Rates | None:
        """The rates in force at this moment (Unix milliseconds)."""
        key = (bisect_right(self.day_starts, at_ms), bisect_right(self.clock_starts, at_ms % _DAY_MS))
        if key not in self._known:
            self._known[key] = self._resolve(at_ms)
        return self._known[key]

    def _resolve(self, at_ms: int) -> Rates | None:
        moment = datetime.fromtimestamp(at_ms // 1000, UTC)
        context = next((found for found in self.contexts if _active_variant(self.model, found, moment)), {})
        if self.fast and not context:
            return None
        starts = [day for day in _start_days(self.model) if day <= moment.date()]
        price = self.model.get_prices(moment, context or None)
        return _rates(self._price_id(at_ms, starts, context), price, max(starts, default=None))

    def _price_id(self, at_ms: int, starts: list[date], context: dict[str, str]) -> str:
        marks = "".join(f"+{name}={value}" for name, value in sorted(context.items()))
        clock = bisect_right(self.clock_starts, at_ms % _DAY_MS)
        window = f"+from={_clock(self.clock_starts[clock - 1])}" if len(self.clock_starts) > 1 else ""
        return f"{_LIBRARY}:{self.provider}/{self.model.id}@{max(starts, default='start')}{marks}{window}"


def library_timeline(name: ModelName, conditions: Conditions) -> LibraryTimeline | None:
    """Prices of a model in the library's data; None when it has none that is certainly this model's."""
    found = _find(name)
    if found is None:
        return None
    provider, model = found
    return LibraryTimeline(
        provider=provider.id,
        model=model,
        contexts=tuple(_contexts(conditions)),
        fast=conditions.fast,
        day_starts=sorted(_midnight_ms(day) for day in _start_days(model)),
        clock_starts=sorted({0, *_clock_boundaries(model)}),
    )


def _find(name: ModelName) -> "tuple[Provider, ModelInfo] | None":
    from genai_prices.data_snapshot import get_snapshot  # loads 1.6 MB of data, so not at the top

    provider_id = "openrouter" if name.route == "openrouter" else None
    for candidate in _candidates(name):
        try:
            provider, model = get_snapshot().find_provider_model(candidate, None, provider_id, None)
        except LookupError:
            continue
        if _same_version(candidate, model.id):
            return provider, model
    return None


def _candidates(name: ModelName) -> Iterator[str]:
    """Spellings to try, the most exact first; a gateway's own price list is asked for its own name of the
    model.
    """
    if name.route == "openrouter":
        yield name.raw.removeprefix("openrouter/")
        return
    yield from dict.fromkeys((name.as_written, name.dated, name.plain))


def _same_version(asked: str, found: str) -> bool:
    """Whether both names carry the same numbers: the library's prefix matches would take 4-10 for 4-1."""
    return _numbers(asked) == _numbers(found)


def _numbers(model: str) -> list[str]:
    parsed = parse_model(model)
    plain = canonical_name(parsed.plain if parsed else model).rpartition("/")[2]
    plain = _TRAILING_ZERO.sub("", _SNAPSHOT_TAIL.sub("", plain))
    return [word for word in re.split(r"[-_:]", plain) if re.match(r"[a-z]?\d", word)]


def _contexts(conditions: Conditions) -> Iterator[dict[str, str]]:
    """Ways in which the library may call these conditions; providers differ."""
    if conditions.fast:
        yield {"speed": "fast"}
        yield {"service_tier": "fast"}
        return
    if conditions.service_tier == "batch":
        yield {"processing": "batch"}
    elif conditions.service_tier:
        yield {"service_tier": conditions.service_tier}


def _active_variant(model: "ModelInfo", context: dict[str, str], moment: datetime) -> bool:
    return any(
        variant.when == context and (variant.constraint is None or variant.constraint.active(moment))
        for variant in model.price_variants or ()
    )


def _constraints(model: "ModelInfo") -> Iterator[object]:
    prices = model.prices if isinstance(model.prices, list) else []
    for priced in (*prices, *(model.price_variants or ())):
        if priced.constraint is not None:
            yield priced.constraint


def _start_days(model: "ModelInfo") -> set[date]:
    from genai_prices.types import StartDateConstraint

    return {item.start_date for item in _constraints(model) if isinstance(item, StartDateConstraint)}


def _clock_boundaries(model: "ModelInfo") -> Iterator[int]:
    from genai_prices.types import TimeOfDateConstraint

    for item in _constraints(model):
        if isinstance(item, TimeOfDateConstraint):
            yield _clock_ms(item.start_time)
            yield _clock_ms(item.end_time)


def _clock_ms(moment: time) -> int:
    """Milliseconds after UTC midnight."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    in_utc = datetime.combine(date(1970, 1, 2), aware).astimezone(UTC)
    return ((in_utc.hour * 60 + in_utc.minute) * 60 + in_utc.second) * 1000


def _clock(ms: int) -> str:
    hours, minutes = divmod(ms // 60_000, 60)
    return f"{hours:02d}:{minutes:02d}"


def _midnight_ms(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1000


def _rates(price_id: str, price: "ModelPrice", effective_from: date | None) -> Rates | None:
    """The library's price as rates; None when it does not say what input and output tokens cost."""
    if price.input_mtok is None or price.output_mtok is None:
        return None
    per_search = price.web_searches_kcount
    return Rates(
        price_id=price_id,
        tokens=_token_rates(price, 0),
        long_context=tuple((start, _token_rates(price, start + 1)) for start in _thresholds(price)),
        web_search=_per_search(per_search) if isinstance(per_search, Decimal) else None,
        effective_from=effective_from,
        source=f"{_LIBRARY}, bundled data",
        version=_library_version(),
    )


def _token_rates(price: "ModelPrice", prompt_tokens: int) -> TokenRates:
    """Rates for a prompt of this size.

    A class without a price of its own is charged as the class it is part of: cached tokens as input tokens,
    one-hour writes as writes. That is the library's own rule.
    """
    write = _first(price.cache_write_mtok, price.input_mtok)
    classes = (
        price.input_mtok,
        price.output_mtok,
        _first(price.cache_read_mtok, price.input_mtok),
        _first(price.cache_write_5m_mtok, write),
        _first(price.cache_write_1h_mtok, write),
    )
    return TokenRates(*(nearest_pico_per_token(_at_size(item, prompt_tokens)) for item in classes))


def _first(own: "_Price", otherwise: "_Price") -> "_Price":
    return otherwise if own is None else own


def _at_size(price: "_Price", prompt_tokens: int) -> Decimal:
    if price is None or isinstance(price, Decimal):
        return price or Decimal(0)
    over = [tier.price for tier in price.tiers if prompt_tokens > tier.start]
    return over[-1] if over else price.base


def _thresholds(price: "ModelPrice") -> list[int]:
    """Prompt sizes above which a price changes, largest first."""
    classes = (
        price.input_mtok,
        price.output_mtok,
        price.cache_read_mtok,
        price.cache_write_mtok,
        price.cache_write_5m_mtok,
        price.cache_write_1h_mtok,
    )
    tiered = (item for item in classes if item is not None and not isinstance(item, Decimal))
    return sorted({tier.start for item in tiered for tier in item.tiers}, reverse=True)


def _per_search(usd_per_thousand: Decimal) -> int:
    return int(usd_per_thousand * (PICO_PER_USD // _SEARCHES_PER_PRICE_UNIT))


@cache
def _library_version() -> str:
    return version(_LIBRARY)
