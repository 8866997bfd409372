"""Features with what they cost, as a board or a list, and the rest that makes their sums add up."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django.db.models import Q

from analytics.periods import Period
from analytics.plans.work import (
    EVER,
    Progress,
    Work,
    WorkByKey,
    progress_by,
    total,
    whole_work,
    work_by_feature,
)
from analytics.querysets import UNATTRIBUTED
from analytics.sums import Usage
from sessions.models import Project
from sessions.scope import Projects, in_projects
from tasks.models import Feature, ProjectTask, Status

CARDS_IN_A_COLUMN = 12
TOP_FEATURES = 5
_ELSEWHERE = ("commit_refs", "pull_requests", "files", "lineage")  # what a feature's own page shows


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """`feature` is None for a sum of several or of none. `share` is percent of the whole cost."""

    name: str
    work: Work
    progress: Progress
    share: float | None
    feature: Any = None

    @property
    def worked_at(self) -> datetime | None:
        """When something was last done for it: by sessions, else as its plans say."""
        if self.work.last_at is not None or self.feature is None:
            return self.work.last_at
        return _midnight(self.feature.updated_on or self.feature.completed_on or self.feature.started_on)


@dataclass(frozen=True, slots=True)
class Column:
    """The features of a status; `more` of them are left out."""

    status: str
    label: str
    rows: list[FeatureRow]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


@dataclass(frozen=True, slots=True)
class FeatureBoard:
    """`rows` are what the filters let through; `shown`, `hidden` and `unattributed` add up to `whole`."""

    rows: list[FeatureRow]
    columns: list[Column]
    shown: FeatureRow
    hidden: FeatureRow | None
    unattributed: FeatureRow
    whole: FeatureRow
    count: int


def feature_board(
    *, projects: Projects = None, status: str = "", q: str = "", sort: str = "recent"
) -> FeatureBoard:
    """The features of a project or of all, with a number of queries that does not depend on how many."""
    work = work_by_feature(EVER, projects)
    whole = whole_work(projects)
    every = feature_rows(projects, work, whole.usage)
    rows = sorted((row for row in every if _matches(row.feature, status, q)), key=_SORTS[sort or "recent"])
    kept = {row.feature.pk for row in rows}
    left_out = [row for row in every if row.feature.pk not in kept]
    shown = _sum_row("Shown", rows, whole.usage)
    return FeatureBoard(
        rows=rows,
        columns=_columns(rows),
        shown=shown,
        hidden=_sum_row(f"{len(left_out)} filtered out", left_out, whole.usage) if left_out else None,
        unattributed=_row(UNATTRIBUTED, work.get(None, Work()), whole.usage),
        whole=_row("All work", whole, whole.usage),
        count=len(every),
    )


def feature_rows(projects: Projects, work: WorkByKey, whole: Usage) -> list[FeatureRow]:
    """Every feature the plans speak of, and those they no longer do on which something was spent."""
    spent = [key for key in work if key is not None]
    found = Feature.objects.filter(in_projects(projects) & Q(removed_at=None) | Q(id__in=spent))
    features = list(found.defer(*_ELSEWHERE))
    holders = Project.objects.in_bulk({feature.project_id for feature in features})
    for feature in features:
        feature.project = holders[feature.project_id]
    progress = progress_by(ProjectTask.objects.present().filter(feature__isnull=False), "feature_id")
    return [
        FeatureRow(
            name=feature.name or feature.slug,
            work=work.get(feature.pk, Work()),
            progress=progress.get(feature.pk, Progress()),
            share=share_of(work.get(feature.pk, Work()).usage, whole),
            feature=feature,
        )
        for feature in features
    ]


def share_of(part: Usage, whole: Usage) -> float | None:
    """Percent of the whole's cost; None where either is unknown."""
    if not whole.cost_nano_usd or (part.cost_nano_usd is None and part.responses):
        return None
    return 100 * (part.cost_nano_usd or 0) / whole.cost_nano_usd


def _row(name: str, work: Work, whole: Usage) -> FeatureRow:
    return FeatureRow(name, work, Progress(), share_of(work.usage, whole))


def _sum_row(name: str, rows: list[FeatureRow], whole: Usage) -> FeatureRow:
    work = total(row.work for row in rows)
    counts: dict[str, int] = {}
    for row in rows:
        for status, n in row.progress.counts.items():
            counts[status] = counts.get(status, 0) + n
    return FeatureRow(name, work, Progress(counts), share_of(work.usage, whole))


def _matches(feature: Any, status: str, q: str) -> bool:
    if status and feature.status != status:
        return False
    wanted = q.strip().casefold()
    names = (feature.name, feature.slug, *(str(alias) for alias in feature.aliases))
    return not wanted or any(wanted in name.casefold() for name in names)


def _columns(rows: Iterable[FeatureRow]) -> list[Column]:
    by_status: dict[str, list[FeatureRow]] = {status: [] for status in Status.values}
    for row in rows:
        by_status[row.feature.status].append(row)
    return [
        Column(status, Status(status).label, held[:CARDS_IN_A_COLUMN], len(held))
        for status, held in by_status.items()
    ]


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _newest(row: FeatureRow) -> tuple[Any, ...]:
    at = row.worked_at
    return (at is None, -at.timestamp() if at else 0, row.name, row.feature.pk)


_SORTS: dict[str, Callable[[FeatureRow], tuple[Any, ...]]] = {
    "recent": _newest,
    "cost": lambda row: (
        -(row.work.usage.cost_nano_usd or 0),
        -row.work.usage.all_tokens,
        row.name,
        row.feature.pk,
    ),
    "progress": lambda row: (
        -(row.progress.percent if row.progress.percent is not None else -1),
        row.name,
        row.feature.pk,
    ),
}


@dataclass(frozen=True, slots=True)
class FeatureCosts:
    """The features that cost most in a period, the others together, and what is attributed to none."""

    rows: list[FeatureRow]
    others: FeatureRow | None
    unattributed: FeatureRow
    whole: FeatureRow

    @property
    def has_features(self) -> bool:
        return bool(self.rows)


def feature_costs(period: Period, *, projects: Projects = None) -> FeatureCosts:
    """What a period's cost was for: the first few features, the rest, and what no plan explains."""
    whole = whole_work(projects, period)
    work = work_by_feature(period, projects)
    spent = [row for row in feature_rows(projects, work, whole.usage) if row.feature.pk in work]
    ranked = sorted(spent, key=_SORTS["cost"])
    others = ranked[TOP_FEATURES:]
    return FeatureCosts(
        rows=ranked[:TOP_FEATURES],
        others=_sum_row(f"{len(others)} other features", others, whole.usage) if others else None,
        unattributed=_row(UNATTRIBUTED, work.get(None, Work()), whole.usage),
        whole=_row("All work", whole, whole.usage),
    )
