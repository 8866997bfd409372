"""Words looked for in one session, best places first."""

from dataclasses import dataclass, field
from datetime import datetime

from sessions.models import AgentSession
from sessions.search.finding import Filters, find
from sessions.search.query import BadQuery, parsed
from sessions.search.results import Result, session_results

MOST_RESULTS = 30


@dataclass(frozen=True, slots=True)
class WordsFound:
    """Places where the words stand, at most MOST_RESULTS of `total`; `problem` says why nothing could be looked for."""

    results: list[Result] = field(default_factory=list)
    total: int = 0
    is_more: bool = False
    problem: str = ""


def words_in_session(session: AgentSession, words: str, *, now: datetime) -> WordsFound:
    """Where the words stand in this session's transcript."""
    try:
        query = parsed(words)
    except BadQuery as bad:
        return WordsFound(problem=str(bad))
    found = find(query, Filters(session_key=session.pk), limit=MOST_RESULTS, now=now)
    told = session_results(found.hits, query)
    results = [told[hit.id] for hit in found.hits if hit.id in told]
    return WordsFound([each for each in results if each.shown_seq is not None], found.total, found.is_more)
