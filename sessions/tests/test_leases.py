"""Who may write: one at a time, and nobody waits for a process that is no more."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions.leases import LEASE_FOR, Lease, LeaseTaken, is_held
from sessions.models import SyncLease
from sessions.processes import this_process
from sessions.tests.test_processes import ended_process, on_linux

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def held_by(owner: str) -> None:
    SyncLease.objects.create(name="sync", owner=owner, expires_at=NOW + LEASE_FOR)


@on_linux
def test_what_a_killed_process_held_is_taken_at_once() -> None:
    held_by(ended_process())
    assert not is_held("sync", NOW)
    with Lease("sync", "mine:1", NOW):
        assert SyncLease.objects.get().owner == "mine:1"


@pytest.mark.parametrize(
    "owner",
    [this_process(), "elsewhere:1", "elsewhere:1:boot-1-7"],
    ids=["here", "elsewhere", "told exactly"],
)
def test_what_another_holds_is_left_alone(owner: str) -> None:
    held_by(owner)
    assert is_held("sync", NOW)
    with (
        pytest.raises(LeaseTaken, match=r"Another run \([^:]+:\d+\) is reading"),
        Lease("sync", "mine:1", NOW),
    ):
        pass
    assert SyncLease.objects.get().owner == owner


def test_a_lease_runs_out() -> None:
    held_by("elsewhere:1")
    with Lease("sync", "mine:1", NOW + LEASE_FOR + timedelta(seconds=1)):
        assert SyncLease.objects.get().owner == "mine:1"
