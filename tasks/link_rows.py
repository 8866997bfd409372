"""The rows that say what a session served: links with their evidence, and spans of time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from sessions.models import ToolCallCopy, TranscriptEntry
from sessions.parsers.keys import stable_key
from tasks.matching import LINK_FROM, Candidate, Evidence, Span, mass_of
from tasks.models import Link

if TYPE_CHECKING:
    from tasks.linking import Finding

LINK_COLUMNS = (
    "id",
    "session_id",
    "feature_id",
    "phase_id",
    "task_id",
    "document_id",
    "commit",
    "strategy",
    "confidence",
    "is_primary",
    "evidence",
    "origin",
    "state",
)
SPAN_COLUMNS = ("id", "session_id", "from_ms", "feature_id", "phase_id", "task_id")
MOST_EVIDENCE = 25
_COPY = ("session_id", "call_id", "use_entry_id")
# Feature, phase, task, document, commit: what a link leads to.
Ends = tuple[int | None, int | None, int | None, int | None, str]
# {(session, tool call): seq of the entry that makes the call}
Places = dict[tuple[int, int], int]
ABOUT_A_FILE = frozenset({"command_path", "prompt_path", "plan_written", "plan_in_shell", "plan_read"})


class LinkRow(NamedTuple):
    """A row of Link, in the order of LINK_COLUMNS."""

    id: int
    session_id: int
    feature_id: int | None
    phase_id: int | None
    task_id: int | None
    document_id: int | None
    commit: str
    strategy: str
    confidence: float
    is_primary: bool
    evidence: list[dict[str, Any]]
    origin: str = Link.Origin.AUTO.value
    state: str = Link.State.LINKED.value

    def stored(self) -> tuple[Any, ...]:
        """The row as the database takes it."""
        return self._replace(evidence=orjson.dumps(self.evidence).decode())  # type: ignore[arg-type]


def link_key(session_id: int, *ends: int | str | None) -> int:
    """The id of a link: the same session and ends have the same one in every run."""
    return stable_key("link", str(session_id), *("" if end is None else str(end) for end in ends))


def link_rows(
    session_id: int, finding: "Finding", documents: dict[str, int], places: Places
) -> dict[int, LinkRow]:
    """A session's links to features, phases and tasks, to documents and to commits that plans name."""
    links = finding.match.links
    kept = {c.target for c in links}
    commits = [e for e in finding.evidence if e.kind == "commit_ref" and e.target in kept]
    ends = [
        *((_to_plan(c), c.evidence, c.strategy, c.confidence) for c in links),
        *(((*e.target, None, e.detail), (e,), e.kind, e.weight) for e in commits),
        *_to_documents(finding.evidence, documents),
    ]
    primary = (*finding.match.primary, None, "") if finding.match.primary else None
    rows = [
        LinkRow(
            link_key(session_id, *to),
            session_id,
            *to,
            strategy,
            round(confidence, 4),
            to == primary,
            evidence_json(session_id, pieces, places),
        )
        for to, pieces, strategy, confidence in ends
    ]
    return {row.id: row for row in rows}


def _to_plan(candidate: Candidate) -> Ends:
    return (*candidate.target, None, "")


def _to_documents(
    evidence: Iterable[Evidence], documents: dict[str, int]
) -> Iterator[tuple[Ends, tuple[Evidence, ...], str, float]]:
    by_document: dict[int, list[Evidence]] = defaultdict(list)
    for piece in evidence:
        cited = piece.detail.rpartition(" ")[2]
        if piece.kind in ABOUT_A_FILE and cited in documents:
            by_document[documents[cited]].append(piece)
    for document, pieces in by_document.items():
        confidence = mass_of(pieces)
        if confidence >= LINK_FROM:
            strategy = max(pieces, key=lambda piece: piece.weight).kind
            yield (None, None, None, document, ""), tuple(pieces), strategy, confidence


def evidence_json(session_id: int, pieces: Iterable[Evidence], places: Places) -> list[dict[str, Any]]:
    """Pieces of evidence as they are stored, strongest first, what was found twice once, the rest cut off."""
    strongest = sorted(pieces, key=lambda p: (-p.weight, p.at_ms or 0, p.kind, p.detail))
    once: dict[tuple[str, str], Evidence] = {}
    for piece in strongest:
        once.setdefault((piece.kind, piece.detail), piece)
    return [
        {
            "kind": piece.kind,
            "detail": piece.detail,
            "weight": piece.weight,
            "seq": piece.seq if piece.call is None else places.get((session_id, piece.call)),
            "at": iso(piece.at_ms),
        }
        for piece in list(once.values())[:MOST_EVIDENCE]
    ]


def iso(at_ms: int | None) -> str | None:
    """A moment as ISO 8601 in UTC with milliseconds."""
    if at_ms is None:
        return None
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span_rows(session_id: int, course: Iterable[Span]) -> Iterator[tuple[Any, ...]]:
    """Rows of ServedSpan, in the order of SPAN_COLUMNS; an unattributed time at the end of nothing needs none."""
    spans = list(course)
    if all(span.feature is None for span in spans):
        return
    for span in spans:
        yield (stable_key("span", str(session_id), str(span.from_ms)), session_id, *span)


def call_places(findings: "dict[int, Finding]") -> Places:
    """Where in its session each tool call stands that some evidence comes from."""
    calls = {
        piece.call for finding in findings.values() for piece in finding.evidence if piece.call is not None
    }
    if not calls:
        return {}
    copies = ToolCallCopy.objects.filter(session_id__in=findings, call_id__in=calls, has_use=True)
    entry_of = {(session, call): entry for session, call, entry in copies.values_list(*_COPY) if entry}
    seqs = dict(TranscriptEntry.objects.filter(id__in=entry_of.values()).values_list("id", "seq"))
    return {place: seqs[entry] for place, entry in entry_of.items() if entry in seqs}
