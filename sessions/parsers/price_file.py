"""Price files: dated prices per model as a person writes them in TOML (docs/formats/price-book.md).

Figures become Decimals on reading and integers in `PriceEntry.rates`. Every mistake is a ValueError of one
sentence that names the file and the entry.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sessions.parsers.rates import Rates, TokenRates, pico_per_request, pico_per_token

_TOKEN_PRICES = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
_MULTIPLIERS = ("fast_multiplier", "regional_multiplier")
_MULTIPLIER_TABLES = ("service_tier_multipliers", "inference_geo_multipliers")
_TEXTS = ("source", "version")
_ENTRY_KEYS = {
    "models",
    "effective_from",
    "web_search",
    "long_context",
    *_TOKEN_PRICES,
    *_MULTIPLIERS,
    *_MULTIPLIER_TABLES,
    *_TEXTS,
}
_BOOK_KEYS = {"name", *_TEXTS}
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a request was made, as far as it can change its price."""

    fast: bool = False
    service_tier: str = ""
    inference_geo: str = ""
    regional: bool = False


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """One `[[price]]` of a file: what the named models cost from a day on, until a later entry takes over.

    Token prices are US dollars per million tokens in the order input, output, cache read, cache write 5 m and
    1 h; `web_search` is dollars per request. A missing fast multiplier means that the price of fast mode is
    unknown; every other missing multiplier means that the condition does not change the price.
    """

    book: str
    models: tuple[str, ...]
    effective_from: date | None
    prices: tuple[Decimal, ...]
    long_context: tuple[int, tuple[Decimal, ...]] | None
    web_search: Decimal | None
    fast_multiplier: Decimal | None
    regional_multiplier: Decimal
    service_tier_multipliers: Mapping[str, Decimal]
    inference_geo_multipliers: Mapping[str, Decimal]
    source: str
    version: str

    def rates(self, conditions: Conditions) -> Rates | None:
        """Integer rates under these conditions; None when fast mode was used and has no known price."""
        if conditions.fast and self.fast_multiplier is None:
            return None
        factor, mark = self._factor(conditions)
        return Rates(
            price_id=f"{self.book}:{self.models[0]}@{self.effective_from or 'start'}{mark}",
            tokens=_token_rates(self.prices, factor),
            long_context=self._long_context(factor),
            web_search=None if self.web_search is None else pico_per_request(self.web_search),
            effective_from=self.effective_from,
            source=self.source,
            version=self.version,
        )

    def _factor(self, conditions: Conditions) -> tuple[Decimal, str]:
        """Product of the multipliers that apply, and the part of the price's name that tells them."""
        tier, geo = conditions.service_tier, conditions.inference_geo
        applied = (
            ("+fast", self.fast_multiplier if conditions.fast else None),
            (f"+{tier}", self.service_tier_multipliers.get(tier)),
            (f"+geo={geo}", self.inference_geo_multipliers.get(geo)),
            ("+regional", self.regional_multiplier if conditions.regional else None),
        )
        factor, mark = _ONE, ""
        for name, multiplier in applied:
            if multiplier is not None and multiplier != _ONE:
                factor, mark = factor * multiplier, mark + name
        return factor, mark

    def _long_context(self, factor: Decimal) -> tuple[tuple[int, TokenRates], ...]:
        if self.long_context is None:
            return ()
        threshold, prices = self.long_context
        return ((threshold, _token_rates(prices, factor)),)


