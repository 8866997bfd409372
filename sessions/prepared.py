"""Questions whose SQL is written once and asked again and again with other values.

Django takes longer to write most of our SQL than the database to answer it. A prepared question is written for each
shape that it is asked in, and kept; the values of a moment are put in when it is asked.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache, wraps
from json import JSONDecoder
from types import SimpleNamespace
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import (
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    Expression,
    F,
    FloatField,
    Func,
    IntegerField,
    JSONField,
    Lookup,
    QuerySet,
)
from django.db.models.expressions import BaseExpression
from django.db.models.query import ValuesListIterable

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
_WHOLE_NUMBERS: Final = ("IntegerField", "BigIntegerField", "SmallIntegerField")
_SEVERAL: Final = tuple | frozenset
# Of each value: its field, its fields where it is several, or None where it is None and thereby written in.
type Kind = type[Any] | tuple[type[Any], ...] | None


@dataclass(frozen=True, slots=True)
class _Hole:
    """Where a value goes among the parameters of a statement; `at` tells which one of several."""

    name: str
    at: int | None
    field: Any


class Plain(Func):
    """A column as it is stored: SQLite's driver reads dates and moments one by one, a prepared question by columns."""

    template = "%(expressions)s"

    def __init__(self, column: str) -> None:
        super().__init__(F(column))

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[str | int, ...]]:
        # What is calculated has no declared type.
        return self.as_sql(compiler, connection, template="+%(expressions)s")


class Blank(Expression):
    """Stands for a value while a question is written. Not for lookups that look at the value itself, as texts' do."""

    def __init__(self, name: str, at: int | None, field: type[Any]) -> None:
        super().__init__(output_field=field())
        self.hole = _Hole(name, at, self.output_field)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self.hole,)

    def get_group_by_cols(self) -> list[Any]:
        return []


class Among(Lookup):
    """Whether a column is one of some keys, given as the text of `listed`: thousands of them are one value."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return self._compared(compiler, connection, "{} IN (SELECT value FROM json_each({}))")

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return self._compared(compiler, connection, "{} = ANY ({}::bigint[])")

    def _compared(self, compiler: Any, connection: Any, form: str) -> tuple[str, tuple[Any, ...]]:
        column, of_column = self.process_lhs(compiler, connection)
        keys, of_keys = self.process_rhs(compiler, connection)
        return form.format(column, keys), (*of_column, *of_keys)


def listed(keys: Iterable[int]) -> str:
    """Keys as the one value that `Among` compares with."""
    joined = ",".join(map(str, keys))
    return f"[{joined}]" if connections[DEFAULT_DB_ALIAS].vendor == "sqlite" else f"{{{joined}}}"


@dataclass(frozen=True, slots=True)
class _Statement:
    """SQL with holes, and what makes a row of the database one of Python."""

    sql: str
    parameters: tuple[Any, ...]
    compiler: Any
    question: Any

    def asked(self, values: Mapping[str, Any]) -> list[Any]:
        connection = connections[DEFAULT_DB_ALIAS]
        return self._made(connection, [_filled(each, values, connection) for each in self.parameters])

    def _made(self, connection: Any, parameters: list[Any]) -> list[Any]:
        """Instances or dicts, as the queryset makes them."""
        asked = _Asked(self.compiler, connection, self.sql, parameters)
        told = SimpleNamespace(
            db=DEFAULT_DB_ALIAS,
            query=asked,
            model=self.question.model,
            _fetch_mode=self.question._fetch_mode,
            _known_related_objects={},
        )
        return list(self.question._iterable_class(told))


@dataclass(frozen=True, slots=True)
class _TupleStatement(_Statement):
    """One whose rows are tuples, most of them to be taken as they come."""

    converters: tuple[tuple[int, tuple[Any, ...]], ...] = ()

    def _made(self, connection: Any, parameters: list[Any]) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            found: Rows = cursor.fetchall()
        return self._converted(found, connection) if found and self.converters else found

    def _converted(self, rows: Rows, connection: Any) -> Rows:
        return list(_converted(rows, self.converters, connection))


def _converted(rows: Iterable[Any], converters: Iterable[tuple[int, Any]], connection: Any) -> Iterable[Any]:
    """Column by column, which is several times as fast as row by row."""
    columns: list[Any] = list(zip(*rows, strict=True))
    for at, (converts, expression) in converters if columns else ():
        for convert in converts:
            columns[at] = _column(convert, columns[at], expression, connection)
    return zip(*columns, strict=True)


def _column(convert: Any, values: Iterable[Any], expression: Any, connection: Any) -> list[Any]:
    """The values of a column as Python's; what SQLite holds as text at a fraction of Django's price."""
    # A statement may have been written on another thread's connection, whose methods its converters are.
    for read in _readers(convert, connection):
        with suppress(TypeError, ValueError):  # where a text is no moment, or no JSON, Django decides
            return [None if value is None else read(value) for value in values]
    return [convert(value, expression, connection) for value in values]


def _readers(convert: Any, connection: Any) -> tuple[Callable[[Any], Any], ...]:
    if isinstance(getattr(convert, "__self__", None), JSONField):
        return (_of_json,) if convert.__self__.decoder is None else ()
    return _OF_SQLITE.get(getattr(convert, "__name__", ""), ()) if connection.vendor == "sqlite" else ()


def _of_json(value: Any) -> Any:
    """Of a text as we write it; TypeError and ValueError for any other."""
    if value == "[]":  # most of them
        return []
    found, end = _JSON.raw_decode(value)
    if end != len(value):
        raise ValueError(value)
    return found


def _of_text_in_utc(value: Any) -> datetime:
    """Of a moment as it is stored, without a zone; TypeError and ValueError for any other."""
    return datetime.fromisoformat(value + "+00:00")


def _in_utc(value: Any) -> datetime:
    """Of a column as its driver reads it, a datetime without a zone; of an expression a text."""
    at = value if type(value) is datetime else datetime.fromisoformat(value)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


_JSON: Final = JSONDecoder()
# By the name of Django's own, which begins with looking at what it was given; the quickest first.
_OF_SQLITE: Final[Mapping[str, tuple[Callable[[Any], Any], ...]]] = {
    "convert_datefield_value": (date.fromisoformat,),
    "convert_datetimefield_value": (_of_text_in_utc, _in_utc),
    "convert_booleanfield_value": (bool,),
}


class _Asked:
    """In the place of a query whose SQL is known; all else that is asked of it is the query's."""

    def __init__(self, compiler: Any, connection: Any, sql: str, parameters: list[Any]) -> None:
        self._compiler, self._connection, self._sql = copy(compiler), connection, (sql, parameters)

    def get_compiler(self, using: str) -> Any:
        self._compiler.connection = self._connection
        self._compiler.as_sql = lambda *_, **__: self._sql
        self._compiler.apply_converters = lambda rows, converters: _converted(
            rows, converters.items(), self._connection
        )
        return self._compiler

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compiler.query, name)


