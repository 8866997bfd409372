"""Questions whose SQL is written once and asked again and again with other values.

Django takes longer to write most of our SQL than the database to answer it. A prepared question is written for each
shape that it is asked in, and kept; the values of a moment are put in when it is asked.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, wraps
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import (
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    Expression,
    FloatField,
    IntegerField,
    QuerySet,
)

# Shapes of one question that are kept. Past that the least used one is written anew.
MOST_SHAPES: Final = 128
Rows = list[tuple[Any, ...]]
# The first that a value is an instance of; a datetime is a date and a bool an int, too.
_FIELDS: Final[tuple[tuple[type, type[Any]], ...]] = (
    (datetime, DateTimeField),
    (date, DateField),
    (bool, BooleanField),
    (int, IntegerField),
    (float, FloatField),
    (str, CharField),
)
_SEVERAL: Final = tuple | frozenset
# Of each value: its field, its fields where it is several, or None where it is None and thereby written in.
type Kind = type[Any] | tuple[type[Any], ...] | None


@dataclass(frozen=True, slots=True)
class _Hole:
    """Where a value goes among the parameters of a statement; `at` tells which one of several."""

    name: str
    at: int | None
    field: Any


class Blank(Expression):
    """Stands for a value while a question is written. Not for lookups that look at the value itself, as texts' do."""

    def __init__(self, name: str, at: int | None, field: type[Any]) -> None:
        super().__init__(output_field=field())
        self.hole = _Hole(name, at, self.output_field)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self.hole,)

    def get_group_by_cols(self) -> list[Any]:
        return []


@dataclass(frozen=True, slots=True)
class _Statement:
    """SQL with holes, and what makes a row of the database one of Python; no SQL where nothing can match."""

    sql: str = ""
    parameters: tuple[Any, ...] = ()
    converters: tuple[tuple[int, tuple[Any, ...]], ...] = ()

    def rows(self, values: Mapping[str, Any]) -> Rows:
        if not self.sql:
            return []
        connection = connections[DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, [_filled(each, values, connection) for each in self.parameters])
            found: Rows = cursor.fetchall()
        return self._converted(found, connection) if found and self.converters else found

    def _converted(self, rows: Rows, connection: Any) -> Rows:
        """Column by column, which is several times as fast as row by row."""
        columns: list[Any] = list(zip(*rows, strict=True))
        for at, (converters, expression) in self.converters:
            for convert in converters:
                columns[at] = [convert(value, expression, connection) for value in columns[at]]
        return list(zip(*columns, strict=True))


def _filled(parameter: Any, values: Mapping[str, Any], connection: Any) -> Any:
    if not isinstance(parameter, _Hole):
        return parameter
    value = values[parameter.name]
    if parameter.at is not None:
        value = value[parameter.at]
    return parameter.field.get_db_prep_value(value, connection)


def prepared(write: Callable[..., QuerySet[Any, tuple[Any, ...]]]) -> Callable[..., Rows]:
    """Make a function that writes a queryset of tuples one that answers with its rows.

    Positional arguments are the shape of the question and may decide how it is written. Those with names are values:
    in their stead the function is given blanks to be compared or calculated with, a tuple of them for a tuple or a
    frozenset, and None for None. It is called once for each shape, and must not look at the data.
    """

    @lru_cache(maxsize=MOST_SHAPES)
    def statement(shape: tuple[Any, ...], kinds: tuple[tuple[str, Kind], ...]) -> _Statement:
        return _written(write(*shape, **{name: _blank(name, kind) for name, kind in kinds}))

    @wraps(write)
    def rows(*shape: Any, **values: Any) -> Rows:
        given = {
            name: tuple(value) if isinstance(value, _SEVERAL) else value for name, value in values.items()
        }
        kinds = tuple((name, _kind(value)) for name, value in given.items())
        return statement(shape, kinds).rows(given)

    return rows


def padded(keys: Iterable[int]) -> tuple[int, ...]:
    """Keys for a condition that a column is one of them, some of them twice: few lengths are few shapes."""
    found = tuple(keys)
    missing = (1 << (len(found) - 1).bit_length()) - len(found) if found else 0
    return found + found[:1] * missing


def _kind(value: Any) -> Kind:
    if value is None:
        return None
    return tuple(map(_field, value)) if isinstance(value, tuple) else _field(value)


def _field(value: Any) -> type[Any]:
    for kind, field in _FIELDS:
        if isinstance(value, kind):
            return field
    raise TypeError(f"A prepared question cannot be asked with {type(value).__name__}.")


def _blank(name: str, kind: Kind) -> Any:
    if kind is None:
        return None
    if isinstance(kind, tuple):
        return tuple(Blank(name, at, field) for at, field in enumerate(kind))
    return Blank(name, None, kind)


def _written(question: QuerySet[Any, tuple[Any, ...]]) -> _Statement:
    compiler = question.query.get_compiler(DEFAULT_DB_ALIAS)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:
        return _Statement()
    columns = [column for column, *_ in compiler.select]
    converters = compiler.get_converters(columns).items()
    return _Statement(sql, tuple(parameters), tuple((at, tuple(told)) for at, told in converters))
