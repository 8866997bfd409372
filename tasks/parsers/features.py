"""One feature from its documents and tasks: its names, its phases, its status and its dates, each with a reason."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from tasks.parsers.dates import earliest, latest
from tasks.parsers.records import (
    MEDIUM,
    ParsedDocument,
    ParsedFeature,
    ParsedPhase,
    PlacedTask,
    RoadmapEntry,
    Stamp,
)
from tasks.parsers.references import canonical_slug, phase_order
from tasks.parsers.statuses import BACKLOG, DEFERRED, DONE, TERMINAL, summary_status

_PLAN, _PRD, _PHASE_PLAN, _PROGRESS = "implementation_plan", "prd", "phase_plan", "progress"
_ROLES = {_PLAN: 0, _PRD: 1, _PROGRESS: 2, _PHASE_PLAN: 3}
_PREFIXES = (
    "prd:",
    "implementation plan:",
    "plan:",
    "product requirements document:",
    "feature:",
    "quick feature:",
)


class _Standing(NamedTuple):
    status: str
    raw: str
    reason: str


def feature_from(
    slug: str, members: Sequence[ParsedDocument], tasks: Sequence[PlacedTask], entry: RoadmapEntry | None
) -> ParsedFeature:
    """A feature from all that belongs to it."""
    members = sorted(members, key=lambda d: (_ROLES.get(d.doc_type, 9), d.path))
    phases = _with_announced(_phases(members, tasks), entry)
    standing = _standing(members, phases, tasks, entry)
    announced = {f"phase-{entry.token}"} if entry and entry.token else set()
    names = announced | {n for d in members for n in (d.feature_slug, *d.aliases) if d.founds_feature}
    aliases = {*names, *(canonical_slug(n) for n in names), canonical_slug(slug)} - {slug, ""}
    progress = [d for d in members if d.doc_type == _PROGRESS]
    founders = [d for d in members if d.founds_feature]
    return ParsedFeature(
        slug=slug,
        name=_name(slug, members, entry),
        canonical_slug=canonical_slug(slug),
        aliases=tuple(sorted(aliases)),
        documents=tuple(d.path for d in members),
        phases=phases,
        status=standing.status,
        status_raw=standing.raw,
        status_reason=standing.reason,
        category=next((d.category for d in members if d.category), ""),
        family=next((d.family for d in members if d.family), entry.family if entry else ""),
        lineage=_lineage(founders),
        priority=next((d.priority for d in members if d.priority), ""),
        owner=next((o for d in members for o in d.owners), ""),
        planned=earliest(*(d.created for d in members if d.doc_type != _PROGRESS)),
        started=earliest(*(d.started or d.created for d in progress), *(p.task.started for p in tasks)),
        completed=_completed(standing.status, members, tasks),
        updated=latest(*(s for d in members for s in (d.updated, d.completed, d.created))),
        commit_refs=_all(d.references.commits for d in founders),
        pull_requests=_all(d.references.pull_requests for d in founders),
        files=_all(d.references.files for d in founders),
    )


def _name(slug: str, members: Iterable[ParsedDocument], entry: RoadmapEntry | None) -> str:
    """The roadmap's name, the layout's, the plan's title without its kind, else the slug in words."""
    if entry and entry.title:
        return entry.title
    for document in members:
        if document.feature_name:
            return document.feature_name
        if document.founds_feature and document.doc_type in (_PLAN, _PRD) and document.title:
            return _without_kind(document.title)
    words = slug.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def _without_kind(title: str) -> str:
    low = title.lower()
    prefix = next((p for p in _PREFIXES if low.startswith(p)), "")
    return title[len(prefix) :].strip() or title


def _phases(members: Sequence[ParsedDocument], tasks: Sequence[PlacedTask]) -> tuple[ParsedPhase, ...]:
    """A phase for every token that a progress file, a phase plan or a task names."""
    documents: dict[str, list[ParsedDocument]] = defaultdict(list)
    for document in members:
        if document.phase_token and (document.doc_type in (_PROGRESS, _PHASE_PLAN) or document.tasks):
            documents[document.phase_token].append(document)
    of_phase: dict[str, list[PlacedTask]] = defaultdict(list)
    for placed in tasks:
        if placed.phase:
            of_phase[placed.phase].append(placed)
    split = {p.document for p in tasks if p.task.phase_token}
    tokens = {
        token
        for token in (*documents, *of_phase)
        # A file about all phases whose tasks name their own is not one more phase.
        if of_phase.get(token) or any(d.path not in split for d in documents[token])
    }
    order = sorted(tokens, key=lambda t: (phase_order(t), t))
    return tuple(_phase(token, documents.get(token, []), of_phase.get(token, [])) for token in order)


