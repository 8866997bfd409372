"""Which session served which plan: finds links by evidence and keeps them, for the sessions that changed.

A session is due when its facts change (`mark_due`) or when its project's plans change in a way by which sessions are
recognised (`mark_plans_due`). Marks are rows, so that a run that dies is finished by the next. What a person decided
stays as it is.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from sessions.bulk import in_chunks, write_rows
from sessions.ingest import mark_dirty
from sessions.models import AgentSession, ModelResponse, ToolCall
from sessions.portions import Portions
from tasks.link_inputs import ProjectPlans, project_plans, session_signals
from tasks.link_rows import LINK_COLUMNS, SPAN_COLUMNS, LinkRow, call_places, link_rows, span_rows
from tasks.matching import (
    Evidence,
    Match,
    PlanIndex,
    SessionSignals,
    Span,
    Target,
    gather_evidence,
    score,
    spans,
)
from tasks.models import Document, Feature, Link, LinkDue, PlanSignature, ServedSpan

_PORTIONS = Portions(most=200, least=5)
# A subagent's work is its trunk's, unless it goes astray.
INHERITED_PART = 0.9


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What one run did: sessions looked at, links written and links taken away."""

    sessions: int
    written: int
    removed: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What one session served: its evidence, the candidates it gives, and its course."""

    evidence: list[Evidence]
    match: Match
    spans: list[Span]


def mark_due(session_ids: Iterable[int]) -> None:
    """Note sessions whose facts changed. To be called in the transaction that changes them."""
    for chunk in in_chunks(sorted(set(session_ids))):
        write_rows(LinkDue, ("session_id",), [(key,) for key in chunk], unique=("session_id",))


def mark_plans_due(project_ids: Iterable[int]) -> int:
    """Mark all sessions of the projects whose plans are recognised by other things than before; returns how many.

    A changed status or title touches no session. To be called after the plans of these projects were read.
    """
    marked = 0
    for project_id in sorted(set(project_ids)):
        digest = project_plans(project_id).digest()
        if PlanSignature.objects.filter(project_id=project_id, digest=digest).exists():
            continue
        with transaction.atomic():
            due = list(AgentSession.objects.filter(project_id=project_id).values_list("id", flat=True))
            mark_due(due)
            PlanSignature.objects.update_or_create(project_id=project_id, defaults={"digest": digest})
        marked += len(due)
    return marked


def link_all(*, stop: Callable[[], bool] = lambda: False) -> LinkReport:
    """Find the links of every session again."""
    mark_due(AgentSession.objects.values_list("id", flat=True))
    return link_due(stop=stop)


def link_due(*, stop: Callable[[], bool] = lambda: False) -> LinkReport:
    """Find the links of the sessions that are due, trunks before the subagents that inherit from them."""
    run = LinkRun()
    _settle_unplanned()
    while not stop():
        due = LinkDue.objects.annotate(of_agent=~Q(session__agent_id="")).order_by(
            "of_agent", "session__started_at", "session_id"
        )
        ids = list(due.values_list("session_id", flat=True)[: _PORTIONS.size])
        if not ids:
            break
        with _PORTIONS.transaction(len(ids)):
            run.link(ids)
            LinkDue.objects.filter(session_id__in=ids).delete()
    return LinkReport(run.sessions, run.written, run.removed)


def _settle_unplanned() -> None:
    """Sessions of projects without plans have nothing to be linked to, and mostly there are no plans at all."""
    of_session = {"session_id": OuterRef("session_id")}
    LinkDue.objects.filter(
        ~Exists(Feature.objects.filter(project_id=OuterRef("session__project_id"))),
        ~Exists(Document.objects.filter(project_id=OuterRef("session__project_id"))),
        ~Exists(Link.objects.filter(**of_session)),
        ~Exists(ServedSpan.objects.filter(**of_session)),
    ).delete()


def find(session: AgentSession) -> Finding:
    """What a session served, without writing it down."""
    run = LinkRun()
    [finding] = run.findings([session]).values()
    return finding


class LinkRun:
    """One run over some sessions; each project's plans are loaded and indexed once."""

    def __init__(self) -> None:
        self.sessions = self.written = self.removed = 0
        self._plans: dict[int, tuple[ProjectPlans, PlanIndex]] = {}

    def link(self, session_ids: Collection[int]) -> None:
        """Bring the links and spans of these sessions up to date; callers hold the transaction."""
        rows = AgentSession.objects.in_bulk(session_ids)
        sessions = [rows[key] for key in session_ids if key in rows]
        found = self.findings(sessions)
        places = call_places(found)
        wanted: dict[int, LinkRow] = {}
        for session in sessions:
            wanted |= link_rows(session.id, found[session.id], self._documents(session), places)
        moved = self._write_links(session_ids, wanted)
        course = _write_spans(session_ids, {key: finding.spans for key, finding in found.items()})
        _mark_usage_dirty(course)
        _mark_members_due(rows[key] for key in moved | course)
        self.sessions += len(sessions)

    def findings(self, sessions: list[AgentSession]) -> dict[int, Finding]:
        """What each session served, in the order given: parents before those who inherit from them."""
        signals = session_signals([s.id for s in sessions])
        decided = Decisions(s.id for s in sessions)
        trunks = _Trunks(s.parent_id for s in sessions)
        found: dict[int, Finding] = {}
        for session in sessions:
            finding = self._find(session, signals[session.id], decided, trunks)
            found[session.id] = finding
            trunks.note(session.id, finding)
        return found

    def _find(
        self, session: AgentSession, signals: SessionSignals, decided: "Decisions", trunks: "_Trunks"
    ) -> Finding:
        known = self._index(session.project_id)
        evidence = [] if known is None else gather_evidence(signals, known)
        inherited = trunks.inherited(session, signals.started_ms)
        match = decided.apply(session.id, score([*evidence, *inherited]))
        default = decided.pinned(session.id) or (inherited[0].target if inherited else _whole(match))
        linked = {c.target for c in match.links} | decided.linked(session.id)
        course = spans(signals, evidence, linked, default if default in linked else None)
        return Finding([*evidence, *inherited], match, course)

    def _index(self, project_id: int | None) -> PlanIndex | None:
        return None if project_id is None else self._loaded(project_id)[1]

    def _documents(self, session: AgentSession) -> dict[str, int]:
        return {} if session.project_id is None else self._loaded(session.project_id)[0].documents

    def _loaded(self, project_id: int) -> tuple[ProjectPlans, PlanIndex]:
        if project_id not in self._plans:
            plans = project_plans(project_id)
            self._plans[project_id] = plans, plans.index()
        return self._plans[project_id]

    def _write_links(self, session_ids: Collection[int], wanted: dict[int, LinkRow]) -> set[int]:
        """Write what differs from what is stored; returns the sessions whose links changed."""
        stored = Link.objects.filter(session_id__in=session_ids)
        manual = set(stored.exclude(origin=Link.Origin.AUTO).values_list("id", flat=True))
        before = {row[0]: LinkRow(*row) for row in stored.exclude(id__in=manual).values_list(*LINK_COLUMNS)}
        changed = [row for key, row in wanted.items() if key not in manual and before.get(key) != row]
        gone = [row for key, row in before.items() if key not in wanted]
        Link.objects.filter(id__in=[row.id for row in gone]).delete()
        # Before another row becomes the main one: a session has one at most, at every moment.
        yielding = [row.id for row in changed if row.id in before and before[row.id].is_primary]
        Link.objects.filter(id__in=yielding).update(is_primary=False)
        write_rows(
            Link, LINK_COLUMNS, [row.stored() for row in changed], unique=("id",), update=LINK_COLUMNS[1:]
        )
        self.written += len(changed)
        self.removed += len(gone)
        return {row.session_id for row in (*changed, *gone)}


