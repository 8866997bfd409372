"""The answer to a search: what was found in sessions and in plans, as one list."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from django.urls import reverse

from analytics.search.forms import SearchAsked
from sessions.models import SearchItem
from sessions.search.finding import find
from sessions.search.results import Result, session_results
from tasks.plan_results import plan_results

_Kind = SearchItem.Kind
_PAGES = {_Kind.DOCUMENT: "document-detail", _Kind.FEATURE: "feature-detail", _Kind.TASK: "task-detail"}


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """A page of results. `total` and `kinds` are lower bounds where `is_more`: only the newest were looked at."""

    results: list[Result]
    total: int
    is_more: bool
    kinds: dict[str, int]
    notes: tuple[str, ...]


def search(asked: SearchAsked, *, now: datetime) -> SearchAnswer:
    """What a search finds, in a fixed number of statements beside the archive's segments of one page."""
    found = find(asked.query, asked.filters, sort=asked.sort, offset=asked.offset, limit=asked.limit, now=now)
    results = session_results(found.hits, asked.query) | plan_results(found.hits, asked.query)
    return SearchAnswer(
        [results[hit.id] for hit in found.hits if hit.id in results],
        found.total,
        found.is_more,
        {_Kind(kind).name.lower(): count for kind, count in sorted(found.kinds.items())},
        asked.query.notes,
    )


def address(result: Result) -> str:
    """The page that shows the words where they stand."""
    if result.session is None:
        page = reverse(_PAGES[_Kind(result.hit.kind)], args=[result.plan_key])
        # The browser looks the words up in the page by itself.
        words = next((piece.text for piece in result.pieces if piece.is_match), "")
        return f"{page}#:~:text={quote(words, safe='')}" if words else page
    page = reverse("session-detail", args=[result.session.public_id])
    if result.shown_seq is None:
        return page
    return f"{page}?at={result.shown_seq}#entry-{result.shown_seq}"
