"""The list of sessions and the way to one of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.lookups import In

from sessions.models import AgentSession, Project
from sessions.prepared import padded, prepared
from sessions.querysets import ACTIVE_FOR
from sessions.scope import Projects, in_projects
from sessions.selectors.filters import SLOW_FILTERS, filtered_sessions, sorted_sessions
from sessions.selectors.totals import Totals

MOST_NAMED = 5_000  # sessions that a question names one by one


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session in a list: what it caused itself, and what it and its subagents caused together."""

    session: AgentSession
    status: str
    subagents: int
    live_subagents: int
    family: Totals  # the session itself included

    @property
    def own(self) -> Totals:
        return Totals.of(self.session)


@dataclass(frozen=True, slots=True)
class SessionPage:
    """One page of the sessions a filter lets through, and sums over all of them."""

    items: list[SessionRow]
    total: int
    offset: int
    limit: int
    totals: Totals | None  # of the listed sessions' own responses
    family_totals: Totals | None  # the same with their subagents, listed or not


def session_list(
    filters: dict[str, Any], *, now: datetime, sums: bool = True, projects: Projects = None
) -> SessionPage:
    """The page that `SessionFilterForm.filters()` asks for, of these projects, in a fixed number of queries.

    Without `sums` only the number of sessions is counted: `totals` and `family_totals` are None.
    """
    # No and 0 are answers; only what was not given narrows nothing.
    if all(value in (None, "") for name, value in filters.items() if name not in _OF_ANY_LIST):
        return _whole_list(filters, now, sums, projects)
    found: Any = filtered_sessions(filters, now=now, projects=projects)
    keys = _found_once(found, filters)
    totals = family = None
    if sums:
        totals, family = _sums_of(found, keys, bool(filters.get("include_subagents")), projects)
    offset, limit = filters.get("offset", 0), filters.get("limit", 50)
    page = _in_order(_ordered(found, filters) if keys is None else keys, offset, limit)
    count = len(keys) if keys is not None else found.count() if totals is None else totals.sessions
    rows = session_rows(page, now=now, projects=projects)
    return SessionPage(rows, count, offset, limit, totals, family)


def _sums_of(
    found: Any, keys: list[int] | None, include_subagents: bool, projects: Projects
) -> tuple[Totals, Totals]:
    """Of the sessions found, whose keys are given where they were looked for already, and with their families."""
    if keys is not None and len(keys) <= MOST_NAMED:
        named = {"keys": padded(keys), "projects": projects}
        totals = _totals(_sums_of_named(False, **named))
        return totals, totals if include_subagents else _totals(_sums_of_named(True, **named))
    totals = Totals.from_sums(found.own_totals())
    if include_subagents:
        return totals, totals
    together: Any = AgentSession.objects.family_of(found).filter(in_projects(projects))
    return totals, Totals.from_sums(together.own_totals())


@prepared
def _sums_of_named(families: bool, *, keys: Any, projects: Any) -> Any:
    found = AgentSession.objects.filter(In(F("pk"), keys))
    if families:
        found = AgentSession.objects.family_of(found).filter(in_projects(projects))
    return found.summed()


# What a list of all sessions is asked with; anything else narrows it.
_OF_ANY_LIST = ("sort_by", "sort_order", "offset", "limit", "include_subagents", "include_inactive")


def _whole_list(filters: dict[str, Any], now: datetime, sums: bool, projects: Projects) -> SessionPage:
    """The page of a list that nothing narrows, by questions that are written once."""
    kinds = bool(filters.get("include_subagents")), bool(filters.get("include_inactive"))
    offset, limit = filters.get("offset", 0), filters.get("limit", 50)
    order = filters.get("sort_by", "started_at"), filters.get("sort_order", "desc")
    keys = _keys_of_all(*kinds, *order, offset, limit, projects=projects)
    rows = session_rows(_in_order(keys, 0, limit), now=now, projects=projects)
    if not sums:
        count = sum(n for (n,) in _count_of_all(*kinds, projects=projects))
        return SessionPage(rows, count, offset, limit, None, None)
    totals = _totals(_sums_of_all(*kinds, False, projects=projects))
    family = totals if kinds[0] else _totals(_sums_of_all(*kinds, True, projects=projects))
    return SessionPage(rows, totals.sessions, offset, limit, totals, family)


def _totals(rows: list[dict[str, Any]]) -> Totals:
    """Of a row of sums, or of none, which is nothing."""
    return Totals.from_sums(rows[0] if rows else AgentSession.objects.none().own_totals())


def _all_sessions(include_subagents: bool, include_inactive: bool, projects: Any) -> Any:
    filters = {"include_subagents": include_subagents, "include_inactive": include_inactive}
    # Which are active at what moment is asked of the rows of a page alone.
    return filtered_sessions(filters, now=datetime.min.replace(tzinfo=UTC) + ACTIVE_FOR, projects=projects)


