"""Writing down each day how far plans are: open tasks, task completion, feature progress, with what was counted.

Plans keep no history of what they ask for: a task that is added or taken out changes every later count, and no
event of a session tells. So the state is kept per day, for each project and each of its features.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from analytics.models import AnalyticsEntityLink, AnalyticsEntry
from analytics.periods import local_date
from tasks.models import Feature, ProjectTask
from tasks.parsers.statuses import TERMINAL

BATCH = 500
Entity = tuple[str, int]
Counts = dict[str, int]
Key = tuple[int, int | None, str]  # project, feature, metric
EntityType = AnalyticsEntityLink.EntityType


@dataclass(frozen=True, slots=True)
class Captured:
    """A figure of a day as it should stand; `feature_id` None: of the whole project."""

    project_id: int
    feature_id: int | None
    metric: str
    value: float
    metadata: dict[str, Any]
    about: frozenset[Entity]

    @property
    def key(self) -> Key:
        return (self.project_id, self.feature_id, self.metric)


def capture(now: datetime) -> int:
    """Bring the entries of today up to date; returns how many were written. Unchanged ones are left alone."""
    day = _day(now)
    stored = {
        (entry.project_id, entry.feature_id, entry.metric): entry
        for entry in AnalyticsEntry.objects.filter(day=day).prefetch_related("entity_links")
    }
    wanted = {each.key: each for each in _figures()}
    changed = [each for key, each in wanted.items() if not _stands(stored.get(key), each)]
    gone = [entry.pk for key, entry in stored.items() if key not in wanted]
    if changed or gone:
        with transaction.atomic():
            AnalyticsEntry.objects.filter(pk__in=gone).delete()
            _write(changed, stored, day, now)
    return len(changed) + len(gone)


def is_captured(now: datetime) -> bool:
    """Whether today has entries already, so that only a change of plans asks for new ones."""
    return AnalyticsEntry.objects.filter(day=_day(now)).exists()


def _day(now: datetime) -> date:
    return local_date(now, ZoneInfo(settings.TELEMETRY_TIME_ZONE))


def _stands(entry: AnalyticsEntry | None, wanted: Captured) -> bool:
    return (
        entry is not None
        and (entry.value, entry.metadata) == (wanted.value, wanted.metadata)
        and _about(entry) == wanted.about
    )


def _about(entry: AnalyticsEntry) -> frozenset[Entity]:
    return frozenset((link.entity_type, link.entity_id) for link in entry.entity_links.all())


def _write(changed: list[Captured], stored: dict[Key, AnalyticsEntry], day: date, now: datetime) -> None:
    fresh, links = [], []
    for wanted in changed:
        entry = stored.get(wanted.key) or AnalyticsEntry(
            project_id=wanted.project_id, feature_id=wanted.feature_id, metric=wanted.metric, day=day
        )
        entry.value, entry.metadata, entry.captured_at = wanted.value, wanted.metadata, now
        before = _about(entry) if entry.pk else frozenset()
        if entry.pk:
            entry.save()
        else:
            fresh.append(entry)
        links += [
            AnalyticsEntityLink(entry=entry, entity_type=kind, entity_id=key)
            for kind, key in sorted(wanted.about - before)
        ]
        for kind, key in before - wanted.about:
            AnalyticsEntityLink.objects.filter(entry=entry, entity_type=kind, entity_id=key).delete()
    AnalyticsEntry.objects.bulk_create(fresh, batch_size=BATCH)
    for link in links:
        link.entry_id = link.entry.pk  # known only now that the entry is in the database
    AnalyticsEntityLink.objects.bulk_create(links, batch_size=BATCH)


def _figures() -> Iterator[Captured]:
    """The figures of every project and feature that has tasks."""
    counts, opened = _counts()
    features: dict[int, list[Counts]] = defaultdict(list)
    for (project_id, feature_id), found in counts.items():
        if feature_id is not None:
            features[project_id].append(found)
            yield from _of_feature(project_id, feature_id, found, opened[project_id, feature_id])
    for project_id in sorted({project_id for project_id, _ in counts}):
        mine = [key for key in counts if key[0] == project_id]
        whole = _added(counts[key] for key in mine)
        tasks = [task for key in mine for task in opened[key]]
        yield from _of_project(project_id, whole, tasks, features[project_id])


def _counts() -> tuple[dict[tuple[int, int | None], Counts], dict[tuple[int, int | None], list[int]]]:
    """({(project, feature): {status: tasks}}, {(project, feature): open tasks}) of all that stands in plans."""
    counts: dict[tuple[int, int | None], Counts] = defaultdict(lambda: defaultdict(int))
    opened: dict[tuple[int, int | None], list[int]] = defaultdict(list)
    present = set(Feature.objects.present().values_list("pk", flat=True))
    rows = ProjectTask.objects.present().order_by("project_id", "feature_id", "id")
    for key, project_id, feature_id, status in rows.values_list("id", "project_id", "feature_id", "status"):
        place = (project_id, feature_id if feature_id in present else None)
        counts[place][status] += 1
        if status not in TERMINAL:
            opened[place].append(key)
    return {place: dict(found) for place, found in counts.items()}, opened


def _of_feature(project_id: int, feature_id: int, counts: Counts, opened: list[int]) -> Iterator[Captured]:
    about = frozenset({(EntityType.PROJECT.value, project_id), (EntityType.FEATURE.value, feature_id)})
    told, percent = _told(counts), _percent(counts)
    yield Captured(project_id, feature_id, "open_tasks", len(opened), told, about | _tasks(opened))
    yield Captured(project_id, feature_id, "task_completion_pct", percent, told, about)
    yield Captured(project_id, feature_id, "feature_progress", percent, told, about)


def _of_project(
    project_id: int, counts: Counts, opened: list[int], features: list[Counts]
) -> Iterator[Captured]:
    about = frozenset({(EntityType.PROJECT.value, project_id)})
    told = _told(counts)
    yield Captured(project_id, None, "open_tasks", len(opened), told, about | _tasks(opened))
    yield Captured(project_id, None, "task_completion_pct", _percent(counts), told, about)
    if features:
        mean = sum(_percent(each) for each in features) / len(features)
        finished = sum(_percent(each) == 100 for each in features)
        told = {"features": len(features), "finished": finished}
        yield Captured(project_id, None, "feature_progress", mean, told, about)


def _tasks(keys: Iterable[int]) -> frozenset[Entity]:
    return frozenset((EntityType.TASK.value, key) for key in keys)


def _told(counts: Counts) -> dict[str, Any]:
    complete = sum(n for status, n in counts.items() if status in TERMINAL)
    return {"tasks": sum(counts.values()), "complete": complete, "statuses": dict(sorted(counts.items()))}


def _percent(counts: Counts) -> float:
    told = _told(counts)
    return 100 * float(told["complete"]) / float(told["tasks"])


def _added(parts: Iterable[Counts]) -> Counts:
    whole: Counts = defaultdict(int)
    for part in parts:
        for status, n in part.items():
            whole[status] += n
    return dict(whole)
