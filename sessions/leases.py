"""A lease: who may write now. Unique keys make two writers harmless; the lease spares them the same work."""

from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from django.db import IntegrityError, transaction
from django.db.models import Q

from sessions.models import SyncLease
from sessions.processes import has_ended, shown

LEASE_FOR = timedelta(seconds=60)
# One that lasts longer than any that is taken or renewed now is from before the clock went back.
LONGEST = 2 * LEASE_FOR


class LeaseTaken(Exception):
    """Another run holds the lease."""


class Lease:
    """Hold the named lease while the block runs. Raises LeaseTaken when another owner holds it and still lives.

    Owners are named by `this_process`; one that certainly ended is not waited for.
    """

    def __init__(self, name: str, owner: str, now: datetime) -> None:
        self._name, self._owner, self._now = name, owner, now

    def __enter__(self) -> Self:
        mine = {"owner": self._owner[:200], "expires_at": self._now + LEASE_FOR}
        expired = SyncLease.objects.filter(name=self._name).exclude(_in_force(self._now))
        again = SyncLease.objects.filter(name=self._name, owner=self._owner[:200])
        if expired.update(**mine) or again.update(**mine) or self._left_behind(mine):
            return self
        try:
            with transaction.atomic():
                SyncLease.objects.create(name=self._name, **mine)
        except IntegrityError:
            holder = SyncLease.objects.filter(name=self._name).values_list("owner", flat=True).first()
            raise LeaseTaken(
                f"Another run ({shown(holder or '')}) is reading; this one did nothing."
            ) from None
        return self

    def _left_behind(self, mine: dict[str, object]) -> bool:
        held = SyncLease.objects.filter(name=self._name)
        holder = held.values_list("owner", flat=True).first()
        return holder is not None and has_ended(holder) and bool(held.filter(owner=holder).update(**mine))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        SyncLease.objects.filter(name=self._name, owner=self._owner[:200]).delete()

    @staticmethod
    def renew(name: str, owner: str, now: datetime) -> None:
        """Say that the holder still lives."""
        SyncLease.objects.filter(name=name, owner=owner[:200]).update(expires_at=now + LEASE_FOR)


def is_held(name: str, now: datetime) -> bool:
    """Whether somebody holds the named lease and still lives."""
    held = SyncLease.objects.filter(_in_force(now), name=name)
    holder = held.values_list("owner", flat=True).first()
    return holder is not None and not has_ended(holder)


def _in_force(now: datetime) -> Q:
    return Q(expires_at__gt=now, expires_at__lte=now + LONGEST)
