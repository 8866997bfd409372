"""A session as a document: what stands in it, whatever it is written as."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sessions.models import AgentSession, ModelResponse
from sessions.parsers.model_names import display_model
from sessions.scope import Projects
from sessions.selectors import (
    SessionRow,
    Totals,
    TranscriptItem,
    TreeNode,
    entries,
    session_rows,
    session_tree,
    status_of,
)

CHUNK_LINES = 500


@dataclass(frozen=True, slots=True)
class Section:
    """One session of a document: `number` is 0 for the session itself, then its subagents in order.

    A subagent that is only named, because its transcript is not wanted or not there, has no number.
    """

    session: AgentSession
    number: int | None
    depth: int = 0
    page: str = ""  # where the session's own page is; "" when nobody knows

    @property
    def name(self) -> str:
        """Its title; a subagent without one is called what it is."""
        kind = self.session.agent_name or "subagent"
        if not self.session.agent_id:
            return str(self.session)
        return f"{kind}: {self.session.title}" if self.session.title else kind

    @property
    def anchor(self) -> str:
        return f"session-{self.number}"

    @property
    def own(self) -> Totals:
        return Totals.of(self.session)


@dataclass(frozen=True, slots=True)
class SessionDocument:
    """A session with its figures and relatives. Transcripts are read as they are written, piece by piece."""

    session: AgentSession
    row: SessionRow
    status: str
    subagents: list[Section]
    unpriced: list[tuple[str, int]]  # (model, tokens) that no cost includes
    made_at: datetime
    address: Callable[[str], str] | None = None  # where a session's page is, by public id
    projects: Projects = None  # whose sessions it may name

    @property
    def sections(self) -> list[Section]:
        """The sessions whose transcripts are in the document."""
        return [Section(self.session, 0), *(s for s in self.subagents if s.number is not None)]

    @property
    def page(self) -> str:
        """Where the session's page is; "" when nobody knows."""
        return self.address(self.session.public_id) if self.address else ""


def session_document(
    session: AgentSession,
    *,
    now: datetime,
    with_subagents: bool,
    address: Callable[[str], str] | None = None,
    projects: Projects = None,
) -> SessionDocument:
    """The document of a session; the transcripts of its subagents in these projects are in it on request."""
    tree = session_tree(session, now=now, projects=projects)
    subagents = _subagents(tree, with_subagents, address)
    told = [session, *(section.session for section in subagents if section.number is not None)]
    return SessionDocument(
        session=session,
        row=session_rows([session], now=now, projects=projects)[0],
        status=status_of(session, now=now),
        subagents=subagents,
        unpriced=_unpriced(told),
        made_at=now,
        address=address,
        projects=projects,
    )


def _subagents(
    tree: list[TreeNode], with_subagents: bool, address: Callable[[str], str] | None
) -> list[Section]:
    nodes = (node for top in tree for node in top.walk())
    asked = next((node for node in nodes if node.is_asked), None)
    # Forks are sessions of their own, which repeat this one's history.
    started = [n for n in asked.walk() if n is not asked and n.session.agent_id] if asked else []
    numbers = iter(range(1, len(started) + 1))
    return [
        Section(
            node.session,
            next(numbers) if with_subagents and node.session.has_transcript else None,
            node.depth - (asked.depth if asked else 0),
            address(node.session.public_id) if address else "",
        )
        for node in started
    ]


def _unpriced(sessions: list[AgentSession]) -> list[tuple[str, int]]:
    own: Any = ModelResponse.objects.counted().filter(owner__in=[session.pk for session in sessions])
    return [(display_model(row["model"], row["fast"]), row["tokens"]) for row in own.unpriced_by_model()]


def pages_of(session: AgentSession, projects: Projects) -> Iterator[list[TranscriptItem]]:
    """The transcript in pages, as many lines at a time as memory should hold."""
    after: int | None = None
    while True:
        page = entries(session, after_seq=after, limit=CHUNK_LINES, projects=projects)
        if page.items:
            yield page.items
        after = page.next_after
        if after is None:
            return
