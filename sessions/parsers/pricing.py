"""The price book: what a response cost, to the nano-dollar, at the prices of its day.

Price files come first, the user's before ours; a model that none of them names is looked up in the data
bundled with the genai-prices library. A model that nobody has a price for costs None: its tokens are counted
and shown as unpriced. Nothing here reads the clock or the network.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Protocol

from sessions.parsers.library_prices import library_timeline
from sessions.parsers.model_names import (
    ModelIdentity,
    ModelName,
    canonical_name,
    display_model,
    model_family,
    model_identity,
    parse_model,
)
from sessions.parsers.price_file import Conditions, PriceEntry, read_price_file
from sessions.parsers.rates import Rates, TokenRates, Usage

__all__ = [
    "ModelIdentity",
    "PriceBook",
    "Rates",
    "TokenRates",
    "Usage",
    "default_price_book",
    "display_model",
    "load_price_book",
    "model_family",
    "model_identity",
]

_OUR_PRICES = Path(__file__).with_name("prices.toml")
_CACHED_TIMELINES = 4096
_ANY_TAIL = "-*"


class Timeline(Protocol):
    """Rates of one model under fixed conditions, over time."""

    def at(self, at_ms: int) -> Rates | None: ...


@dataclass(frozen=True, slots=True)
class _DatedRates:
    """Rates by their first moment (Unix milliseconds, ascending), and what held before the first of them."""

    starts: list[int]
    rates: list[Rates | None]
    before: Timeline | None

    def at(self, at_ms: int) -> Rates | None:
        position = bisect_right(self.starts, at_ms)
        if position:
            return self.rates[position - 1]
        return self.before.at(at_ms) if self.before else None


class _Layer:
    """One price file, indexed by model name."""

    def __init__(self, entries: Iterable[PriceEntry]) -> None:
        self._exact: dict[str, list[PriceEntry]] = {}
        self._patterns: dict[str, list[PriceEntry]] = {}
        for entry in entries:
            for model in entry.models:
                index = self._patterns if model.endswith(_ANY_TAIL) else self._exact
                index.setdefault(_key(model.removesuffix(_ANY_TAIL)), []).append(entry)

    def entries(self, name: ModelName) -> list[PriceEntry]:
        """Entries of this model: those of its exact name, else with its date, else without, else of a
        pattern.
        """
        for spelling in (name.raw, name.dated, name.plain):
            if spelling in self._exact:
                return self._exact[spelling]
        prefixes = [prefix for prefix in self._patterns if _covers(prefix, name.plain)]
        return self._patterns[max(prefixes, key=len)] if prefixes else []


class PriceBook:
    """Prices of models by day, from layers of price files; the first layer that has a price for a day decides
    it.
    """

    def __init__(self, layers: Sequence[Iterable[PriceEntry]], *, use_library: bool = True) -> None:
        self._layers = [_Layer(entries) for entries in layers]
        self._use_library = use_library
        self._timelines: dict[tuple[str, bool, str, str], Timeline] = {}

    def rates(
        self, model: str, at_ms: int, *, fast: bool = False, service_tier: str = "", inference_geo: str = ""
    ) -> Rates | None:
        """Rates of a model at a moment (Unix milliseconds, UTC); None when no price is known.

        `service_tier` and `inference_geo` are the words of the transcript; they change a price only where an
        entry says so. Fast mode of a model whose fast price is unknown has no price.
        """
        timeline = self._timelines.get((model, fast, service_tier, inference_geo))
        if timeline is None:
            timeline = self._remember(model, fast, service_tier, inference_geo)
        return timeline.at(at_ms)

    def cost_nano_usd(
        self,
        model: str,
        at_ms: int,
        usage: Usage,
        *,
        fast: bool = False,
        service_tier: str = "",
        inference_geo: str = "",
    ) -> int | None:
        """Cost of one response in nano-dollars, rounded once, half to even; None when no price is known."""
        rates = self.rates(model, at_ms, fast=fast, service_tier=service_tier, inference_geo=inference_geo)
        return None if rates is None else rates.cost_nano_usd(usage)

    def _remember(self, model: str, fast: bool, service_tier: str, inference_geo: str) -> Timeline:
        if len(self._timelines) >= _CACHED_TIMELINES:  # names come from files, so their number has no bound
            self._timelines.clear()
        timeline = self._build(model, fast, service_tier, inference_geo)
        self._timelines[model, fast, service_tier, inference_geo] = timeline
        return timeline

    def _build(self, model: str, fast: bool, service_tier: str, inference_geo: str) -> Timeline:
        name = parse_model(model)
        if name is None:
            return _DatedRates([], [], None)
        conditions = Conditions(fast, service_tier, inference_geo, name.regional)
        chosen = _by_day([layer.entries(name) for layer in self._layers])
        rates = [entry.rates(conditions) for _, entry in chosen]
        return _DatedRates([start for start, _ in chosen], rates, self._before(chosen, name, conditions))

    def _before(
        self, chosen: list[tuple[int, PriceEntry]], name: ModelName, conditions: Conditions
    ) -> Timeline | None:
        """The library's prices for the days before our first entry; not asked when our entries have no
        beginning.
        """
        if not self._use_library or (chosen and chosen[0][1].effective_from is None):
            return None
        return library_timeline(name, conditions)


@cache
def default_price_book() -> PriceBook:
    """The price book that ships with the program: `prices.toml`, then the library's bundled data."""
    return load_price_book(())


def load_price_book(paths: Iterable[Path | str]) -> PriceBook:
    """A price book with the user's files in front of ours, the first file strongest.

    Raises ValueError with one sentence that names the file and the entry when a file cannot be used.
    """
    return PriceBook([read_price_file(Path(path)) for path in (*paths, _OUR_PRICES)])


def _key(model: str) -> str:
    """How an entry's name is indexed; one that names a route stays as it is, to hold for that route alone."""
    parsed = parse_model(model)
    return model if parsed is None or parsed.route else canonical_name(parsed.dated)


def _covers(prefix: str, name: str) -> bool:
    """Whether a pattern's prefix ends at a token boundary of the name that is not inside its version."""
    if not name.startswith(f"{prefix}-"):
        return False
    return not name[len(prefix) + 1 :].split("-", 1)[0].isdigit()


def _by_day(layers: list[list[PriceEntry]]) -> list[tuple[int, PriceEntry]]:
    """(first moment, entry) in order of time: on each day the strongest layer that has begun by then."""
    days = sorted({entry.effective_from or date.min for entries in layers for entry in entries})
    return [(_first_ms(day), _in_force(layers, day)) for day in days]


def _in_force(layers: list[list[PriceEntry]], day: date) -> PriceEntry:
    begun = ([entry for entry in entries if (entry.effective_from or date.min) <= day] for entries in layers)
    return max(next(filter(None, begun)), key=lambda entry: entry.effective_from or date.min)


def _first_ms(day: date) -> int:
    """UTC midnight of a day in Unix milliseconds, far in the past for the day before all days."""
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1000
