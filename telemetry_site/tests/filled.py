"""A database that is filled once for a whole module of tests that only read it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction


@contextmanager
def filled(blocker: Any, fill: Callable[[], object]) -> Iterator[None]:
    """Fill the test database and hold it so; everything is taken back at the end.

    `blocker` is `django_db_blocker` of pytest-django, which makes a database only where a test is marked `django_db`.
    """
    with blocker.unblock(), transaction.atomic():
        fill()
        yield
        transaction.set_rollback(True)
