"""Which state of the data an answer was made from, told by a few cheap look-ups instead of hashing the answer."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings

from analytics.periods import quarter_of
from sessions.models import SyncRun
from sessions.prepared import prepared
from sessions.querysets import ACTIVE_FOR
from telemetry_site.context import program_version
from telemetry_site.models import DataChange

# Raise it when an answer of the API changes its shape, so that nobody keeps one of the old shape.
ANSWER_SHAPE = 3


def data_version(now: datetime) -> str:
    """A short text that differs whenever an answer of the API may differ.

    Whoever writes leaves a mark (`changes.py`). The program and its settings count, and so does time: "until today"
    moves at a local midnight, which is the edge of a quarter in every zone, and a session stops being active some
    minutes after its last record.
    """
    program = (ANSWER_SHAPE, program_version(), settings.TELEMETRY_TIME_ZONE)
    last_read_at = next(iter(_last_read()), None)
    return sha256(repr((program, _marks(), _time_part(now, last_read_at))).encode()).hexdigest()[:20]


@prepared
def _marks() -> Any:
    return DataChange.objects.order_by("slot").values_list("slot", "mark")


@prepared
def _last_read() -> Any:
    return SyncRun.objects.order_by("-id").values_list("heartbeat_at", flat=True)[:1]


def _time_part(now: datetime, last_read_at: datetime | None) -> int:
    """The minute as long as a session can be active, else the quarter of an hour."""
    may_be_active = last_read_at is not None and now - last_read_at < ACTIVE_FOR + timedelta(minutes=1)
    return int(now.timestamp()) // 60 if may_be_active else quarter_of(now)
