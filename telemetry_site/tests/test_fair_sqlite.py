"""Writers of SQLite stand in line: nobody writes twice while another waits, and no line holds anybody up for ever."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from sessions.models import SyncLease
from telemetry_site.database_trouble import sentence_of
from telemetry_site.fair_sqlite import turns
from telemetry_site.fair_sqlite.turns import Line


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.0)


def test_who_waits_writes_before_who_wrote_writes_again(tmp_path: Path) -> None:
    first, second, order = Line(tmp_path / "a"), Line(tmp_path / "a"), list[str]()
    first.take_turn()
    waiting = _in_turn(second, lambda: order.append("second"))
    while not first.is_awaited():
        sleep(0.001)
    first.end_turn()
    first.take_turn()
    order.append("first")
    waiting.join()
    assert order == ["second", "first"]
    assert not first.is_awaited()


def _in_turn(line: Line, act: Callable[[], object]) -> Thread:
    def take() -> None:
        line.take_turn()
        act()
        line.end_turn()

    thread = Thread(target=take)
    thread.start()
    return thread


def test_a_writer_that_was_killed_keeps_nobody_waiting(tmp_path: Path, impatient: None) -> None:
    reading, writing = os.pipe()
    mine, theirs = Line(tmp_path / "a"), Line(tmp_path / "a")
    if not (child := os.fork()):
        theirs.take_turn()
        os.write(writing, b"!")
        signal.pause()
    try:
        os.read(reading, 1)
        mine.take_turn()
        was_mine = mine.has_turn
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    mine.take_turn()
    assert (was_mine, mine.has_turn) == (False, True)


def test_a_line_that_cannot_be_had_is_none(tmp_path: Path) -> None:
    line = Line(tmp_path / "no such folder" / "a")
    line.take_turn()
    assert not line.has_turn and not line.is_awaited()
    line.end_turn()


@pytest.fixture
def other(impatient: None) -> Iterator[Line]:
    """The line of another connection, which waits for nothing."""
    line = Line(Path(connection.settings_dict["NAME"]))
    yield line
    line.close()


def is_free(other: Line) -> bool:
    """Whether the other might write now."""
    other.take_turn()
    had = other.has_turn
    other.end_turn()
    return had


@pytest.mark.one_database("sqlite")
@pytest.mark.django_db(transaction=True)
def test_transactions_have_their_turn_and_give_it_back(other: Line) -> None:
    with transaction.atomic():
        assert not is_free(other)
        with transaction.atomic():
            SyncLease.objects.all().delete()
        assert not is_free(other)
    assert is_free(other)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        print(1 / 0)
    assert is_free(other)
    lease = SyncLease(name="one", owner="me", expires_at="2026-01-01T00:00Z")
    lease.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        lease.save(force_insert=True)
    assert is_free(other)
    with transaction.atomic():
        connection.close()
    assert is_free(other)


@pytest.mark.one_database("sqlite")
@pytest.mark.django_db(transaction=True)
def test_a_statement_of_its_own_has_its_turn(other: Line) -> None:
    seen: list[bool] = []
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE noted (free INTEGER)")
        assert isinstance(connection.connection, sqlite3.Connection)
        connection.connection.create_function("look", 0, lambda: seen.append(is_free(other)))
        cursor.execute("INSERT INTO noted VALUES (look())")
        cursor.executemany("INSERT INTO noted VALUES (look() + %s)", [(1,)])
        cursor.execute("SELECT look()")
    assert seen == [False, False, True]


@pytest.mark.one_database("sqlite")
@pytest.mark.django_db(transaction=True)
def test_writing_goes_on_where_somebody_keeps_his_turn(other: Line) -> None:
    other.take_turn()
    with transaction.atomic():
        SyncLease.objects.create(name="mine", owner="me", expires_at="2026-01-01T00:00Z")
    assert other.has_turn and SyncLease.objects.filter(name="mine").exists()


@pytest.mark.parametrize(
    "stored", ["CAST(x'ff3230' AS TEXT)", "'2026-13-45 00:00:00'"], ids=["no text", "no date"]
)
@pytest.mark.parametrize("fetch", ["fetchone", "fetchmany", "fetchall", "__iter__"])
@pytest.mark.one_database("sqlite")
@pytest.mark.django_db
def test_what_is_damaged_in_a_row_is_an_error_of_the_database(stored: str, fetch: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE damaged (at datetime)")
        cursor.execute(f"INSERT INTO damaged VALUES ({stored})")
        cursor.execute("SELECT at FROM damaged")
        with pytest.raises(DatabaseError) as raised:
            list(getattr(cursor, fetch)())
    assert "is damaged" in (sentence_of(raised.value) or "")
