"""Writing what can be found: items get their keys here, in the order of their time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from sessions.models import SearchItem, SearchSubject
from sessions.parsers.keys import stable_key
from sessions.parsers.normalise import quarter_of
from sessions.search.engine import MARK, ItemRow, forget_items, insert, last_keys_within

NUMBER_BITS = 18


class NewItem(NamedTuple):
    """Something to be found from now on. Without a time it stands behind everything that has one."""

    kind: SearchItem.Kind
    target: int
    words: str  # folded
    chars: int  # of the text they were read from
    at_ms: int | None
    session_key: int | None = None
    project_key: int | None = None
    tool: str = ""

    @property
    def marks(self) -> tuple[str, ...]:
        found = [kind_mark(self.kind)]
        if self.session_key is not None:
            found.append(session_mark(self.session_key))
        if self.project_key is not None:
            found.append(project_mark(self.project_key))
        if self.tool:
            found.append(tool_mark(self.tool))
        return tuple(found)


def kind_mark(kind: int) -> str:
    return f"{MARK}k{kind}"


@lru_cache(maxsize=1000)
def session_mark(key: int) -> str:
    return f"{MARK}s{key:x}"


def project_mark(key: int) -> str:
    return f"{MARK}p{key}"


@lru_cache(maxsize=1000)
def tool_mark(name: str) -> str:
    """Tools are marked by a digest of their name, since a name may hold anything. Case does not count."""
    return f"{MARK}t{stable_key('tool', name.casefold()):x}"


def first_of_quarter(quarter: int) -> int:
    """The lowest key an item of a quarter of an hour can have."""
    return quarter << NUMBER_BITS


def quarter_of_item(item_id: int) -> int:
    """The 15-minute slot an item belongs to; 0 where its time is not known."""
    return item_id >> NUMBER_BITS


def add_items(items: Sequence[NewItem]) -> list[int]:
    """Write items and return their keys, in the same order; callers hold the transaction and the sync lease."""
    by_quarter: dict[int, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        by_quarter[quarter_of(item.at_ms) if item.at_ms else 0].append(place)
    keys = [0] * len(items)
    last = last_keys_within(map(_keys_of_quarter, by_quarter))
    for quarter, places in by_quarter.items():
        free = _free_keys(quarter, len(places), last.get(first_of_quarter(quarter)))
        for key, place in zip(free, places, strict=True):
            keys[place] = key
    insert([_row(key, item) for key, item in zip(keys, items, strict=True)])
    return keys


def _row(key: int, item: NewItem) -> ItemRow:
    return ItemRow(
        key,
        int(item.kind),
        item.target,
        item.session_key,
        item.project_key,
        item.chars,
        item.words,
        item.marks,
    )


def _keys_of_quarter(quarter: int) -> tuple[int, int]:
    return first_of_quarter(quarter), first_of_quarter(quarter + 1)


def _free_keys(quarter: int, count: int, last: int | None) -> Iterable[int]:
    """Keys behind `last`, the greatest of the quarter; a quarter that is full goes on in the one after."""
    while True:
        low, high = _keys_of_quarter(quarter)
        start = low if last is None else last + 1
        if start + count <= high or last is None:
            return range(start, start + count)
        quarter += 1
        last = last_keys_within([_keys_of_quarter(quarter)]).get(first_of_quarter(quarter))


class Subject(NamedTuple):
    """A thing with words that may change: its digest tells whether they did."""

    kind: SearchItem.Kind
    target: int
    digest: int


def known_subjects(kind: SearchItem.Kind, targets: Iterable[int]) -> dict[int, SearchSubject]:
    """{target: what is indexed of it}."""
    rows = SearchSubject.objects.filter(kind=kind, target__in=list(targets))
    return {row.target: row for row in rows}


def replace_subjects(pairs: Sequence[tuple[Subject, NewItem]]) -> None:
    """Index things anew whose words changed: what stood for them is found no more."""
    if not pairs:
        return
    keys = add_items([item for _, item in pairs])
    old: list[int] = []
    for kind in {subject.kind for subject, _ in pairs}:
        targets = [subject.target for subject, _ in pairs if subject.kind == kind]
        old += [row.item_id for row in known_subjects(kind, targets).values()]
    forget_items(old)
    rows = [
        SearchSubject(
            kind=subject.kind,
            target=subject.target,
            project_key=item.project_key,
            item_id=key,
            digest=subject.digest,
        )
        for (subject, item), key in zip(pairs, keys, strict=True)
    ]
    SearchSubject.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["kind", "target"],
        update_fields=["project_key", "item_id", "digest"],
        batch_size=500,
    )


def forget_subjects(rows: Iterable[SearchSubject]) -> None:
    """Things that are no more: they are not found."""
    gone = list(rows)
    forget_items(row.item_id for row in gone)
    SearchSubject.objects.filter(pk__in=[row.pk for row in gone]).delete()


def forget_projects(project_keys: Iterable[int]) -> None:
    """Plans of projects that are about to be deleted are found no more."""
    forget_subjects(SearchSubject.objects.filter(project_key__in=list(project_keys)))
