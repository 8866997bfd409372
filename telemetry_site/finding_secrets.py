"""Finding secrets in files that were read before they were searched, while a run holds the lease."""

from collections.abc import Callable

from django.utils import timezone

from sessions.leases import Lease
from sessions.processes import this_process
from sessions.secrets.noting import search_archived


def find_secrets(stop: Callable[[], bool] = lambda: False) -> None:
    """Search plans and files beside transcripts that were not searched yet; the next run goes on where it stops."""
    for _ in search_archived(stop):
        Lease.renew("sync", this_process(), timezone.now())
