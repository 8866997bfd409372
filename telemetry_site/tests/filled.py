"""A database that is filled once for many tests that do not change what they share.

`filled` holds it for a whole module. `Kept` holds it for the tests of a module that ask for it, and takes it back
before one that does not: whatever their order, a test finds what it asked for and nothing else. What a test itself
changes is taken back after it as always.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

KEPT = pytest.StashKey["Kept"]()


@contextmanager
def filled(blocker: Any, fill: Callable[[], object]) -> Iterator[None]:
    """Fill the test database and hold it so; everything is taken back at the end.

    `blocker` is `django_db_blocker` of pytest-django, which makes a database only where a test is marked `django_db`.
    """
    with blocker.unblock(), transaction.atomic():
        fill()
        yield
        transaction.set_rollback(True)


class Kept:
    """What was filled for the test that runs, as long as the next one asks for the same.

    For fixtures of the scope "class", which pytest sets up before the transaction of a test; outside of classes they
    are set up for each test.
    """

    def __init__(self, blocker: Any, folders: pytest.TempPathFactory) -> None:
        self._blocker, self._folders = blocker, folders
        self._stack = ExitStack()
        self._name: str | None = None
        self._owner: pytest.Item | pytest.Collector | None = None
        self._folder = Path()

    def fill(self, request: pytest.FixtureRequest, fill: Callable[[Path], object]) -> Path:
        """Fill the database from a folder, or find it filled by the same fixture; the folder is not to be changed."""
        owner = request.node if request.cls else request.node.parent
        if (self._name, self._owner) != (request.fixturename, owner):
            if self._name in getattr(request.node, "fixturenames", ()):
                raise ValueError(f"{request.node.nodeid} asks for {self._name} and {request.fixturename}")
            self.take_back()
            self._folder = self._folders.mktemp(str(request.fixturename))
            self._stack.enter_context(filled(self._blocker, lambda: fill(self._folder)))
            self._name, self._owner = request.fixturename, owner
        return self._folder

    def take_back(self) -> None:
        self._name = self._owner = None
        self._stack.close()

    def is_for(self, item: pytest.Item | None) -> bool:
        """Whether this is what a test asks for."""
        if item is None or self._owner not in item.listchain():
            return False
        return isinstance(self._owner, pytest.Class) or self._name in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def kept(
    pytestconfig: pytest.Config,
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Kept:
    """See `Kept`."""
    pytestconfig.stash[KEPT] = Kept(django_db_blocker, tmp_path_factory)
    return pytestconfig.stash[KEPT]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    kept = item.config.stash.get(KEPT, None)
    if kept is not None and not kept.is_for(nextitem):
        # Even where the end of the test itself fails.
        with ExitStack() as after:
            after.callback(kept.take_back)
            return (yield)
    return (yield)
