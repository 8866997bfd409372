"""Tokens of one response and the prices they are multiplied with, all of them integers.

A rate is in pico-dollars (10^-12 USD) per token, which is the published dollars per million tokens times
10^6. A cost is in nano-dollars (10^-9 USD). Nothing in between is ever a float.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

PICO_PER_USD = 10**12
PICO_PER_NANO = 1000
TOKENS_PER_PRICE_UNIT = 10**6


class Usage(NamedTuple):
    """What one response used; every figure is a count, 0 or more, and no token is in two of them."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_creation_5m_tokens: int
    cache_creation_1h_tokens: int
    web_search_requests: int = 0

    @property
    def prompt_tokens(self) -> int:
        """Everything the model read: the figure that long-context thresholds are compared with."""
        cached = self.cache_read_tokens + self.cache_creation_5m_tokens + self.cache_creation_1h_tokens
        return self.input_tokens + cached


@dataclass(frozen=True, slots=True)
class TokenRates:
    """Pico-dollars per token of each class."""

    input: int
    output: int
    cache_read: int
    cache_creation_5m: int
    cache_creation_1h: int

    def cost_pico_usd(self, usage: Usage) -> int:
        """Cost of the usage's tokens, exact; web searches are not tokens."""
        return (
            usage.input_tokens * self.input
            + usage.output_tokens * self.output
            + usage.cache_read_tokens * self.cache_read
            + usage.cache_creation_5m_tokens * self.cache_creation_5m
            + usage.cache_creation_1h_tokens * self.cache_creation_1h
        )


@dataclass(frozen=True, slots=True)
class Rates:
    """One price of one model in one period, with fast mode and every other multiplier already in the figures.

    `long_context` holds (threshold, rates) pairs, largest threshold first: a request whose prompt is larger
    than the threshold is charged at those rates as a whole. `web_search` is pico-dollars per request, None
    when unknown. `effective_from` is the first UTC day of the period, None for one that has no known
    beginning. `price_id` names the price, stays the same while that price exists, and is what a stored cost
    refers to.
    """

    price_id: str
    tokens: TokenRates
    long_context: tuple[tuple[int, TokenRates], ...]
    web_search: int | None
    effective_from: date | None
    source: str
    version: str

    def tokens_for(self, usage: Usage) -> TokenRates:
        """The rates this request is charged at: those of the highest threshold its prompt exceeds."""
        if self.long_context:
            prompt = usage.prompt_tokens
            for threshold, rates in self.long_context:
                if prompt > threshold:
                    return rates
        return self.tokens

    def cost_nano_usd(self, usage: Usage) -> int | None:
        """Cost in nano-dollars, rounded once, half to even; None when a search was made whose price is
        unknown.
        """
        pico = self.tokens_for(usage).cost_pico_usd(usage)
        if usage.web_search_requests:
            if self.web_search is None:
                return None
            pico += usage.web_search_requests * self.web_search
        return round_to_nano(pico)


def round_to_nano(pico_usd: int) -> int:
    """Pico-dollars to nano-dollars, half to even, without leaving the integers."""
    nano, rest = divmod(pico_usd, PICO_PER_NANO)
    half = PICO_PER_NANO // 2
    return nano + 1 if rest > half or (rest == half and nano % 2) else nano


def pico_per_token(usd_per_million: Decimal) -> int:
    """A published price as pico-dollars per token.

    Raises ValueError when the price has more digits than pico-dollars can hold.
    """
    return _whole(usd_per_million * (PICO_PER_USD // TOKENS_PER_PRICE_UNIT))


def pico_per_request(usd: Decimal) -> int:
    """Dollars per request as pico-dollars. Raises ValueError when that is not a whole number."""
    return _whole(usd * PICO_PER_USD)


def nearest_pico_per_token(usd_per_million: Decimal) -> int:
    """Like `pico_per_token`, for data that carries binary float noise such as 0.13999999999999999."""
    return int((usd_per_million * TOKENS_PER_PRICE_UNIT).to_integral_value(rounding=ROUND_HALF_EVEN))


def _whole(pico: Decimal) -> int:
    if pico != pico.to_integral_value():
        raise ValueError("it is not a whole number of pico-dollars (at most six decimals per million tokens)")
    return int(pico)
