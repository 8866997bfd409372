"""Filling the index from what was read before it was there: once, in steps that a killed run goes on from."""

from collections.abc import Callable, Iterable, Iterator

from django.db import transaction

from sessions.archive import Line, readable_lines
from sessions.models import AgentSession, SearchFill, TranscriptEntry
from sessions.parsers.decoding import NotARecord, decode
from sessions.parsers.formats.claude_texts import texts_of
from sessions.parsers.lines import content
from sessions.parsers.records import SearchText
from sessions.parsers.words import fold
from sessions.search.engine import clear
from sessions.search.lines import IndexedLine, add_lines
from sessions.search.titles import index_titles

ENTRIES_AT_ONCE, TITLES_AT_ONCE = 2000, 200


def is_to_be_filled() -> bool:
    """Whether something that was read before cannot be found yet."""
    return SearchFill.objects.exists()


def empty_index() -> None:
    """Empty the index and mark everything as still to be filled in."""
    with transaction.atomic():
        clear()
        for step, model in (
            (SearchFill.Step.ENTRIES, TranscriptEntry),
            (SearchFill.Step.TITLES, AgentSession),
        ):
            last = model.objects.order_by("-id").values_list("id", flat=True).first()
            SearchFill.objects.update_or_create(step=step, defaults={"after": 0, "until": last or 0})
        SearchFill.objects.update_or_create(step=SearchFill.Step.PLANS, defaults={"after": 0, "until": 0})


def fill_lines_and_titles(stop: Callable[[], bool] = lambda: False) -> Iterator[int]:
    """Index lines and titles that are still to be filled in; yields after each batch how many that were."""
    steps: tuple[tuple[str, Callable[[SearchFill], int]], ...] = (
        (SearchFill.Step.ENTRIES, _fill_entries),
        (SearchFill.Step.TITLES, _fill_titles),
    )
    for step, fill_some in steps:
        while not stop():
            with transaction.atomic():
                row = SearchFill.objects.filter(step=step).first()
                done = fill_some(row) if row else 0
                if row:
                    row.save() if done else row.delete()
            if not done:
                break
            yield done


def _fill_entries(row: SearchFill) -> int:
    span = TranscriptEntry.objects.filter(id__gt=row.after, id__lte=row.until).order_by("id")
    entries = list(span[:ENTRIES_AT_ONCE])
    if entries:
        add_lines(
            [
                IndexedLine(e.pk, e.session_id, e.at_ms, list(map(fold, texts)))
                for e, texts in texts_in_archive(entries)
            ]
        )
        row.after = entries[-1].pk
    return len(entries)


def texts_in_archive(
    entries: Iterable[TranscriptEntry],
) -> Iterator[tuple[TranscriptEntry, list[SearchText]]]:
    """Each entry with the texts of its line, read in the order of the archive; none where it is not there."""
    for entry, raw in readable_lines(sorted(entries, key=_place)):
        yield entry, texts_in(raw)


def _place(entry: TranscriptEntry) -> tuple[int, int, int]:
    return entry.source_id, entry.generation, entry.offset


def texts_in(raw: Line) -> list[SearchText]:
    """The texts of an original line; none where it cannot be read."""
    try:
        return texts_of(decode(content(raw))[0]) if isinstance(raw, bytes) else []
    except NotARecord:
        return []


def _fill_titles(row: SearchFill) -> int:
    sessions = AgentSession.objects.filter(id__gt=row.after, id__lte=row.until).order_by("id")
    keys = list(sessions.values_list("id", flat=True)[:TITLES_AT_ONCE])
    if keys:
        index_titles(keys)
        row.after = keys[-1]
    return len(keys)
