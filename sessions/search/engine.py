"""The index of words in each database: FTS5 without its texts on SQLite, a tsvector with GIN on PostgreSQL.

Migration 0007 made both.
Both are given the same folded words (words.py) and marks: words that no text can hold, which say whose the item is, so
that a filter is found as fast as a word.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import batched, chain, repeat
from typing import Any, NamedTuple

from django.db import connection, transaction

from sessions.bulk import write_rows
from sessions.models import AgentSession, SearchItem, SearchSubject
from sessions.parsers.words import folded_words
from sessions.scope import Projects
from sessions.search.query import Query, Term

FoundRow = tuple[int, int, int, int | None, int]  # key, kind, target, session, characters

COLUMNS = ("id", "kind", "target", "session_key", "project_key", "chars")
TABLE = SearchItem._meta.db_table
SESSIONS = AgentSession._meta.db_table
WORDS = "agent_sessions_searchwords"
MARK = "\ue000"
RANGES_AT_ONCE = 500
LAST_PLACE = 16_383  # PostgreSQL counts no farther


class ItemRow(NamedTuple):
    """One item as it is written."""

    id: int
    kind: int
    target: int
    session_key: int | None
    project_key: int | None
    chars: int
    words: str  # folded
    marks: tuple[str, ...]


def last_keys_within(ranges: Iterable[tuple[int, int]]) -> dict[int, int]:
    """{low: the greatest key from `low` to below `high`} of each (low, high) in which there is one.

    Asked for every quarter of an hour of every batch, so all at once and without the object path.
    """
    found: dict[int, int] = {}
    with connection.cursor() as cursor:
        for part in batched(ranges, RANGES_AT_ONCE):
            asked = ", ".join(f"({int(low)}, {int(high)})" for low, high in part)
            cursor.execute(
                f"WITH asked (low, high) AS (VALUES {asked}) SELECT low,"
                f" (SELECT id FROM {TABLE} WHERE id >= low AND id < high ORDER BY id DESC LIMIT 1) FROM asked"
            )
            found.update((low, key) for low, key in cursor.fetchall() if key is not None)
    return found


def insert(rows: Sequence[ItemRow]) -> None:
    """Write items with their words, in the order of their ids; callers hold the transaction."""
    ordered = sorted(rows)
    values = [row[:6] for row in ordered]
    if connection.vendor == "postgresql":
        # Made while PostgreSQL takes those before them.
        vectors = ((*value, _vector(row)) for value, row in zip(values, ordered, strict=True))
        write_rows(SearchItem, (*COLUMNS, "words"), vectors)
        return
    write_rows(SearchItem, COLUMNS, values)
    words = [(row.id, f"{' '.join(row.marks)} {row.words}") for row in ordered]
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {WORDS} (rowid, words) VALUES (%s, %s)", words)


def _vector(row: ItemRow) -> str:
    """The item's words as PostgreSQL reads a tsvector: each with its place, as often as it stands there.

    PostgreSQL puts the places of a word together as fast as it reads them put together.
    """
    words = chain.from_iterable(zip(folded_words(row.words), _places(), strict=False))
    return " ".join((*row.marks, "".join(words)))


def _places() -> Iterator[str]:
    return chain(_counted_places(), repeat(f":{LAST_PLACE} "))


@cache
def _counted_places() -> list[str]:
    return [f":{place} " for place in range(1, LAST_PLACE)]


def forget(marks: Iterable[str], *, targets: Iterable[int] | None = None) -> int:
    """Items with any of the marks (and one of the targets) are found no more; returns how many that was."""
    count = 0
    keys = None if targets is None else list(targets)
    wanted = list(marks)
    for start in range(0, len(wanted), 200):
        items = SearchItem.objects.filter(id__in=ids_with(wanted[start : start + 200]))
        count += _erase(items if keys is None else items.filter(target__in=keys))
    return count


def forget_items(ids: Iterable[int]) -> None:
    """These items are found no more."""
    _erase(SearchItem.objects.filter(id__in=list(ids)))


def _erase(items: Any) -> int:
    ids = list(items.values_list("id", flat=True))
    gone = SearchItem.objects.filter(id__in=ids)
    if connection.vendor == "postgresql" and ids:
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {TABLE} SET words = NULL WHERE id = ANY(%s)", [ids])
    return gone.update(kind=SearchItem.Kind.GONE, target=0, session_key=None, project_key=None, chars=0)


def ids_with(marks: Sequence[str]) -> list[int]:
    """The items that have any of the marks."""
    if not marks:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            asked = " | ".join(f"'{mark}'" for mark in marks)
            cursor.execute(f"SELECT id FROM {TABLE} WHERE words @@ %s::tsquery", [asked])
        else:
            asked = " OR ".join(f'"{mark}"' for mark in marks)
            cursor.execute(
                f"SELECT i.id FROM {WORDS} w CROSS JOIN {TABLE} i ON i.id = w.rowid"
                f" WHERE {WORDS} MATCH %s AND i.kind > 0",
                [asked],
            )
        return [row[0] for row in cursor.fetchall()]


def clear() -> None:
    """Empty the whole index, the words that SQLite could not forget among them."""
    with transaction.atomic(), connection.cursor() as cursor:
        SearchSubject.objects.all().delete()
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {TABLE}")
        else:
            cursor.execute(f"DELETE FROM {TABLE}")
            cursor.execute(f"INSERT INTO {WORDS} ({WORDS}) VALUES ('delete-all')")


def clear_if_empty() -> None:
    """Where no item is left, let no word be left either: keys are given out again from the start."""
    tables = connection.introspection.table_names()
    if connection.vendor == "sqlite" and {TABLE, WORDS} <= set(tables) and not SearchItem.objects.exists():
        clear()


def newest(
    query: Query,
    any_marks: Iterable[Sequence[str]],
    *,
    limit: int,
    low: int | None = None,
    high: int | None = None,
    projects: Projects = None,
) -> list[FoundRow]:
    """Items that the query finds and that have one mark of each group, newest first, keys in [low, high)."""
    asked: list[Any]
    if connection.vendor == "postgresql":
        source, key, asked = f"{TABLE} i", "i.id", [_tsquery(query, any_marks)]
        conditions = ["i.words @@ %s::tsquery"]
    else:
        # Walked from the newest row of the index on, each looked up in the table, until there are enough.
        source, key = f"{WORDS} w CROSS JOIN {TABLE} i ON i.id = w.rowid", "w.rowid"
        asked = [_fts_query(query, any_marks)]
        conditions = [f"{WORDS} MATCH %s"]
    conditions.append("i.kind > 0")
    for bound, comparison in ((low, ">="), (high, "<")):
        if bound is not None:
            conditions.append(f"{key} {comparison} %s")
            asked.append(bound)
    if projects is not None:
        source += f" LEFT JOIN {SESSIONS} s ON s.id = i.session_key"
        keys = ", ".join(str(int(project)) for project in sorted(projects))
        conditions.append(f"COALESCE(i.project_key, s.project_id) IN ({keys})")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.id, i.kind, i.target, i.session_key, i.chars"
            f" FROM {source} WHERE {' AND '.join(conditions)} ORDER BY {key} DESC LIMIT %s",
            [*asked, limit],
        )
        return list(cursor.fetchall())


def _fts_query(query: Query, any_marks: Iterable[Sequence[str]]) -> str:
    groups = [f"({' OR '.join(f'"{mark}"' for mark in group)})" for group in any_marks]
    wanted = " AND ".join((*groups, *map(_fts_term, query.wanted)))
    return " ".join((f"({wanted})", *(f"NOT {_fts_term(term)}" for term in query.unwanted)))


def _fts_term(term: Term) -> str:
    return f'"{" ".join(term.words)}"{" *" if term.is_prefix else ""}'


def _tsquery(query: Query, any_marks: Iterable[Sequence[str]]) -> str:
    groups = [f"({' | '.join(f"'{mark}'" for mark in group)})" for group in any_marks]
    unwanted = (f"!({_ts_term(term)})" for term in query.unwanted)
    return " & ".join((*groups, *(f"({_ts_term(term)})" for term in query.wanted), *unwanted))


def _ts_term(term: Term) -> str:
    # Words are letters and digits, so that nothing in them needs a quote.
    return " <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.is_prefix else "")
