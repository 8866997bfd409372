"""Which state of the data an answer was made from, told by a few cheap look-ups instead of hashing the answer."""

from datetime import datetime, timedelta
from hashlib import sha256

from analytics.models import SessionToolUsage, SessionUsage
from analytics.periods import quarter_of
from sessions.models import SourceFile, SyncRun, TranscriptEntry
from sessions.querysets import ACTIVE_FOR

# Raise it when an answer of the API changes its shape, so that nobody keeps one of the old shape.
ANSWER_SHAPE = 2


def data_version(now: datetime) -> str:
    """A short text that differs whenever an answer of the API may differ.

    Whatever changes facts ends by rolling up, and rolled-up rows get new keys; a run changes its own row last.
    Time counts as well: "until today" moves at a local midnight, which is the edge of a quarter in every zone,
    and a session stops being active some minutes after its last record.
    """
    run = SyncRun.objects.order_by("-id").values_list("id", "state", "heartbeat_at", "finished_at").first()
    keys = [_last_key(model) for model in (TranscriptEntry, SessionUsage, SessionToolUsage)]
    told = (ANSWER_SHAPE, run, keys, SourceFile.objects.count(), _time_part(now, run[2] if run else None))
    return sha256(repr(told).encode()).hexdigest()[:20]


def _last_key(model: type[TranscriptEntry | SessionUsage | SessionToolUsage]) -> int | None:
    return model.objects.order_by("-id").values_list("id", flat=True).first()


def _time_part(now: datetime, last_read_at: datetime | None) -> int:
    """The minute as long as a session can be active, else the quarter of an hour."""
    may_be_active = last_read_at is not None and now - last_read_at < ACTIVE_FOR + timedelta(minutes=1)
    return int(now.timestamp()) // 60 if may_be_active else quarter_of(now)
