"""Work that stands still: tasks that were begun and on which nobody has worked for a while."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analytics.periods import Bucket
from analytics.querysets import UNATTRIBUTED
from sessions.scope import Projects, in_projects
from tasks.models import Link, ProjectTask, Status, StatusChange

STALLED_AFTER = timedelta(days=7)
UNDER_WAY = (Status.IN_PROGRESS, Status.REVIEW)

Moment = datetime
Worked = tuple[Moment, Moment]


@dataclass(frozen=True, slots=True)
class StalledSpell:
    """A stretch of time in which a task stood still; `ends_at` None: nothing has ended it."""

    project: str
    feature_id: int | None
    begins_at: Moment
    ends_at: Moment | None
    task_id: int = 0


def stalled_spells(projects: Projects) -> list[StalledSpell]:
    """Every stretch in which a task of a plan was under way and no session linked to it, for seven days and on."""
    worked, changes = _worked(projects), _changes(projects)
    tasks = ProjectTask.objects.present().filter(in_projects(projects)).order_by("id")
    columns = ("id", "project__name", "feature_id", "feature__removed_at", "status", "first_seen_at")
    return [
        StalledSpell(name, None if removed_at else feature_id, *spell, task_id=key)
        for key, name, feature_id, removed_at, status, seen_at in tasks.values_list(*columns)
        for under_way in _under_way(changes.get(key) or [(seen_at, status)])
        for spell in _still(under_way, worked.get(key, []))
    ]


def _changes(projects: Projects) -> dict[int, list[tuple[Moment, str]]]:
    found: dict[int, list[tuple[Moment, str]]] = defaultdict(list)
    rows = StatusChange.objects.filter(in_projects(projects), task__isnull=False).order_by("changed_at", "id")
    columns: Any = rows.values_list("task_id", "changed_at", "status")
    for key, at, status in columns:
        found[key].append((at, status))
    return found


def _worked(projects: Projects) -> dict[int, list[Worked]]:
    """{task: when sessions that are linked to it were going on}, ascending."""
    found: dict[int, list[Worked]] = defaultdict(list)
    links = Link.objects.filter(in_projects(projects, "session__project"), task__isnull=False)
    rows = links.exclude(state=Link.State.UNLINKED).order_by("session__started_at", "id")
    for key, begun, ended in rows.values_list("task_id", "session__started_at", "session__ended_at"):
        if begun and ended:
            found[key].append((begun, ended))
    return found


def _under_way(changes: list[tuple[Moment, str]]) -> Iterator[tuple[Moment, Moment | None]]:
    """From each change to a status that means work to the next change of any kind."""
    ends: list[Moment | None] = [at for at, _ in changes[1:]]
    for (at, status), end in zip(changes, [*ends, None], strict=True):
        if status in UNDER_WAY:
            yield at, end


def _still(
    under_way: tuple[Moment, Moment | None], worked: Iterable[Worked]
) -> Iterator[tuple[Moment, Moment | None]]:
    """The parts of a stretch that begin seven days after the last sign of work in it."""
    since, end = under_way
    for begun, ended in worked:
        if end is not None and begun >= end:
            break
        if begun - since > STALLED_AFTER:
            yield since + STALLED_AFTER, begun
        since = max(since, ended)
    if end is None or end - since > STALLED_AFTER:
        yield since + STALLED_AFTER, end


def stalled_groups(
    spells: Iterable[StalledSpell], cut: list[Bucket], group_by: str | None
) -> dict[str, dict[int, Any]]:
    """{group: {bucket: tasks that stood still at its end}}; features by id."""
    held: dict[str, list[StalledSpell]] = {} if group_by else {"": []}
    for spell in spells:
        held.setdefault(_group(spell, group_by), []).append(spell)
    return {name: _counts(mine, [bucket.end_at for bucket in cut]) for name, mine in sorted(held.items())}


def _group(spell: StalledSpell, group_by: str | None) -> str:
    if group_by is None:
        return ""
    if group_by == "project":
        return spell.project
    return str(spell.feature_id) if spell.feature_id else UNATTRIBUTED


def _counts(spells: list[StalledSpell], moments: list[Moment]) -> dict[int, int]:
    """How many had begun before each moment and not ended before it."""
    begun = sorted(spell.begins_at for spell in spells)
    ended = sorted(spell.ends_at for spell in spells if spell.ends_at is not None)
    return {
        index: bisect_left(begun, moment) - bisect_left(ended, moment) for index, moment in enumerate(moments)
    }
