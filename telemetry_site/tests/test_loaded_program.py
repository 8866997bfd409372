"""What a worker does before it answers."""

import gc
from collections.abc import Iterator

import pytest

from telemetry_site import loaded_program
from telemetry_site.gunicorn_config import post_worker_init


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_what_is_loaded_is_not_looked_through_again() -> None:
    post_worker_init(None)
    kept = gc.get_freeze_count()
    assert kept > 100_000  # every module, class and view
    gc.collect()
    # Threads of the suite may let go of a few that they held; what a round takes back, it takes back whole.
    assert gc.get_freeze_count() > 0.99 * kept


def test_what_comes_afterwards_is_still_garbage_when_nobody_holds_it() -> None:
    loaded_program.load_and_keep()

    class Holder:
        me: object

    one = Holder()
    one.me = one
    del one
    assert gc.collect() > 0
