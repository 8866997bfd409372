"""Pricing again all that was read, and what a person is told about it."""

from collections.abc import Sequence

from django.utils import timezone

from analytics import formatting
from analytics.rollups import roll_up
from sessions.api_fields import dollars
from sessions.leases import Lease
from sessions.prices_in_use import price_book
from sessions.processes import this_process
from sessions.refresh import refresh_stale
from sessions.repricing import MonthCost, reprice
from telemetry_site.restating import restating

HEAD = ("month", "responses changed", "old cost", "new cost", "difference")


def reprice_all(*, dry_run: bool) -> list[MonthCost]:
    """Price every response by today's price book and bring all figures up to date; a dry run writes nothing.

    Raises LeaseTaken when another run is writing.
    """
    prices = price_book()
    if dry_run:
        return reprice(prices, dry_run=True)
    owner = this_process()
    with Lease("sync", owner, timezone.now()), restating():
        months = reprice(prices, dry_run=False, beat=lambda: Lease.renew("sync", owner, timezone.now()))
        refresh_stale()
        roll_up()
    return months


def as_table(months: Sequence[MonthCost]) -> str:
    """A line per month with a change, and their total."""
    rows = [HEAD, *(_cells(month) for month in months if month.changed)]
    rows.append(_cells(total_of(months)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )


def total_of(months: Sequence[MonthCost]) -> MonthCost:
    """All months together, those without a change included."""
    total = MonthCost("total", changed=sum(month.changed for month in months))
    for month in months:
        total = total.plus(month.old_nano_usd, month.new_nano_usd, changed=False)
    return total


def _cells(month: MonthCost) -> tuple[str, ...]:
    costs = (month.old_nano_usd, month.new_nano_usd, month.difference_nano_usd)
    shown = (formatting.money(dollars(cost)).text for cost in costs)
    return month.month, formatting.count(month.changed).text, *shown
