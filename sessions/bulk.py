"""Writing many rows at once: executemany on SQLite, COPY into a temporary table on PostgreSQL.

Django's object path costs three times as much on SQLite (docs/decisions). Callers hold the
transaction; values are integers, texts, bytes, booleans or None, in the order of `columns`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from functools import cache
from itertools import batched
from typing import Any

from django.db import connection, transaction
from django.db.models import (
    BooleanField,
    CharField,
    Field,
    ForeignKey,
    IntegerField,
    JSONField,
    Model,
    TextField,
)

from sessions.parsers.keys import stable_key

Row = Sequence[Any]
IN_CHUNK = 5000
# What COPY takes in PostgreSQL's own form: numbers need not be written out, nor bytes as hexadecimal digits.
_BINARY_TYPES = {
    "bigint": "int8",
    "integer": "int4",
    "smallint": "int2",
    "boolean": "bool",
    "varchar": "varchar",
    "text": "text",
    "bytea": "bytea",
}


def write_rows(
    model: type[Model],
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    unique: Sequence[str] = (),
    update: Sequence[str] = (),
    add: Sequence[str] = (),
) -> None:
    """Insert `rows`; where `unique` columns already hold a row, update its `update` columns (none: leave it).

    To `add` columns of such a row the new value is added. Without `unique` a collision is an IntegrityError.
    """
    if isinstance(rows, Sized) and not rows:
        return
    table = model._meta.db_table
    conflict = _on_conflict(table, unique, update, add)
    if connection.vendor == "postgresql":
        _copy_rows(table, columns, rows, conflict, _binary_types(model, tuple(columns)))
    else:
        _execute_rows(table, columns, rows if isinstance(rows, Sequence) else list(rows), conflict)


def _execute_rows(table: str, columns: Sequence[str], rows: Sequence[Row], conflict: str) -> None:
    marks = ", ".join(["%s"] * len(columns))
    sql = f"INSERT INTO {_quoted(table)} ({_names(columns)}) VALUES ({marks}){conflict}"
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)


def _copy_rows(
    table: str, columns: Sequence[str], rows: Iterable[Row], conflict: str, types: Sequence[str] | None
) -> None:
    names, target = _names(columns), _quoted(table)
    # In one transaction also where a caller has none: the table in between is emptied at its end.
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        into = target
        if conflict:
            into = _quoted(f"incoming_{stable_key(table, *columns):x}")
            cursor.execute(
                f"CREATE TEMP TABLE IF NOT EXISTS {into} ON COMMIT DELETE ROWS AS SELECT {names} FROM {target} LIMIT 0"
            )
            cursor.execute(f"TRUNCATE {into}")
        with cursor.copy(f"COPY {into} ({names}) FROM STDIN{' (FORMAT binary)' if types else ''}") as copy:
            if types:
                copy.set_types(types)
            for row in rows:
                copy.write_row(row)
        if conflict:
            cursor.execute(f"INSERT INTO {target} ({names}) SELECT {names} FROM {into}{conflict}")


@cache
def _binary_types(model: type[Model], columns: tuple[str, ...]) -> tuple[str, ...] | None:
    """PostgreSQL's names of the columns' types, where their values can be sent as it stores them; else None."""
    stored = {field.attname: field.db_type(connection) or "" for field in model._meta.concrete_fields}
    types = tuple(_BINARY_TYPES.get(stored.get(name, "").partition("(")[0], "") for name in columns)
    return types if all(types) else None


def _on_conflict(table: str, unique: Sequence[str], update: Sequence[str], add: Sequence[str]) -> str:
    if not unique:
        return ""
    changes = [f"{_quoted(c)} = excluded.{_quoted(c)}" for c in update]
    changes += [f"{_quoted(c)} = {_quoted(table)}.{_quoted(c)} + excluded.{_quoted(c)}" for c in add]
    if not changes:
        return f" ON CONFLICT ({_names(unique)}) DO NOTHING"
    return f" ON CONFLICT ({_names(unique)}) DO UPDATE SET {', '.join(changes)}"


def save_columns(model: type[Model], instances: Sequence[Model], columns: Sequence[str]) -> None:
    """Write `columns` (attribute names) of existing rows from instances, in one statement per table."""
    names = [field.attname for field in model._meta.concrete_fields]
    rows = [column_values(instance, names) for instance in instances]
    write_rows(model, names, rows, unique=("id",), update=columns)


def column_values(instance: Model, names: Sequence[str]) -> Row:
    """The values of an instance as the database takes them, in the order of `names` (attribute names)."""
    prepare = _preparations(type(instance))
    values = instance.__dict__
    return [prepare[name](values[name]) if name in prepare else values[name] for name in names]


@cache
def _preparations(model: type[Model]) -> dict[str, Callable[[Any], Any]]:
    """The columns whose values a database adapter must change: all but plain texts, numbers and booleans."""
    plain = (CharField, TextField, IntegerField, BooleanField, ForeignKey)
    return {f.attname: _preparation(f) for f in model._meta.concrete_fields if not isinstance(f, plain)}


def _preparation(field: "Field[Any, Any]") -> Callable[[Any], Any]:
    if isinstance(field, JSONField):
        return json.dumps  # as Django writes it; filters look into the text
    return lambda value: field.get_db_prep_save(value, connection)


def next_id(model: type[Model]) -> int:
    """The next free id of a table that one writer at a time fills (the sync lease sees to that)."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COALESCE(MAX(id), 0) + 1 FROM {_quoted(model._meta.db_table)}")
        return int(cursor.fetchone()[0])


def in_chunks[T](values: Iterable[T], size: int = IN_CHUNK) -> Iterator[list[T]]:
    """The values in lists short enough for one IN (...)."""
    for chunk in batched(values, size):
        yield list(chunk)


def rows_where_in(
    model: type[Model],
    columns: Sequence[str],
    key: str,
    values: Iterable[int],
    *,
    order_by: Sequence[str] = (),
) -> Iterator[tuple[Any, ...]]:
    """Rows whose `key` column is one of `values`, as plain tuples of `columns` as the database gives them.

    They are in the order of `order_by` within each IN_CHUNK of the values.
    """
    tail = f" ORDER BY {_names(order_by)}" if order_by else ""
    head = f"SELECT {_names(columns)} FROM {_quoted(model._meta.db_table)} WHERE {_quoted(key)} IN "
    with connection.cursor() as cursor:
        for chunk in in_chunks(values):
            # Integers only: written out, which is faster than binding thousands of parameters.
            cursor.execute(head + "(" + ",".join(str(int(v)) for v in chunk) + ")" + tail)
            yield from cursor.fetchall()


def _names(columns: Sequence[str]) -> str:
    return ", ".join(_quoted(c) for c in columns)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
