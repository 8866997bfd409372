"""Django's backend for SQLite, with two manners of its own.

Writers stand in line: whole transactions, and statements that are one each. And a row that its file no longer holds
whole is an error of the database, whichever layer meets it.
"""

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base

from telemetry_site.fair_sqlite.turns import Line, in_turn

WRITES = ("INSERT", "UPDATE", "DELETE")


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to SQLite that waits for its turn to write."""

    line: Line | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        name = str(self.settings_dict["NAME"])
        self.line = None if self.is_in_memory_db() or name.startswith("file:") else Line(Path(name))
        connection: sqlite3.Connection = _telling(UnicodeDecodeError, super().get_new_connection, conn_params)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        if self.line is None:
            return super().create_cursor(name)
        return self.connection.cursor(factory=partial(_Cursor, self.line))

    def is_awaited(self) -> bool:
        """Whether somebody waits until the transaction of this connection has ended."""
        return self.line is not None and self.line.is_awaited()

    def _start_transaction_under_autocommit(self) -> None:
        if self.line is not None:
            self.line.take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # the stubs leave it out
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]  # the stubs leave it out
        finally:
            self._end_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]  # the stubs leave it out
        finally:
            self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]  # the stubs leave it out
        finally:
            if self.line is not None:
                self.line.close()

    def _end_turn(self) -> None:
        if self.line is not None:
            self.line.end_turn()


def _telling[Given](damage: type[ValueError], act: Callable[..., Given], *arguments: Any) -> Given:
    """What it gives; such errors are the database's. SQLite itself does not see damage of this kind."""
    try:
        return act(*arguments)
    except damage as error:
        raise sqlite3.DatabaseError(f"database disk image is malformed: {error}") from error


class _Cursor(base.SQLiteCursorWrapper):
    def __init__(self, line: Line, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._line = line

    # SQLite's own messages are no text where they tell of what is damaged in its description of the tables.

    def execute(self, query: str, params: Any = None) -> Any:
        if self._is_transaction(query):
            return in_turn(self._line, _telling, UnicodeDecodeError, super().execute, query, params)
        return _telling(UnicodeDecodeError, super().execute, query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        if self._is_transaction(query):
            return in_turn(self._line, super().executemany, query, param_list)
        return super().executemany(query, param_list)

    # Where a date or time was stored there is no text, or no date.

    def fetchone(self) -> Any:
        return _telling(ValueError, super().fetchone)

    def fetchmany(self, size: int | None = 1) -> Any:
        return _telling(ValueError, super().fetchmany, size)

    def fetchall(self) -> Any:
        return _telling(ValueError, super().fetchall)

    def __next__(self) -> Any:
        return _telling(ValueError, super().__next__)

    def _is_transaction(self, query: str) -> bool:
        """Whether the statement writes outside of a transaction, and so is one."""
        return query.startswith(WRITES) and not self.connection.in_transaction
