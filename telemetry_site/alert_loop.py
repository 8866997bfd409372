"""Beside the reading: evaluating rules as time goes on, and sending what they say, until told to stop."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from django.db import close_old_connections, connection
from django.utils import timezone

from alerts.delivery import deliver, remind
from alerts.evaluation import EvaluationReport, evaluate
from analytics.reading_levels import observe_reading
from sessions.models import SyncRun
from sessions.parsers.discovery import roots_of
from telemetry_site.pipeline import transcript_folders

logger = logging.getLogger(__name__)

# How often the outbox is looked into, and how often rules are evaluated although nothing was read.
LOOK_EVERY_SECONDS = 1.0
TICK_EVERY_SECONDS = 60.0

Stop = Callable[[], bool]


def keep_alerting(stop: Stop, pause: Callable[[float], object]) -> None:
    """Deliver what is due, and tick once a minute. Trouble is logged, and tried again."""
    ticked = -TICK_EVERY_SECONDS
    while not stop():
        try:
            close_old_connections()
            if monotonic() - ticked >= TICK_EVERY_SECONDS:
                ticked = monotonic()
                tick()
            deliver(stop=stop)
        except Exception:
            logger.exception("Alerts could not be evaluated or sent; it is tried again")
        pause(LOOK_EVERY_SECONDS)


def tick() -> EvaluationReport:
    """What follows from time alone: windows that ended, sessions that fell silent, reminders, files that wait."""
    now = timezone.now()
    observe_reading(roots_of(transcript_folders()), now)
    report = evaluate(now, is_first_import=is_first_import())
    remind(now)
    return report


def is_first_import() -> bool:
    """Whether no run has read everything yet: what rules find until then is history."""
    return not SyncRun.objects.filter(state=SyncRun.State.DONE).exists()


@contextmanager
def alerting() -> Iterator[None]:
    """Alerts in a thread of their own while the block runs: a slow receiver holds up no reading."""
    over = threading.Event()

    def run() -> None:
        try:
            keep_alerting(over.is_set, over.wait)
        finally:
            connection.close()

    thread = threading.Thread(target=run, name="alerts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=5)
