"""Making sessions findable by their titles, whenever their columns are derived again."""

from collections.abc import Collection

from sessions.models import AgentSession, SearchItem
from sessions.parsers.keys import stable_key
from sessions.parsers.words import folded
from sessions.search.items import NewItem, Subject, forget_subjects, known_subjects, replace_subjects

_TITLE = SearchItem.Kind.TITLE


def index_titles(session_keys: Collection[int]) -> None:
    """Index the titles of these sessions that changed since; callers hold the transaction."""
    known = known_subjects(_TITLE, session_keys)
    pairs = []
    titled = set()
    for session in AgentSession.objects.filter(id__in=session_keys).only("id", "title", "started_at"):
        if not session.title:
            continue
        titled.add(session.pk)
        at_ms = None if session.started_at is None else round(session.started_at.timestamp() * 1000)
        digest = stable_key(session.title, str(at_ms))
        if session.pk not in known or known[session.pk].digest != digest:
            item = NewItem(
                _TITLE, session.pk, folded(session.title), len(session.title), at_ms, session_key=session.pk
            )
            pairs.append((Subject(_TITLE, session.pk, digest), item))
    replace_subjects(pairs)
    forget_subjects(row for key, row in known.items() if key not in titled)