class Decisions:
    """What people decided about some sessions' links; targets are compared with all their parts."""

    def __init__(self, session_ids: Iterable[int]) -> None:
        rows = Link.objects.filter(session_id__in=list(session_ids), origin=Link.Origin.MANUAL)
        self._rows = [
            (row.session_id, row, Target(row.feature_id, row.phase_id, row.task_id))
            for row in rows.order_by("session_id", "id")
            if row.feature_id is not None
        ]

    def apply(self, session_id: int, match: Match) -> Match:
        """The match without what a person unlinked, and without a main target where a person pinned one."""
        refused = self._targets(session_id, Link.State.UNLINKED)
        kept = tuple(c for c in match.candidates if not any(r.holds(c.target) for r in refused))
        has_primary = any(of == session_id and row.is_primary for of, row, _ in self._rows)
        is_kept = not has_primary and match.primary in {c.target for c in kept}
        return Match(kept, match.primary if is_kept else None)

    def pinned(self, session_id: int) -> Target | None:
        """What a person says the session was for; None where nobody does, or it is several things."""
        found = self._targets(session_id, Link.State.PINNED)
        return found[0] if len(found) == 1 else None

    def linked(self, session_id: int) -> set[Target]:
        return {
            *self._targets(session_id, Link.State.PINNED),
            *self._targets(session_id, Link.State.LINKED),
        }

    def _targets(self, session_id: int, state: Link.State) -> list[Target]:
        return [target for of, row, target in self._rows if of == session_id and row.state == state]


