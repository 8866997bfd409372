"""What an export is: rows under the API's names, told once for the file, the API and the command."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import batched
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework import serializers

BATCH = 500

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """Rows that leave as a file.

    `columns` are fields of the API's items; `project.slug` is the field `slug` of the object `project`. In the
    items, money is a Decimal in US dollars and what is not known is None. `items` asks the database only when it
    is called, so that the caller decides in which snapshot.
    """

    name: str
    columns: tuple[str, ...]
    items: Callable[[], Iterator[Item]]
    count: Callable[[], int]
    about: tuple[str, ...] = ()  # what narrows it, for the name of the file

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of an item that have a column."""
        return tuple(dict.fromkeys(column.partition(".")[0] for column in self.columns))


def columns_of(
    described: Any, *, first: Collection[str] = (), without: Collection[str] = ()
) -> tuple[str, ...]:
    """The columns of an item as the API describes it; objects in it become a column for each of their fields.

    The fields named `first` lead, in that order: a description has no order that a reader of a table would choose.
    """
    fields = getattr(described, "child", described).fields
    names = dict.fromkeys((*first, *fields))
    return tuple(column for name in names if name not in without for column in _columns(name, fields[name]))


def _columns(name: str, field: Any) -> Iterator[str]:
    if isinstance(field, serializers.Serializer):
        yield from (f"{name}.{part}" for part in columns_of(field))
    else:
        yield name


def items_of(
    found: QuerySet[Any], load: Callable[[list[int]], Iterable[Item]]
) -> Callable[[], Iterator[Item]]:
    """The items of an ordered queryset: its keys by a cursor, the rows behind them by small batches."""

    def items() -> Iterator[Item]:
        keys = found.values_list("pk", flat=True).iterator(chunk_size=BATCH)
        for batch in batched(keys, BATCH):
            yield from load(list(batch))

    return items


def in_order[Row: Model](rows: Iterable[Row], keys: Iterable[int]) -> list[Row]:
    """The rows of these keys in the order of the keys."""
    by_key = {row.pk: row for row in rows}
    return [by_key[key] for key in keys if key in by_key]
