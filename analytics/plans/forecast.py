"""What the open tasks of a feature may still cost, told from finished tasks of the same kind. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import quantiles

# Fewer finished tasks say nothing about the next one.
LEAST = 5


@dataclass(frozen=True, slots=True)
class Forecast:
    """From `low_usd` to `high_usd` for `open_tasks`: their number times the lower and the upper quartile of the cost
    of `finished` tasks of the same kinds."""

    open_tasks: int
    finished: int
    low_usd: Decimal
    high_usd: Decimal


def forecast(
    open_by_kind: Mapping[str, int], costs_by_kind: Mapping[str, Sequence[Decimal]]
) -> Forecast | None:
    """The range, in US dollars; None where nothing is open or a kind has too few finished tasks with a known cost."""
    kinds = {kind: count for kind, count in open_by_kind.items() if count}
    if not kinds or any(len(costs_by_kind.get(kind, ())) < LEAST for kind in kinds):
        return None
    low = high = Decimal(0)
    for kind, count in kinds.items():
        lower, _, upper = quantiles(costs_by_kind[kind], n=4, method="inclusive")
        low, high = low + count * lower, high + count * upper
    return Forecast(sum(kinds.values()), sum(len(costs_by_kind[kind]) for kind in kinds), low, high)
