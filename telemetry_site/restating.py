"""Changing facts without reading anything: rebuilding, pricing anew, taking the demo out.

Pages follow such a change. The counters for Prometheus do not, since they tell what was read, as it was read.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from alerts.marks import mark_quarters, mark_sessions
from analytics import counters, rollups
from sessions.models import DirtyQuarter
from sessions.refresh import refresh_stale
from sessions.search.titles import index_titles
from tasks.linking import link_due, mark_due


def on_refreshed(session_ids: list[int]) -> None:
    """What follows from sessions whose columns were derived, in the same transaction."""
    mark_due(session_ids)
    mark_sessions(session_ids)
    counters.count_sessions(session_ids)
    index_titles(session_ids)


def roll_up() -> None:
    """Make the rollups that are behind anew, and have the alerts about them evaluated.

    The marks come first: a kill in between leaves them and the dirty quarters, and both are looked at again.
    """
    mark_quarters(DirtyQuarter.objects.values_list("quarter", flat=True))
    rollups.roll_up()


def catch_up() -> None:
    """Bring columns, links and rollups to where the facts are; also finishes what a killed run left."""
    refresh_stale(on_refreshed=on_refreshed)
    link_due()
    roll_up()


@contextmanager
def restating() -> Iterator[None]:
    """Nothing that changes in this block is counted. The block leaves columns and rollups up to date.

    What was read before and not counted yet is counted first. A block that is killed leaves its mark, and
    `finish_restatement` ends it. Callers hold the sync lease.
    """
    catch_up()
    counters.begin_restatement(timezone.now())
    yield
    counters.end_restatement()


def finish_restatement() -> None:
    """End a restatement that was killed, still without counting what it changed."""
    if counters.is_restating():
        catch_up()
        counters.end_restatement()