def read_price_file(path: Path) -> list[PriceEntry]:
    """All entries of a price file, in the order they are written.

    Raises ValueError with one sentence naming the file, and the entry where there is one.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ValueError(f"The price file {path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"The price file {path} is not valid TOML: {error}.") from error
    try:
        return _read_document(document)
    except ValueError as error:
        raise ValueError(f"The price file {path} is wrong: {error}.") from error


def _read_document(document: dict[str, Any]) -> list[PriceEntry]:
    _only_known(document, {"book", "price"}, "the file")
    book, tables = document.get("book"), document.get("price", [])
    if not isinstance(book, dict):
        raise ValueError("it has no [book] table with name, source and version")
    _only_known(book, _BOOK_KEYS, "[book]")
    for key in ("name", *_TEXTS):
        _text(book, key)
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError("prices must be written as [[price]] tables")
    entries = [_named(number, table, book) for number, table in enumerate(tables, start=1)]
    _refuse_duplicates(entries)
    return entries


def _named(number: int, table: dict[str, Any], book: dict[str, Any]) -> PriceEntry:
    """Read one entry, putting its number and model in front of any complaint."""
    try:
        entry = _read_entry(table, book)
        _refuse_fractions(entry)
        return entry
    except ValueError as error:
        models = table.get("models")
        first = models[0] if isinstance(models, list) and models else "no models"
        raise ValueError(f"[[price]] number {number} ({first}): {error}") from error


def _read_entry(table: dict[str, Any], book: dict[str, Any]) -> PriceEntry:
    _only_known(table, _ENTRY_KEYS, "the entry")
    tiers, geos = (_multipliers(table, key) for key in _MULTIPLIER_TABLES)
    return PriceEntry(
        book=book["name"],
        models=_models(table),
        effective_from=_day(table),
        prices=_token_prices(table),
        long_context=_read_long_context(table),
        web_search=_number(table, "web_search") if "web_search" in table else None,
        fast_multiplier=_number(table, "fast_multiplier") if "fast_multiplier" in table else None,
        regional_multiplier=_number(table, "regional_multiplier") if "regional_multiplier" in table else _ONE,
        service_tier_multipliers=tiers,
        inference_geo_multipliers=geos,
        source=_text({**book, **table}, "source"),
        version=_text({**book, **table}, "version"),
    )


def _read_long_context(table: dict[str, Any]) -> tuple[int, tuple[Decimal, ...]] | None:
    tier = table.get("long_context")
    if tier is None:
        return None
    if not isinstance(tier, dict):
        raise ValueError("long_context must be a table with above and the five token prices")
    _only_known(tier, {"above", *_TOKEN_PRICES}, "long_context")
    above = tier.get("above")
    if type(above) is not int or above <= 0:
        raise ValueError("long_context.above must be a whole number of tokens larger than 0")
    return above, _token_prices(tier)


def _token_prices(table: dict[str, Any]) -> tuple[Decimal, ...]:
    return tuple(_number(table, key) for key in _TOKEN_PRICES)


def _number(table: dict[str, Any], key: str) -> Decimal:
    """A figure that is there, finite and not negative."""
    value = table.get(key)
    if value is None:
        raise ValueError(f"{key} is missing")
    if type(value) is not int and not isinstance(value, Decimal):
        raise ValueError(f"{key} must be a number")
    number = Decimal(value)
    if not number.is_finite() or number < 0:
        raise ValueError(f"{key} must be a number that is not negative")
    return number


def _multipliers(table: dict[str, Any], key: str) -> dict[str, Decimal]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise ValueError(f"{key} must be a table such as {{ batch = 0.5 }}")
    return {name: _number(value, name) for name in value}


def _models(table: dict[str, Any]) -> tuple[str, ...]:
    models = table.get("models")
    if not isinstance(models, list) or not models:
        raise ValueError("models must be a list with at least one name")
    if not all(isinstance(model, str) and model.strip("-* ") for model in models):
        raise ValueError("every one of models must be a name")
    if any("*" in model.strip().removesuffix("-*") for model in models):
        raise ValueError("a * may only stand at the end of a model's name, after a dash")
    return tuple(model.strip().lower() for model in models)


def _day(table: dict[str, Any]) -> date | None:
    value = table.get("effective_from")
    if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
        raise ValueError("effective_from must be a day such as 2026-03-13, without quotes")
    return value


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} must be a text that is not empty")
    return value.strip()


def _only_known(table: dict[str, Any], known: set[str], where: str) -> None:
    unknown = ", ".join(sorted(table.keys() - known))
    if unknown:
        raise ValueError(f"{where} has a key that is not known: {unknown}")


def _refuse_duplicates(entries: list[PriceEntry]) -> None:
    seen: set[tuple[str, date | None]] = set()
    for number, entry in enumerate(entries, start=1):
        for model in entry.models:
            if (model, entry.effective_from) in seen:
                raise ValueError(f"[[price]] number {number} ({model}): it repeats an earlier model and day")
            seen.add((model, entry.effective_from))


def _refuse_fractions(entry: PriceEntry) -> None:
    """Price every combination of multipliers once, so that no odd one can fail while transcripts are read."""
    if entry.web_search is not None:
        _explained("web_search", entry.web_search, pico_per_request)
    for fast in (False, True):
        for tier in ("", *entry.service_tier_multipliers):
            for geo in ("", *entry.inference_geo_multipliers):
                for regional in (False, True):
                    entry.rates(Conditions(fast, tier, geo, regional))


def _explained(what: str, value: Decimal, convert: Callable[[Decimal], int]) -> int:
    """Convert a figure, putting its key in front of any complaint."""
    try:
        return convert(value)
    except ValueError as error:
        raise ValueError(f"{what} {value}: {error}") from error


def _token_rates(prices: tuple[Decimal, ...], factor: Decimal) -> TokenRates:
    times = "" if factor == _ONE else f" times {factor} is"
    figures = (
        _explained(f"{key}{times}", price * factor, pico_per_token)
        for key, price in zip(_TOKEN_PRICES, prices, strict=True)
    )
    return TokenRates(*figures)
