"""Why a session is linked to what it is linked to, as lines of text for a terminal."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sessions.models import AgentSession
from tasks.linking import Finding, find
from tasks.matching import RULES, Candidate, Evidence, Target
from tasks.models import Feature, Phase, ProjectTask


def explanation(session: AgentSession) -> list[str]:
    """Every candidate with the rules that fired and their weights, and the course of the session."""
    finding = find(session)
    names = _Names(finding)
    lines = [f"{session.public_id}  {session.title}".rstrip()]
    if not finding.match.candidates:
        return [*lines, "Nothing in this session points to a plan of its project."]
    for candidate in finding.match.candidates:
        lines += _candidate_lines(candidate, finding, names)
    return [*lines, "", *_course_lines(finding, names)]


def _candidate_lines(candidate: Candidate, finding: Finding, names: "_Names") -> Iterator[str]:
    what = (
        "main link"
        if candidate.target == finding.match.primary
        else "link"
        if candidate.is_link
        else "no link"
    )
    yield ""
    yield f"{candidate.confidence:.3f}  {names.of(candidate.target)}  ({what}, {candidate.strategy})"
    for piece in _distinct(candidate.evidence):
        yield f"       {piece.weight:.3f}  {piece.kind}: {RULES[piece.kind].meaning} [{piece.detail}]{_when(piece)}"


def _distinct(pieces: Iterable[Evidence]) -> list[Evidence]:
    return list({(piece.kind, piece.detail): piece for piece in reversed(list(pieces))}.values())[::-1]


def _when(piece: Evidence) -> str:
    return "" if piece.at_ms is None else f" at {_utc(piece.at_ms)}"


def _utc(at_ms: int) -> str:
    return (
        datetime.fromtimestamp(at_ms / 1000, UTC)
        .isoformat(sep=" ", timespec="seconds")
        .removesuffix("+00:00")
    )


def _course_lines(finding: Finding, names: "_Names") -> Iterator[str]:
    yield "Its work was for (UTC):"
    for span in finding.spans:
        served = names.of(span.target) if span.target else "(unattributed)"
        yield f"  from {_utc(span.from_ms)}  {served}"


class _Names:
    """How plans name the targets of a finding."""

    def __init__(self, finding: Finding) -> None:
        targets = [c.target for c in finding.match.candidates]
        features = Feature.objects.filter(id__in={t.feature for t in targets})
        self._features = dict(features.values_list("id", "slug"))
        self._phases = dict(
            Phase.objects.filter(id__in={t.phase for t in targets}).values_list("id", "token")
        )
        tasks = ProjectTask.objects.filter(id__in={t.task for t in targets})
        self._tasks = dict(tasks.values_list("id", "raw_id"))

    def of(self, target: Target) -> str:
        parts = [self._features.get(target.feature, "?")]
        if target.phase is not None:
            parts.append(f"phase {self._phases.get(target.phase, '?')}")
        if target.task is not None:
            parts.append(f"task {self._tasks.get(target.task, '?')}")
        return ", ".join(parts)