class _Trunks:
    """What the parents of some sessions served, and when."""

    def __init__(self, parent_ids: Iterable[int | None]) -> None:
        ids = {key for key in parent_ids if key is not None}
        self._course: dict[int, list[Span]] = {key: [] for key in ids}
        spans_of = ServedSpan.objects.filter(session_id__in=ids).order_by("session_id", "from_ms")
        for session_id, *span in spans_of.values_list(
            "session_id", "from_ms", "feature_id", "phase_id", "task_id"
        ):
            self._course[session_id].append(Span(*span))
        links = Link.objects.filter(session_id__in=ids, document=None, commit="").exclude(
            state=Link.State.UNLINKED
        )
        columns = ("session_id", "feature_id", "phase_id", "task_id", "confidence")
        self._sure = {(row[0], Target(*row[1:4])): row[4] for row in links.values_list(*columns)}

    def note(self, session_id: int, finding: Finding) -> None:
        """A session of this run may be the parent of a later one."""
        self._course[session_id] = finding.spans
        self._sure |= {(session_id, c.target): c.confidence for c in finding.match.links}

    def inherited(self, session: AgentSession, at_ms: int | None) -> list[Evidence]:
        """What the parent served at the moment when the session began, as evidence."""
        parent = session.parent_id
        if not session.agent_id or parent is None or at_ms is None:
            return []
        course = [span for span in self._course.get(parent, ()) if span.from_ms <= at_ms]
        target = course[-1].target if course else None
        if target is None:
            return []
        weight = round(INHERITED_PART * self._sure.get((parent, target), 1.0), 4)
        return [Evidence("inherited", session.native_id, weight, target, at_ms)]


def _whole(match: Match) -> Target | None:
    """The target of a whole session: the main one, where a plan names the session itself."""
    best = next((c for c in match.candidates if c.target == match.primary), None)
    named = best and any(piece.kind == "explicit_session" for piece in best.evidence)
    return match.primary if named else None


def _write_spans(session_ids: Collection[int], wanted: dict[int, list[Span]]) -> set[int]:
    """Write the spans that differ from the stored ones; returns the sessions whose course changed."""
    rows = {row[0]: row for key, course in wanted.items() for row in span_rows(key, course)}
    stored = ServedSpan.objects.filter(session_id__in=session_ids)
    before: dict[int, tuple[Any, ...]] = {row[0]: row for row in stored.values_list(*SPAN_COLUMNS)}
    gone = [row for key, row in before.items() if key not in rows]
    changed = [row for key, row in rows.items() if before.get(key) != row]
    ServedSpan.objects.filter(id__in=[row[0] for row in gone]).delete()
    write_rows(ServedSpan, SPAN_COLUMNS, changed, unique=("id",), update=SPAN_COLUMNS[1:])
    return {row[1] for row in (*gone, *changed)}


def _mark_usage_dirty(session_ids: Collection[int]) -> None:
    """Rollups tell what responses and calls were for: where a course changed, its quarters are counted anew."""
    if not session_ids:
        return
    responses = ModelResponse.objects.filter(owner_id__in=session_ids).values_list("quarter", flat=True)
    calls = ToolCall.objects.filter(owner_id__in=session_ids, quarter__isnull=False)
    mark_dirty({*responses, *(quarter for quarter in calls.values_list("quarter", flat=True) if quarter)})


def _mark_members_due(trunks: Iterable[AgentSession]) -> None:
    """Subagents inherit: when their parent's links change, they are due as well."""
    ids = [trunk.id for trunk in trunks]
    if ids:
        mark_due(
            AgentSession.objects.filter(parent_id__in=ids).exclude(agent_id="").values_list("id", flat=True)
        )
