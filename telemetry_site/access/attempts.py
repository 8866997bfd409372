"""Counting refused tokens and log-ins in the database, for all processes alike, so that guessing becomes slow."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

from telemetry_site.models import FailedAttempt

WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures of one kind one account or address may have within WINDOW."""

    kind: str
    failures: int


TOKENS_BY_ADDRESS = Limit("token-address", 20)
LOGINS_BY_ADDRESS = Limit("login-address", 20)
LOGINS_BY_ACCOUNT = Limit("login-account", 10)


def seconds_to_wait(limit: Limit, who: str, now: datetime) -> int | None:
    """How long until `who` may fail again; None when that is now."""
    recent = FailedAttempt.objects.filter(counted=_counted(limit, who), at__gt=now - WINDOW)
    # The limit-th latest: as soon as it is an hour old, fewer than the limit are left.
    oldest = recent.order_by("-at").values_list("at", flat=True)[limit.failures - 1 : limit.failures].first()
    return None if oldest is None else max(1, ceil((oldest + WINDOW - now).total_seconds()))


def note_failure(limit: Limit, who: str, now: datetime) -> None:
    """Count one failure of `who`, and forget everybody's that no longer count."""
    FailedAttempt.objects.filter(at__lte=now - WINDOW).delete()
    FailedAttempt.objects.create(counted=_counted(limit, who), at=now)


def forget_failures(limit: Limit, who: str) -> None:
    FailedAttempt.objects.filter(counted=_counted(limit, who)).delete()


def _counted(limit: Limit, who: str) -> str:
    return sha256(f"{limit.kind}\0{who}".encode()).hexdigest()
