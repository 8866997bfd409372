"""Which sessions served which features: every session with its links, and what each link's work used."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, F, FilteredRelation, OuterRef, Q, Subquery, When

from analytics.models import SessionUsage
from analytics.periods import Period
from analytics.sums import Usage
from sessions.models import AgentSession
from sessions.scope import Projects, in_projects
from tasks.models import Feature, Link

# The link to a feature itself; those to its phases, tasks and commits tell more about the same link.
_TO_FEATURE = Q(
    links__feature__isnull=False, links__phase__isnull=True, links__task__isnull=True, links__commit=""
) & ~Q(links__state=Link.State.UNLINKED)
_LIGHT = ("dates", "timeline", "impact_history")
Place = tuple[int, int | None]  # session, feature
Part = tuple[str | None, int | None, bool]  # token of a phase, key of a task, whether it is the main link


@dataclass(frozen=True, slots=True)
class CorrelationAsked:
    """Which links are asked for. `feature_ids` None: of any feature, and sessions without a link as well.

    `only_linked` leaves those out.
    """

    period: Period
    projects: Projects = None
    session_id: int | None = None
    feature_ids: Collection[int] | None = None
    min_confidence: float = 0.0
    only_linked: bool = False
    surest_first: bool = False

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
    rows = _rows(asked)
    page = list(rows[offset : offset + limit])
    sessions = AgentSession.objects.select_related("project").defer(*_LIGHT).in_bulk({key for key, _ in page})
    links = Link.objects.select_related("feature__project").in_bulk({key for _, key in page if key})
    parts = _parts(sessions)
    used = _usage(sessions)
    items = [_item(sessions[key], links.get(link), parts, used) for key, link in page]
    return CorrelationPage(items, rows.count())


def _rows(asked: CorrelationAsked) -> Any:
    """(session key, link key or None) in order, for the database to page."""
    wanted = _TO_FEATURE & Q(links__confidence__gte=asked.min_confidence)
    if asked.projects is not None:
        features = Feature.objects.filter(in_projects(asked.projects))
        wanted &= Q(links__feature__in=list(features.values_list("pk", flat=True)))
    if asked.feature_ids is not None:
        wanted &= Q(links__feature__in=asked.feature_ids)
    rows = AgentSession.objects.annotate(link=FilteredRelation("links", condition=wanted))
    rows = rows.filter(*_session_conditions(asked))
    if not asked.wants_unlinked:
        rows = rows.filter(link__isnull=False)
    newest = F("started_at").desc(nulls_last=True)
    main_feature = Link.objects.filter(session=OuterRef("pk"), is_primary=True).values("feature_id")[:1]
    rows = rows.annotate(main_feature=Subquery(main_feature))
    main = Case(When(link__feature=F("main_feature"), then=0), default=1)
    surest = F("link__confidence").desc(nulls_last=True)
    order = (main, surest, newest, "id") if asked.surest_first else (newest, "id", main, surest)
    return rows.order_by(*order, "link__id").values_list("id", "link__id")


def _session_conditions(asked: CorrelationAsked) -> Iterable[Q]:
    period = asked.period
    if not period.starts_open:
        yield Q(started_at__gte=period.start_at)
    if not period.ends_open:
        yield Q(started_at__lt=period.end_at)
    yield in_projects(asked.projects)
    if asked.session_id is not None:
        yield Q(id=asked.session_id)


def _parts(session_ids: Iterable[int]) -> dict[Place, list[Part]]:
    """{(session, feature): the parts of it that the session is linked to}, the surest first."""
    found: dict[Place, list[Part]] = defaultdict(list)
    links = Link.objects.filter(session_id__in=list(session_ids), feature__isnull=False, phase__isnull=False)
    links = links | Link.objects.filter(session_id__in=list(session_ids), task__isnull=False)
    rows = links.exclude(state=Link.State.UNLINKED).order_by("-is_primary", "-confidence", "id")
    columns = ("session_id", "feature_id", "phase__token", "task_id", "is_primary")
    for session_id, feature_id, token, task_id, is_primary in rows.values_list(*columns):
        found[session_id, feature_id].append((token, task_id, is_primary))
    return found


def _usage(session_ids: Iterable[int]) -> dict[Place, Usage]:
    rows = SessionUsage.objects.filter(session_id__in=list(session_ids)).by_session_and_feature()
    return {(row["session_id"], row["feature_id"]): Usage.from_sums(row) for row in rows}


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
