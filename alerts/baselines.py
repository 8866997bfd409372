"""What is usual: earlier windows, and how far a value is from them."""

from collections.abc import Sequence
from decimal import Decimal
from statistics import median

from alerts.definition import Compare
from alerts.windows import Measured

# Makes the median of deviations comparable to a standard deviation where values are spread normally.
NORMAL = Decimal("1.4826")
# Where values hardly differ, any difference would be many deviations: a deviation is this share of the median at least.
LEAST_SPREAD = Decimal("0.05")
FEWEST_WINDOWS = 14


def change_from(current: Measured, earlier: Sequence[Measured], compare: Compare) -> Measured:
    """How a value differs from the median of earlier ones; its samples are those of the earlier windows.

    Unknown where either is, and in percent where the earlier value is 0.
    """
    samples = sum(each.samples for each in earlier)
    known = [each.value for each in earlier if each.value is not None]
    if current.value is None or not known:
        return Measured(None, samples)
    usual = median(known)
    if compare is Compare.ABSOLUTE:
        return Measured(current.value - usual, samples)
    return Measured(100 * (current.value - usual) / abs(usual) if usual else None, samples)


def usual_limit(earlier: Sequence[Measured], deviations: Decimal, *, upward: bool) -> Decimal | None:
    """The value that lies so many deviations from the median of earlier windows; None where there are too few.

    Windows in which nothing happened say nothing about what is usual when something does.
    """
    known = [each.value for each in earlier if each.value is not None and each.samples]
    if len(known) < FEWEST_WINDOWS:
        return None
    usual = median(known)
    spread = NORMAL * median(abs(value - usual) for value in known)
    distance = deviations * max(spread, LEAST_SPREAD * abs(usual))
    return usual + distance if upward else usual - distance


def changed_limit(earlier: Sequence[Measured], threshold: Decimal, compare: Compare) -> Decimal | None:
    """The value that differs from the median of earlier ones by the threshold.

    None where none is known, and in percent where that is 0.
    """
    known = [each.value for each in earlier if each.value is not None]
    if not known:
        return None
    usual = median(known)
    if compare is Compare.ABSOLUTE:
        return usual + threshold
    return usual + abs(usual) * threshold / 100 if usual else None
