"""Words in texts, whatever their case, the same on every database.

SQLite knows the cases of ASCII letters alone, and so does PostgreSQL in collation "C". Other letters are looked for
in the spellings that a word usually has.
"""

from typing import Any

from django.db.models import CharField, Q, TextField
from django.db.models.lookups import IContains, IExact

MAX_WORDS = 20


class _AsciiCase:
    """A lookup for which only ASCII letters have a case."""

    postgresql_operator: str
    lhs: Any

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, values = compiler.compile(self.lhs)
        right, sought = self.process_rhs(compiler, connection)  # type: ignore[attr-defined]
        return f"{left} LIKE {right} ESCAPE '\\'", [*values, *sought]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, values = compiler.compile(self.lhs)
        right, sought = self.process_rhs(compiler, connection)  # type: ignore[attr-defined]
        sides = (f'UPPER(({side})::text COLLATE "C")' for side in (left, right))
        return f" {self.postgresql_operator} ".join(sides), [*values, *sought]


class AsciiContains(_AsciiCase, IContains):
    lookup_name = "ascii_icontains"
    postgresql_operator = "LIKE"


class AsciiEquals(_AsciiCase, IExact):
    lookup_name = "ascii_iexact"
    postgresql_operator = "="


for _field in (CharField, TextField):
    for _lookup in (AsciiContains, AsciiEquals):
        _field.register_lookup(_lookup)


def contains(word: str, *columns: str) -> Q:
    """The word in one of the columns."""
    found = Q()
    for spelling in spellings(word):
        for column in columns:
            found |= Q(**{f"{column}__ascii_icontains": spelling})
    return found


def equals(column: str, text: str) -> Q:
    """The whole of a column, but for case."""
    found = Q()
    for spelling in spellings(text):
        found |= Q(**{f"{column}__ascii_iexact": spelling})
    return found


def spellings(word: str) -> list[str]:
    """The word as it is, in small letters, in capitals, and with a capital first."""
    if word.isascii():
        return [word]
    return list(dict.fromkeys((word, word.lower(), word.upper(), word.capitalize())))
