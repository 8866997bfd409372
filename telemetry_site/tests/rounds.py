"""Which tests run on which database: the suite runs in two rounds, one on SQLite and one on PostgreSQL.

On SQLite everything runs, on PostgreSQL what touches a database: a test that touches none cannot tell them apart. What
a browser makes of a page has nothing to do with where the page was read from, so those tests run on SQLite alone too;
what pages say is asked of the views, on both.
`one_database("sqlite")` or `("postgresql")` marks what is about one of them. What a round leaves out is counted at its
end. A test that starts a process on the database of the tests is marked `database_of_processes`; for every other test
without a database the variables that name one lead nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
# The fixtures by which pytest-django gives a test the database.
FIXTURES = {"db", "transactional_db", "live_server", "django_db_setup"}
MARKS = ("django_db", "database_of_processes")
# The one by which every test with a browser gets it.
BROWSER = "browser"
# Run first, so that at the end no worker waits for another that has one of them before it.
LONG = (
    "test_page_walk",
    "test_any_order",
    "test_kills",
    "test_damage",
    "test_contention",
    "test_copies",
    "test_any_course",
    "test_counters_never_fall",
    "test_any_history",
    "test_server",
    "test_prometheus_server",
    "test_killed_senders",
    "test_same_answers",
    "test_checks",
    "test_bound_tokens",
    "test_inspector_browser",
    "test_frame",
    "test_api_docs",
    "test_api_fuzz",
    "test_days",
)
LEFT_OUT = pytest.StashKey[Counter[str]]()
NOWHERE = "none://a-test-without-a-database"


def uses_database(item: pytest.Item) -> bool:
    """Whether a test touches the database of the tests, itself or in processes that it starts."""
    marked = any(item.get_closest_marker(name) for name in MARKS)
    return marked or not FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def only_database(item: pytest.Item) -> str | None:
    """The one database a test is about; None for both."""
    marker = item.get_closest_marker("one_database")
    if marker is None:
        return None
    if len(marker.args) != 1 or marker.args[0] not in NAMES:
        raise pytest.UsageError(f"{item.nodeid}: one_database takes one of {', '.join(NAMES)}")
    return str(marker.args[0])


def why_left_out(vendor: str, *, only: str | None, uses: bool, browses: bool) -> str | None:
    """Why a test is no part of the round on this database; None where it is."""
    if only:
        return f"about {NAMES[only]}" if only != vendor else None
    if vendor == "sqlite":
        return None
    if browses:
        return "in a browser, which run on SQLite"
    return None if uses else "without a database, which run on SQLite"


def turn(item: pytest.Item) -> int:
    """Where a test's module stands in the order; the others keep theirs behind."""
    return LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    from django.db import connection

    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    counts = Counter[str]()
    for item in items:
        browses = BROWSER in getattr(item, "fixturenames", ())
        why = why_left_out(
            connection.vendor, only=only_database(item), uses=uses_database(item), browses=browses
        )
        (left_out if why else kept).append(item)
        counts.update([why] if why else [])
    items[:] = sorted(kept, key=turn)
    config.stash[LEFT_OUT] = counts
    if left_out:
        config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Workers tell their controller what they left out; nothing left to run is no failure if all is left out."""
    counts = session.config.stash.get(LEFT_OUT, Counter())
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = dict(counts)
    if counts and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every worker collects everything, so that any of them tells it."""
    if counts := getattr(node, "workeroutput", {}).get("left_out"):
        node.config.stash[LEFT_OUT] = Counter(counts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    from django.db import connection

    for why, count in sorted(config.stash.get(LEFT_OUT, Counter()).items()):
        terminalreporter.write_line(f"Left out on {NAMES[connection.vendor]}: {count} {why}")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """A database asked for while a test runs was not known when the rounds were made."""
    # First set up, so that pytest takes it back: one that fails before is broken for all tests that follow.
    value = yield
    if fixturedef.argname in FIXTURES and request.scope == "function" and not uses_database(request.node):
        pytest.fail(f"{request.node.nodeid} needs the mark django_db, or it would run on one database only")
    return value


@pytest.fixture(autouse=True)
def no_database_of_processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that finds the database of the tests by itself belongs to a test that is marked for it."""
    if not uses_database(request.node):
        monkeypatch.setenv("DATABASE_URL", NOWHERE)
        monkeypatch.setenv("TEST_DATABASE_URL", NOWHERE)