@prepared
def _keys_of_all(
    include_subagents: bool,
    include_inactive: bool,
    sort_by: str,
    order: str,
    offset: int,
    limit: int,
    *,
    projects: Any,
) -> Any:
    found = _all_sessions(include_subagents, include_inactive, projects)
    return sorted_sessions(found, sort_by, order).values_list("pk", flat=True)[offset : offset + limit]


@prepared
def _count_of_all(include_subagents: bool, include_inactive: bool, *, projects: Any) -> Any:
    return _all_sessions(include_subagents, include_inactive, projects).counted()


@prepared
def _sums_of_all(include_subagents: bool, include_inactive: bool, families: bool, *, projects: Any) -> Any:
    found = _all_sessions(include_subagents, include_inactive, projects)
    if families:
        found = AgentSession.objects.family_of(found).filter(in_projects(projects))
    return found.summed()


def latest_sessions(
    filters: dict[str, Any], limit: int, *, now: datetime, projects: Projects = None
) -> list[SessionRow]:
    """The sessions of these projects that filters let through and that began last."""
    found = sorted_sessions(filtered_sessions(filters, now=now, projects=projects), "started_at", "desc")
    rows = _in_order(found.values_list("pk", flat=True), 0, limit)
    return session_rows(rows, now=now, projects=projects)


def _found_once(found: Any, filters: dict[str, Any]) -> list[int] | None:
    """All keys in order, where looking for them takes so long that it is done once, to count and to page."""
    return list(_ordered(found, filters)) if any(filters.get(name) for name in SLOW_FILTERS) else None


def _ordered(found: Any, filters: dict[str, Any]) -> Any:
    sort_by, order = filters.get("sort_by", "started_at"), filters.get("sort_order", "desc")
    return sorted_sessions(found, sort_by, order).values_list("pk", flat=True)


def _in_order(ordered: Any, offset: int, limit: int) -> list[AgentSession]:
    """The sessions of a page. What orders them all is narrow and in an index; their rows are wide and looked up."""
    keys = list(ordered[offset : offset + limit])
    rows = {session.pk: session for session in _listed(keys=padded(keys))}
    return [rows[key] for key in keys if key in rows]


@prepared
def _listed(*, keys: Any) -> Any:
    """The sessions of these keys as lists show them."""
    return AgentSession.objects.light().select_related("project").filter(In(F("pk"), keys))


def session_rows(
    sessions: list[AgentSession], *, now: datetime, projects: Projects = None
) -> list[SessionRow]:
    """Sessions with what their families add, as far as they belong to these projects; one query for all."""
    roots = padded(session.pk for session in sessions)
    found = _families(roots=roots, active_since=now - ACTIVE_FOR, projects=projects)
    families = {row["root_id"]: row for row in found}
    return [_row(session, families.get(session.pk), now) for session in sessions]


@prepared
def _families(*, roots: Any, active_since: Any, projects: Any) -> Any:
    members: Any = AgentSession.objects.with_status_since(active_since).filter(in_projects(projects))
    return members.filter(In(F("root_id"), roots)).family_totals()


def _row(session: AgentSession, family: dict[str, Any] | None, now: datetime) -> SessionRow:
    state = status_of(session, now=now)
    if family is None:  # a subagent: its family is its trunk's
        return SessionRow(session, state, 0, 0, Totals.of(session))
    return SessionRow(session, state, family["subagents"], family["live"], Totals.from_sums(family))


def status_of(session: AgentSession, *, now: datetime) -> str:
    """How a session stands at a moment; the same rule as `AgentSessionQuerySet.with_status`."""
    recent = session.is_open and session.ended_at is not None and session.ended_at > now - ACTIVE_FOR
    return "active" if recent else session.ending


def session(public_id: str, *, projects: Projects = None) -> AgentSession | None:
    """The session of an id as shown, with `S-` before it, or a subagent's `agent-<id>` alone when unique.

    Those of other projects are as unknown as any.
    """
    found: QuerySet[AgentSession] = AgentSession.objects.filter(in_projects(projects)).select_related(
        "project", "parent", "root", "forked_from", "continued_from"
    )
    for name in dict.fromkeys((public_id, public_id.removeprefix("S-"))):
        if exact := found.filter(public_id=name).first():
            return exact
        if name.startswith("agent-"):
            agents = list(found.filter(agent_id=name.removeprefix("agent-"))[:2])
            if len(agents) == 1:
                return agents[0]
    return None


def fork_counts(keys: Iterable[int], projects: Projects = None) -> dict[int, int]:
    """{session: how many in these projects were forked from it}, of these; without those that have none."""
    found = AgentSession.objects.filter(in_projects(projects), forked_from_id__in=list(keys))
    return dict(Counter(found.values_list("forked_from_id", flat=True)))


def projects_with_sessions(projects: Projects = None) -> list[Project]:
    """Those of the projects that can be chosen from, by name."""
    return _chosen_from(projects=projects)


@prepared
def _chosen_from(*, projects: Any) -> Any:
    sessions = AgentSession.objects.filter(project=OuterRef("pk"))
    found = Project.objects.filter(in_projects(projects, "pk"), Exists(sessions))
    return found.order_by("name", "id")