def _filled(parameter: Any, values: Mapping[str, Any], connection: Any) -> Any:
    if not isinstance(parameter, _Hole):
        return parameter
    value = values[parameter.name]
    if parameter.at is not None:
        value = value[parameter.at]
    if type(value) is int:  # as thousands of keys are
        return value
    return parameter.field.get_db_prep_value(value, connection)


def prepared(write: Callable[..., QuerySet[Any, Any]]) -> Callable[..., list[Any]]:
    """Make a function that writes a queryset one that answers with its rows, instances or tuples.

    Positional arguments are the shape of the question and may decide how it is written. Those with names are values:
    in their stead the function is given blanks to be compared or calculated with, a tuple of them for a tuple or a
    frozenset, and None for None. It is called once for each shape, and must not look at the data.
    """

    @lru_cache(maxsize=MOST_SHAPES)
    def statement(shape: tuple[Any, ...], kinds: tuple[tuple[str, Kind], ...]) -> _Statement | None:
        return _written(write(*shape, **{name: _blank(name, kind) for name, kind in kinds}))

    @wraps(write)
    def asked(*shape: Any, **values: Any) -> list[Any]:
        given = {
            name: tuple(value) if isinstance(value, _SEVERAL) else value for name, value in values.items()
        }
        kinds = tuple((name, _kind(value)) for name, value in given.items())
        known = statement(shape, kinds)
        return [] if known is None else known.asked(given)

    return asked


def padded[T](keys: Iterable[T]) -> tuple[T, ...]:
    """Keys for a condition that a column is one of them, some of them twice: few lengths are few shapes."""
    found = tuple(keys)
    missing = (1 << (len(found) - 1).bit_length()) - len(found) if found else 0
    return found + found[:1] * missing


def _kind(value: Any) -> Kind:
    if value is None:
        return None
    return tuple(map(_field, value)) if isinstance(value, tuple) else _field(value)


def _field(value: Any) -> type[Any]:
    if type(value) is int:  # as thousands of keys are
        return IntegerField
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


def _is_as_given(compiler: Any, converters: list[Any], expression: Any) -> bool:
    """Whether all that is left to do is to make whole numbers of what SQLite gives as whole numbers."""
    return (
        compiler.connection.vendor == "sqlite"
        and isinstance(expression, BaseExpression)
        and type(expression).convert_value is BaseExpression.convert_value
        and converters == [expression.convert_value]
        and expression.output_field.get_internal_type() in _WHOLE_NUMBERS
    )


def _written(question: Any) -> _Statement | None:
    """None where nothing can match. Raises TypeError for a queryset that needs further questions."""
    if question._prefetch_related_lookups:
        raise TypeError("A prepared question is one statement: prefetch_related would need others.")
    compiler = question.query.get_compiler(DEFAULT_DB_ALIAS)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:
        return None
    if question._iterable_class is not ValuesListIterable:
        return _Statement(sql, tuple(parameters), compiler, question)
    columns = [column for column, *_ in compiler.select]
    converters = compiler.get_converters(columns).items()
    kept = tuple((at, tuple(told)) for at, told in converters if not _is_as_given(compiler, *told))
    return _TupleStatement(sql, tuple(parameters), compiler, question, kept)
