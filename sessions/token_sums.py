"""What follows from sums of tokens and money, wherever they are summed over."""

from decimal import Decimal

NANO = Decimal(10**9)


class TokenSums:
    """Figures derived from the token classes and the cost that a subclass holds."""

    __slots__ = ()

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_creation_5m_tokens: int
    cache_creation_1h_tokens: int
    cost_nano_usd: int | None

    @property
    def cost_usd(self) -> Decimal | None:
        """None where nothing has a known price."""
        return None if self.cost_nano_usd is None else Decimal(self.cost_nano_usd) / NANO

    @property
    def cache_creation_tokens(self) -> int:
        """Written to the prompt cache, for five minutes or an hour."""
        return self.cache_creation_5m_tokens + self.cache_creation_1h_tokens

    @property
    def tokens(self) -> int:
        """Input plus output: what `sessionTokens` means."""
        return self.input_tokens + self.output_tokens

    @property
    def all_tokens(self) -> int:
        """All four classes."""
        return self.tokens + self.cache_read_tokens + self.cache_creation_tokens
