"""Which sessions served something planned, how sure that is, and why."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from analytics.plans.work import Work, WorkByKey
from analytics.sums import Usage
from sessions.models import AgentSession
from sessions.querysets import HEAVY
from sessions.scope import Projects, in_projects
from tasks.matching import RULES
from tasks.models import Link, Phase

SESSIONS_ON_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One piece of evidence: what kind, in words, and where in the session it stands."""

    kind: str
    meaning: str
    detail: str
    weight: float
    at: datetime | None
    seq: int | None
    href: str


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link with its evidence; `target` is the most exact thing it leads to."""

    link: Link
    target: str
    href: str
    meaning: str
    evidence: list[EvidenceRow]

    @property
    def percent(self) -> float:
        return 100 * self.link.confidence


@dataclass(frozen=True, slots=True)
class ServingSession:
    """A session with its links to one thing, the surest first, and what it did for it."""

    session: AgentSession
    links: list[LinkRow]
    work: Work

    @property
    def best(self) -> LinkRow | None:
        return self.links[0] if self.links else None

    @property
    def is_primary(self) -> bool:
        return any(row.link.is_primary for row in self.links)


def links_of(projects: Projects = None, **target: Any) -> Any:
    """The links that hold, to a feature, phase, task or document, or of a session; those to commits are left out."""
    found = Link.objects.filter(in_projects(projects, "session__project"), **target, commit="").exclude(
        state=Link.State.UNLINKED
    )
    related = ("feature", "phase", "task", "document", "session")
    return found.select_related(*related).defer(*(f"session__{name}" for name in HEAVY))


def link_row(link: Link) -> LinkRow:
    """What a page shows of a link."""
    rule = RULES.get(link.strategy)
    target, href = _target(link)
    meaning = rule.meaning if rule else "decided by a person" if link.origin == Link.Origin.MANUAL else ""
    return LinkRow(link, target, href, meaning, [_evidence(link, piece) for piece in link.evidence])


def _target(link: Link) -> tuple[str, str]:
    if link.task is not None:
        return f"Task {link.task.raw_id}", reverse("task-detail", args=[link.task.pk])
    if link.phase is not None and link.feature is not None:
        return phase_name(
            link.phase
        ), f"{reverse('feature-detail', args=[link.feature.pk])}#phase-{link.phase.pk}"
    if link.feature is not None:
        return str(link.feature), reverse("feature-detail", args=[link.feature.pk])
    if link.document is not None:
        return str(link.document), reverse("document-detail", args=[link.document.pk])
    return link.commit, ""


def phase_name(phase: Phase) -> str:
    """`Phase 2: Title`; a phase often has the title of its feature, so that the number must be there."""
    return f"Phase {phase.token}: {phase.title}" if phase.title else f"Phase {phase.token}"


def _evidence(link: Link, piece: dict[str, Any]) -> EvidenceRow:
    kind, seq, at = str(piece.get("kind", "")), piece.get("seq"), piece.get("at")
    rule = RULES.get(kind)
    return EvidenceRow(
        kind=kind,
        meaning=rule.meaning if rule else kind,
        detail=str(piece.get("detail", "")),
        weight=float(piece.get("weight") or 0),
        at=parse_datetime(at) if isinstance(at, str) else None,
        seq=seq if isinstance(seq, int) else None,
        href=entry_address(link.session, seq if isinstance(seq, int) else None),
    )


def entry_address(session: AgentSession, seq: int | None) -> str:
    """The transcript, opened at an entry where one is known."""
    address = reverse("session-detail", args=[session.public_id])
    return address if seq is None else f"{address}?at={seq}#entry-{seq}"


def serving_sessions(links: Any, usage: Any, *, page: str | int | None) -> Page[Any]:
    """A page of `ServingSession`: those linked with something or that did work for it, what cost most first.

    `links` are its links and `usage` its rollup rows, None for what no usage is counted under. Evidence is read
    for the sessions of the page alone.
    """
    rows = usage.by_session() if usage is not None else ()
    done: WorkByKey = {row["session_id"]: Work(Usage.from_sums(row)) for row in rows}
    # Later ones replace earlier ones: what stays is the surest link of each session.
    sure: dict[int, float] = dict(links.order_by("confidence").values_list("session_id", "confidence"))
    costs = {key: work.usage.cost_nano_usd or 0 for key, work in done.items() if key is not None}
    ranked = sorted({*sure, *costs}, key=lambda key: (-costs.get(key, 0), -sure.get(key, 0), key))
    found: Page[Any] = Paginator(ranked, SESSIONS_ON_A_PAGE).get_page(page)
    found.object_list = _told(found.object_list, links, done)
    return found


def _told(keys: Any, links: Any, done: WorkByKey) -> list[ServingSession]:
    told: dict[int, list[LinkRow]] = defaultdict(list)
    for link in links.filter(session_id__in=keys):
        told[link.session_id].append(link_row(link))
    sessions = AgentSession.objects.light().in_bulk(keys)
    return [
        ServingSession(sessions[key], _surest_first(told[key]), done.get(key, Work()))
        for key in keys
        if key in sessions
    ]


def _surest_first(rows: list[LinkRow]) -> list[LinkRow]:
    return sorted(rows, key=lambda row: (-row.link.confidence, row.link.pk))
