"""Which sessions served which features: every session with its links, and what each link's work used."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, F, FilteredRelation, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan, In

from analytics.models import SessionUsage
from analytics.periods import Period
from analytics.querysets import link_count, row_count
from analytics.sums import Usage
from sessions.models import AgentSession
from sessions.prepared import padded, prepared
from sessions.querysets import AgentSessionQuerySet
from sessions.scope import Projects, in_projects
from tasks.models import Feature, Link

# The link to a feature itself; those to its phases, tasks and commits tell more about the same link.
_TO_FEATURE = Q(
    links__feature__isnull=False, links__phase__isnull=True, links__task__isnull=True, links__commit=""
) & ~Q(links__state=Link.State.UNLINKED)
# What is shown of a session beside its links, and what is not shown of a feature.
_OF_SESSIONS = (
    "public_id",
    "title",
    "project__name",
    "agent_id",
    "agent_name",
    "session_type",
    "model",
    "commits",
    "started_at",
    "ended_at",
    "is_open",
    "ending",
)
_NOT_OF_FEATURES = tuple(
    f"feature__{name}" for name in ("aliases", "lineage", "commit_refs", "pull_requests", "files")
)
Place = tuple[int, int | None]  # session, feature
Part = tuple[str | None, int | None, bool]  # token of a phase, key of a task, whether it is the main link


@dataclass(frozen=True, slots=True)
class CorrelationAsked:
    """Which links are asked for. `feature_ids` None: of any feature, and sessions without a link as well.

    `only_linked` leaves those out. `whole_sessions` is for whoever shows more of them than who they are.
    """

    period: Period
    projects: Projects = None
    session_id: int | None = None
    feature_ids: Collection[int] | None = None
    min_confidence: float = 0.0
    only_linked: bool = False
    surest_first: bool = False
    whole_sessions: bool = False

    @property
    def wants_unlinked(self) -> bool:
        return self.feature_ids is None and self.min_confidence <= 0 and not self.only_linked


@dataclass(frozen=True, slots=True)
class Correlated:
    """A session with one of its links; without a link `link` is None.

    `is_primary`: this feature, or a part of it, is what the session was for first of all. `phases` are tokens,
    `task_ids` keys, both of links to parts of the feature, the surest first. `usage` is what the session's own
    responses used while they served this feature, or nothing planned where there is no link.
    """

    session: AgentSession
    link: Link | None
    is_primary: bool = False
    phases: list[str] = field(default_factory=list)
    task_ids: list[int] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)

    @property
    def feature(self) -> Feature | None:
        return self.link.feature if self.link else None

    @property
    def percent(self) -> float | None:
        """How sure the link is; None without one."""
        return 100 * self.link.confidence if self.link else None


@dataclass(frozen=True, slots=True)
class CorrelationPage:
    items: list[Correlated]
    total: int


def correlation(asked: CorrelationAsked, *, offset: int = 0, limit: int = 100) -> CorrelationPage:
    """One item per link of the sessions that began in the period, newest session first, its main link first.

    With `surest_first`, main links come before others and sure ones before unsure ones, whichever session has them.
    """
    page, total = _page(asked, offset, limit)
    keys = padded({key for key, _ in page})
    sessions = {session.pk: session for session in _sessions(asked.whole_sessions, keys=keys)}
    links = {link.pk: link for link in _links(keys=padded({key for _, key in page if key}))}
    parts, used = _parts(keys), _usage(keys)
    # A session or link that was removed in between is left out.
    items = [
        _item(sessions[key], links.get(link), parts, used)
        for key, link in page
        if key in sessions and (link is None or link in links)
    ]
    return CorrelationPage(items, total)


def _page(asked: CorrelationAsked, offset: int, limit: int) -> tuple[list[Any], int]:
    """The keys of a page, and how many there are on all."""
    if asked.projects is not None or asked.feature_ids is not None:
        rows = _rows(asked)
        return list(rows[offset : offset + limit]), rows.count()
    values = {
        "start": None if asked.period.starts_open else asked.period.start_at,
        "end": None if asked.period.ends_open else asked.period.end_at,
        "session_id": asked.session_id,
        "min_confidence": asked.min_confidence,
    }
    page = _page_of_all(offset, limit, asked.wants_unlinked, asked.surest_first, **values)
    return page, _total(asked.wants_unlinked, **values)


def _total(wants_unlinked: bool, **values: Any) -> int:
    """How many rows there are on all; of most sessions it is quickest to begin with the links."""
    if values["start"] is not None or values["session_id"] is not None:
        return sum(n for (n,) in _count_within(wants_unlinked, **values))
    links, with_links = next(iter(_links_of_all(**values)), (0, 0))
    if not wants_unlinked:
        return int(links)
    ends = {name: values[name] for name in ("start", "end", "session_id")}
    return int(links - with_links + sum(n for (n,) in _sessions_of_all(**ends)))


@prepared
def _page_of_all(
    offset: int, limit: int, wants_unlinked: bool, surest_first: bool, *, min_confidence: Any, **ends: Any
) -> Any:
    found = _linked(_begun(**ends), _as_sure(min_confidence), wants_unlinked)
    return _in_order(found, surest_first)[offset : offset + limit]


@prepared
def _links_of_all(*, min_confidence: Any, **ends: Any) -> Any:
    return link_count(_with_links(_begun(**ends), _as_sure(min_confidence)))


@prepared
def _sessions_of_all(**ends: Any) -> Any:
    return _begun(**ends).counted()


@prepared
def _count_within(wants_unlinked: bool, *, min_confidence: Any, **ends: Any) -> Any:
    return row_count(_linked(_begun(**ends), _as_sure(min_confidence), wants_unlinked))


@prepared
def _sessions(is_whole: bool, *, keys: Any) -> Any:
    sessions = AgentSession.objects.select_related("project").filter(In(F("pk"), keys))
    return sessions.light() if is_whole else sessions.only(*_OF_SESSIONS)


@prepared
def _links(*, keys: Any) -> Any:
    links = Link.objects.select_related("feature").defer(*_NOT_OF_FEATURES)
    return links.filter(In(F("pk"), keys))


def _rows(asked: CorrelationAsked) -> Any:
    """(session key, link key or None) in order, for the database to page."""
    wanted = _as_sure(asked.min_confidence)
    if asked.projects is not None:
        features = Feature.objects.filter(in_projects(asked.projects))
        wanted &= Q(links__feature__in=list(features.values_list("pk", flat=True)))
    if asked.feature_ids is not None:
        wanted &= Q(links__feature__in=asked.feature_ids)
    start = None if asked.period.starts_open else asked.period.start_at
    end = None if asked.period.ends_open else asked.period.end_at
    sessions = _begun(start, end, asked.session_id).filter(in_projects(asked.projects))
    return _in_order(_linked(sessions, wanted, asked.wants_unlinked), asked.surest_first)


def _as_sure(min_confidence: Any) -> Q:
    return _TO_FEATURE & Q(links__confidence__gte=min_confidence)


def _linked(sessions: AgentSessionQuerySet, wanted: Q, wants_unlinked: bool) -> Any:
    """Sessions with each of the links that are wanted; those without one as well where they are."""
    rows = _with_links(sessions, wanted)
    if wants_unlinked:
        return rows
    # Not "is not null", for which SQLite begins with the links and sorts all of them: sessions stand in order.
    return rows.filter(GreaterThan(Coalesce(F("link__id"), 0), 0))


def _with_links(sessions: AgentSessionQuerySet, wanted: Q) -> Any:
    return sessions.annotate(link=FilteredRelation("links", condition=wanted))


def _in_order(rows: Any, surest_first: bool) -> Any:
    newest = F("started_at").desc(nulls_last=True)
    main_feature = Link.objects.filter(session=OuterRef("pk"), is_primary=True).values("feature_id")[:1]
    rows = rows.annotate(main_feature=Subquery(main_feature))
    main = Case(When(link__feature=F("main_feature"), then=0), default=1)
    surest = F("link__confidence").desc(nulls_last=True)
    order = (main, surest, newest, "id") if surest_first else (newest, "id", main, surest)
    return rows.order_by(*order, "link__id").values_list("id", "link__id")


def _begun(start: Any, end: Any, session_id: Any) -> AgentSessionQuerySet:
    """Sessions that began in a stretch of time, or one; None is no condition."""
    given = {"started_at__gte": start, "started_at__lt": end, "id": session_id}
    conditions = {name: value for name, value in given.items() if value is not None}
    found: AgentSessionQuerySet = AgentSession.objects.filter(**conditions)
    return found


def _parts(keys: tuple[int, ...]) -> dict[Place, list[Part]]:
    """{(session, feature): the parts of it that the session is linked to}, the surest first."""
    found: dict[Place, list[Part]] = defaultdict(list)
    for session_id, feature_id, token, task_id, is_primary in _links_to_parts(keys=keys):
        found[session_id, feature_id].append((token, task_id, is_primary))
    return found


@prepared
def _links_to_parts(*, keys: Any) -> Any:
    to_part = Q(feature__isnull=False, phase__isnull=False) | Q(task__isnull=False)
    links = Link.objects.filter(In(F("session_id"), keys)).filter(to_part).exclude(state=Link.State.UNLINKED)
    rows = links.order_by("-is_primary", "-confidence", "id")
    return rows.values_list("session_id", "feature_id", "phase__token", "task_id", "is_primary")


def _usage(keys: tuple[int, ...]) -> dict[Place, Usage]:
    return {(row["session_id"], row["feature_id"]): Usage.from_sums(row) for row in _used(keys=keys)}


@prepared
def _used(*, keys: Any) -> Any:
    return SessionUsage.objects.filter(In(F("session_id"), keys)).by_session_and_feature()


def _item(
    session: AgentSession,
    link: Link | None,
    parts: dict[Place, list[Part]],
    used: dict[Place, Usage],
) -> Correlated:
    place = (session.pk, link.feature_id if link else None)
    mine = parts.get(place, []) if link else []
    return Correlated(
        session,
        link,
        link is not None and (link.is_primary or any(is_primary for _, _, is_primary in mine)),
        list(dict.fromkeys(token for token, _, _ in mine if token is not None)),
        list(dict.fromkeys(task for _, task, _ in mine if task is not None)),
        used.get(place, Usage()),
    )