def _with_announced(phases: tuple[ParsedPhase, ...], entry: RoadmapEntry | None) -> tuple[ParsedPhase, ...]:
    """With the roadmap's name for a phase, and with the phase it announces where no file speaks of it yet."""
    if not entry or not entry.token:
        return phases
    if any(phase.token == entry.token for phase in phases):
        return tuple(replace(p, title=entry.title) if p.token == entry.token else p for p in phases)
    return (*phases, ParsedPhase(entry.token, entry.title, entry.status or BACKLOG, entry.status_raw))


def _phase(token: str, documents: Sequence[ParsedDocument], tasks: Sequence[PlacedTask]) -> ParsedPhase:
    document = documents[0] if documents else None
    said = next((d for d in documents if d.status), None)
    from_tasks = summary_status([p.task.status for p in tasks])
    says_more = said is not None and said.status not in (None, BACKLOG)
    status = (said.status if said and says_more else from_tasks) or BACKLOG
    completed = latest(*(d.completed for d in documents)) if status in TERMINAL else None
    return ParsedPhase(
        token=token,
        title=next((t for d in documents for t in (d.phase_title, d.title) if t), ""),
        status=status,
        status_raw=said.status_raw if said else "",
        document=document.path if document else "",
        claimed_progress=next(
            (d.claimed_progress for d in documents if d.claimed_progress is not None), None
        ),
        started=earliest(*(d.started for d in documents), *(p.task.started for p in tasks)),
        completed=completed,
        commit_refs=_all(d.references.commits for d in documents),
        files=_all([*(d.references.files for d in documents), *(p.task.files for p in tasks)]),
    )


def _standing(
    members: Sequence[ParsedDocument],
    phases: Sequence[ParsedPhase],
    tasks: Sequence[PlacedTask],
    entry: RoadmapEntry | None,
) -> _Standing:
    """How far a feature is: what its plan says is finished is finished, else what its phases and tasks come to.

    Only documents that make the feature speak for it: one that merely cites another completes nothing.
    """
    plans = [
        d for d in members if d.founds_feature and d.doc_type in (_PLAN, _PRD) and not d.tasks and d.status
    ]
    for document in plans:
        if document.status == DONE:
            return _Standing(DONE, document.status_raw, f"{document.path} says {document.status_raw}.")
    if entry and entry.status == DONE:
        return _Standing(DONE, entry.status_raw, f"The roadmap says {entry.status_raw}.")
    parts = [p.status for p in phases] or [p.task.status for p in tasks]
    kind = "phases" if phases else "tasks"
    if not parts:
        parts = [d.status for d in members if d.founds_feature and d.doc_type == _PROGRESS and d.status]
        kind = "progress files"
    whole = summary_status(parts)
    if parts and whole != BACKLOG:
        return _Standing(whole, "", _counted(parts, kind))
    for document in plans:
        if document.status and document.status != BACKLOG:
            return _Standing(
                document.status, document.status_raw, f"{document.path} says {document.status_raw}."
            )
    if entry and entry.status:
        return _Standing(
            entry.status, entry.status_raw, f"The roadmap says {entry.status_raw or entry.status}."
        )
    if plans:
        return _Standing(BACKLOG, plans[0].status_raw, f"{plans[0].path} says {plans[0].status_raw}.")
    return _Standing(BACKLOG, "", _counted(parts, kind) if parts else "No document says how far it is.")


def _counted(parts: Sequence[str], kind: str) -> str:
    finished = sum(status in TERMINAL for status in parts)
    return f"{finished} of {len(parts)} {kind} are done or deferred."


def _completed(status: str, members: Sequence[ParsedDocument], tasks: Sequence[PlacedTask]) -> Stamp | None:
    """When the last of it was finished; None for unfinished work and where nobody wrote a date."""
    if status not in (DONE, DEFERRED):
        return None
    founders = [d for d in members if d.founds_feature]
    if said := latest(*(d.completed for d in founders)):
        return said
    by_task = latest(*(p.task.completed for p in tasks))
    if by_task:
        return replace(by_task, confidence=MEDIUM)
    updated = latest(*(d.updated for d in founders if d.status in TERMINAL))
    return replace(updated, confidence="low") if updated else None


def _lineage(founders: Iterable[ParsedDocument]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for document in founders:
        for name, values in document.lineage.items():
            found[name] = sorted({*found.get(name, ()), *values})
    return found


def _all(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for group in groups for value in group))
