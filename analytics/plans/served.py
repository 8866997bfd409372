"""What a session served: its course from one piece of planned work to the next, what each cost, and why."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse

from analytics.models import SessionUsage
from analytics.plans.linked_sessions import LinkRow, link_row, phase_name
from analytics.plans.querysets import by_target
from analytics.plans.work import Work, work_of
from analytics.querysets import UNATTRIBUTED
from analytics.sums import Usage
from sessions.models import AgentSession
from tasks.models import Feature, Link, Phase, ProjectTask, ServedSpan


@dataclass(frozen=True, slots=True)
class Target:
    """A feature, or a phase or task of it; all None is work that no plan explains."""

    feature: Feature | None = None
    phase: Phase | None = None
    task: ProjectTask | None = None

    @property
    def name(self) -> str:
        if self.feature is None:
            return UNATTRIBUTED
        return str(self.feature)

    @property
    def part(self) -> str:
        """The phase and task inside the feature, "" for the feature itself."""
        names = (
            phase_name(self.phase) if self.phase else "",
            f"task {self.task.raw_id}" if self.task else "",
        )
        return ", ".join(name for name in names if name)

    @property
    def href(self) -> str:
        if self.task is not None:
            return reverse("task-detail", args=[self.task.pk])
        return reverse("feature-detail", args=[self.feature.pk]) if self.feature else ""


@dataclass(frozen=True, slots=True)
class ServedPart:
    target: Target
    work: Work


@dataclass(frozen=True, slots=True)
class Stretch:
    """From this moment on, until the next stretch, the work was for the target."""

    at: datetime
    target: Target


@dataclass(frozen=True, slots=True)
class Served:
    """`parts` add up to `whole`: the session's own responses. `course` is empty where nothing planned was served."""

    session: AgentSession
    parts: list[ServedPart]
    whole: Usage
    course: list[Stretch]
    links: list[LinkRow]
    unlinked: list[LinkRow]
    commits: list[LinkRow] = field(default_factory=list)

    @property
    def primary(self) -> LinkRow | None:
        return next((row for row in self.links if row.link.is_primary), None)


def served(session: AgentSession) -> Served:
    """What a session's own work was for, and the links that say so."""
    related = ("feature", "phase", "task", "document", "session")
    links = list(session.links.select_related(*related).order_by("-is_primary", "-confidence", "id"))
    usage = sorted(by_target(SessionUsage.objects.filter(session=session)), key=_attributed_first)
    spans = list(ServedSpan.objects.filter(session=session).select_related("feature", "phase", "task"))
    targets = _targets(usage)
    return Served(
        session=session,
        parts=[ServedPart(targets(row), work_of(row)) for row in usage],
        whole=Usage.summed(Usage.from_sums(row) for row in usage),
        course=[_stretch(span) for span in spans],
        links=[link_row(link) for link in links if not link.commit and link.state != Link.State.UNLINKED],
        unlinked=[link_row(link) for link in links if link.state == Link.State.UNLINKED],
        commits=[link_row(link) for link in links if link.commit and link.state != Link.State.UNLINKED],
    )


@dataclass(frozen=True, slots=True)
class ServedBrief:
    """What a session was mainly for, None where nothing is clearly ahead, and how many links there are in all."""

    primary: LinkRow | None
    links: int


def served_briefs(sessions: Collection[AgentSession]) -> dict[int, ServedBrief]:
    """{session: the shortest answer to what it was for}, in one query."""
    by_key = {session.pk: session for session in sessions}
    held = Link.objects.filter(session__in=by_key, commit="").exclude(state=Link.State.UNLINKED)
    links: dict[int, list[Link]] = {key: [] for key in by_key}
    for link in held.select_related("feature", "phase", "task", "document"):
        link.session = by_key[link.session_id]
        links[link.session_id].append(link)
    return {key: _brief(mine) for key, mine in links.items()}


def _brief(links: list[Link]) -> ServedBrief:
    primary = next((link for link in links if link.is_primary), None)
    return ServedBrief(link_row(primary) if primary else None, len(links))


def _attributed_first(row: dict[str, Any]) -> tuple[bool, int, int, int]:
    phase, task = row["phase_id"] or 0, row["task_id"] or 0
    return (row["feature_id"] is None, row["first_quarter"] or 0, phase, task)


def _stretch(span: ServedSpan) -> Stretch:
    return Stretch(
        datetime.fromtimestamp(span.from_ms / 1000, UTC), Target(span.feature, span.phase, span.task)
    )


def _targets(rows: Iterable[dict[str, Any]]) -> Any:
    held = list(rows)
    features = Feature.objects.in_bulk({row["feature_id"] for row in held} - {None})
    phases = Phase.objects.in_bulk({row["phase_id"] for row in held} - {None})
    tasks = ProjectTask.objects.in_bulk({row["task_id"] for row in held} - {None})
    return lambda row: Target(
        features.get(row["feature_id"]), phases.get(row["phase_id"]), tasks.get(row["task_id"])
    )
