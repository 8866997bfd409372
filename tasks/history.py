"""How tasks came to their status, from the commits of the repository their plans lie in."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath

from django.db import transaction

from tasks.models import Confidence, DateSource, PlanRoot, ProjectTask, StatusChange
from tasks.parsers.layouts.registry import BY_NAME
from tasks.reading import MAX_BYTES, parse
from tasks.repository import Revision, blobs, head_of, log_stamp, revisions

# Of one file; more are of plans that a program rewrites every minute.
MAX_REVISIONS = 200
_BLOBS_AT_ONCE = 500

type Place = tuple[str, str, int]  # file, id, occurrence


def read_history(root: PlanRoot, prefix: str) -> bool:
    """Write down the changes that commits since the last look made; returns whether there were any.

    A root outside of any repository, and one whose repository did not move, costs a few looks at file times.
    """
    stamp = log_stamp(root.path)
    if stamp == root.git_stamp_ns:
        return False
    head = head_of(root.path)
    found = revisions(root.path, root.git_head) or (revisions(root.path) if root.git_head else [])
    with transaction.atomic():
        changes = _changes(root, prefix, _bounded(found)) if head and head != root.git_head else []
        _save(changes)
        PlanRoot.objects.filter(pk=root.pk).update(git_head=head, git_stamp_ns=stamp)
    root.git_head, root.git_stamp_ns = head, stamp
    return bool(changes)


def _bounded(found: Iterable[Revision]) -> dict[str, list[Revision]]:
    """The latest revisions of each file, oldest first."""
    by_path: dict[str, list[Revision]] = defaultdict(list)
    for revision in found:
        by_path[revision.path].append(revision)
    return {path: of_file[-MAX_REVISIONS:] for path, of_file in by_path.items()}


def _changes(root: PlanRoot, prefix: str, by_path: dict[str, list[Revision]]) -> list[StatusChange]:
    tasks = _tasks_by_place(root)
    layouts = dict(root.documents.values_list("path", "layout"))
    wanted = [r for path, of_file in by_path.items() if path in layouts for r in of_file]
    said: dict[ProjectTask, list[tuple[Revision, str, str]]] = defaultdict(list)
    for start in range(0, len(wanted), _BLOBS_AT_ONCE):
        part = wanted[start : start + _BLOBS_AT_ONCE]
        contents = blobs(root.path, [r.blob for r in part], MAX_BYTES)
        for revision in part:
            cited = f"{prefix}/{revision.path}" if prefix else revision.path
            raw = contents.get(revision.blob, b"")
            parsed = parse(BY_NAME[layouts[revision.path]], cited, raw, len(raw))
            seen: Counter[str] = Counter()
            for task in parsed.tasks:
                row = _row(tasks, revision.path, task.id, seen[task.id])
                seen[task.id] += 1
                if row is not None:
                    said[row].append((revision, task.status, task.status_raw))
    return [change for row, states in said.items() for change in _transitions(root, row, states)]


def _tasks_by_place(root: PlanRoot) -> dict[Place, ProjectTask]:
    """Tasks by their file; those that are a whole file also by its folder, where their report lies beside it."""
    found: dict[Place, ProjectTask] = {}
    for row in ProjectTask.objects.present().filter(document__root=root).select_related("document"):
        path = row.document.path
        found[path, row.raw_id, row.occurrence] = row
        if row.kind == ProjectTask.Kind.PLAN:
            found.setdefault((str(PurePosixPath(path).parent), row.raw_id, 0), row)
    return found


def _row(tasks: dict[Place, ProjectTask], path: str, task_id: str, occurrence: int) -> ProjectTask | None:
    beside = (str(PurePosixPath(path).parent), task_id, 0)
    return tasks.get((path, task_id, occurrence)) or tasks.get(beside)


def _transitions(
    root: PlanRoot, row: ProjectTask, states: list[tuple[Revision, str, str]]
) -> Iterator[StatusChange]:
    """A change wherever a commit left another status than the one before it."""
    known = StatusChange.objects.filter(task=row, source=DateSource.GIT).order_by("changed_at", "id")
    before = known.values_list("status", flat=True).last()
    for revision, status, raw in sorted(states, key=lambda state: state[0].at):
        if status != before:
            yield StatusChange(
                project_id=root.project_id,
                task=row,
                status=status,
                status_raw=raw,
                changed_at=datetime.fromtimestamp(revision.at, UTC),
                source=DateSource.GIT,
                confidence=Confidence.HIGH,
                commit=revision.commit,
            )
        before = status


def _save(changes: list[StatusChange]) -> None:
    """Commits know better than the sync that happened to come by later."""
    told = {(change.task_id, change.status) for change in changes}
    seen = StatusChange.objects.filter(task__in={task for task, _ in told}, source=DateSource.SEEN)
    stale = [pk for pk, task, status in seen.values_list("id", "task_id", "status") if (task, status) in told]
    StatusChange.objects.filter(pk__in=stale).delete()
    StatusChange.objects.bulk_create(changes, batch_size=500, ignore_conflicts=True)
