"""How the status of tasks and features changed: each change once, with when, how that is known and how surely."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sessions.models import Project
from tasks.models import Feature, ProjectTask, StatusChange
from tasks.parsers.records import LOW, MEDIUM, ParsedFeature, ParsedTask, Stamp
from tasks.parsers.statuses import IN_PROGRESS, TERMINAL

SEEN = "seen"


def note_task_changes(
    project: Project,
    fresh: Iterable[ProjectTask],
    changed: Iterable[tuple[ProjectTask, ParsedTask]],
    now: datetime,
) -> None:
    """Write down how new tasks came to their status, and to which status known ones came."""
    found = []
    for row in fresh:
        if row.started_on and row.status != IN_PROGRESS:
            found.append(_dated(project, IN_PROGRESS, _started(row), task=row, raw=""))
        found.append(_change(project, row.status, row.status_raw, _stamp_of(row), now, LOW, task=row))
    for row, parsed in changed:
        stamp = parsed.completed if row.status in TERMINAL else None
        found.append(_change(project, row.status, row.status_raw, stamp, now, MEDIUM, task=row))
    _save(found)


def note_feature_changes(
    project: Project, features: Sequence[tuple[Feature, ParsedFeature]], now: datetime
) -> None:
    """The same for features; one whose last known status is its status now did not change."""
    rows = project.status_changes.filter(feature__isnull=False).order_by("changed_at", "id")
    last = dict(rows.values_list("feature_id", "status"))
    found = []
    for row, parsed in features:
        before = last.get(row.pk)
        if before == row.status:
            continue
        stamp = parsed.completed if row.status in TERMINAL else None
        if before is None and parsed.started and row.status != IN_PROGRESS:
            found.append(_dated(project, IN_PROGRESS, parsed.started, feature=row, raw=""))
        if row.status == IN_PROGRESS and before is None:
            stamp = parsed.started
        sure = MEDIUM if before else LOW
        found.append(_change(project, row.status, row.status_raw, stamp, now, sure, feature=row))
    _save(found)


def _stamp_of(row: ProjectTask) -> Stamp | None:
    """When a task came to the status it has, as far as its plan says."""
    if row.status in TERMINAL and row.completed_on:
        at = row.completed_at.isoformat() if row.completed_at else ""
        return Stamp(row.completed_on.isoformat(), at, row.completed_confidence, row.completed_source)
    return _started(row) if row.status == IN_PROGRESS and row.started_on else None


def _started(row: ProjectTask) -> Stamp:
    at = row.started_at.isoformat() if row.started_at else ""
    return Stamp(str(row.started_on), at, row.started_confidence, row.started_source)


def _change(
    project: Project,
    status: str,
    raw: str,
    stamp: Stamp | None,
    now: datetime,
    confidence: str,
    *,
    task: ProjectTask | None = None,
    feature: Feature | None = None,
) -> StatusChange:
    """At the date that is written; where none is, at the time of the sync that saw it."""
    if stamp:
        return _dated(project, status, stamp, task=task, feature=feature, raw=raw)
    return StatusChange(
        project=project,
        task=task,
        feature=feature,
        status=status,
        status_raw=raw,
        changed_at=now,
        source=SEEN,
        confidence=confidence,
    )


def _dated(
    project: Project,
    status: str,
    stamp: Stamp,
    *,
    raw: str,
    task: ProjectTask | None = None,
    feature: Feature | None = None,
) -> StatusChange:
    at = datetime.fromisoformat(stamp.at or f"{stamp.on}T00:00:00+00:00").astimezone(UTC)
    return StatusChange(
        project=project,
        task=task,
        feature=feature,
        status=status,
        status_raw=raw,
        changed_at=at,
        has_time=bool(stamp.at),
        source=stamp.source,
        confidence=stamp.confidence,
    )


def _save(changes: Sequence[StatusChange]) -> None:
    StatusChange.objects.bulk_create(changes, batch_size=500, ignore_conflicts=True)
