"""Features, phases and tasks of a project from what its documents say; only rows that differ are written."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db.models import Model

from sessions.bulk import save_columns
from sessions.models import Project
from tasks.changes import note_feature_changes, note_task_changes
from tasks.models import Document, Feature, Phase, PlanRoot, PlanSettings, ProjectTask
from tasks.parsers.assembly import AUTO, assemble
from tasks.parsers.records import ParsedDocument, ParsedFeature, ParsedPhase, PlacedTask, PlanTree, Stamp
from tasks.parsers.references import phase_order

_BATCH = 500


def derive_project(project: Project, now: datetime, features: Counter[str], tasks: Counter[str]) -> PlanTree:
    """Bring features, phases and tasks up to date with the documents, counting what was written."""
    rows = list(Document.objects.filter(project=project, removed_at=None).select_related("root"))
    by_path, parsed = _parsed(rows)
    tree = assemble(parsed, _choice(project))
    feature_rows = _write_features(project, tree, by_path, now, features)
    phases = _write_phases(tree, feature_rows, by_path, now)
    _write_tasks(project, tree, by_path, feature_rows, phases, now, tasks)
    _place_documents(tree, by_path, feature_rows)
    _note_layouts(rows)
    return tree


def _choice(project: Project) -> str:
    chosen = PlanSettings.objects.filter(project=project).values_list("count_checklists", flat=True).first()
    return chosen or AUTO


def _parsed(rows: Iterable[Document]) -> tuple[dict[str, Document], list[ParsedDocument]]:
    """Documents by the path they are cited by; of two roots with the same path inside, the later is told apart."""
    by_path: dict[str, Document] = {}
    parsed = []
    for row in sorted(rows, key=lambda d: (d.root_id, d.path)):
        document = ParsedDocument.from_json(row.facts)
        if document.path in by_path:
            document = replace(document, path=f"{row.root_id}:{document.path}")
        by_path[document.path] = row
        parsed.append(document)
    return by_path, parsed


def _write_features(
    project: Project, tree: PlanTree, by_path: Mapping[str, Document], now: datetime, tally: Counter[str]
) -> dict[str, Feature]:
    known = {row.slug: row for row in Feature.objects.filter(project=project)}
    _follow_renames(tree, known, by_path)
    wanted = {parsed.slug: _feature_values(parsed) for parsed in tree.features}
    fresh, changed = [], []
    for slug, values in wanted.items():
        row = known.get(slug)
        if row is None:
            fresh.append(Feature(project=project, slug=slug, first_seen_at=now, **values))
        elif _apply(row, values):
            changed.append(row)
    gone = [row for slug, row in known.items() if slug not in wanted and row.removed_at is None]
    for row in gone:
        row.removed_at = now
    made = Feature.objects.bulk_create(fresh, batch_size=_BATCH)
    _save(Feature, [*changed, *gone])
    tally.update(created=len(fresh), updated=len(changed), removed=len(gone))
    found = {**{slug: known[slug] for slug in wanted if slug in known}, **{row.slug: row for row in made}}
    note_feature_changes(project, [(found[p.slug], p) for p in tree.features], now)
    return found


def _follow_renames(tree: PlanTree, known: dict[str, Feature], by_path: Mapping[str, Document]) -> None:
    """A feature whose slug is new and whose documents were all those of one that is gone is that one."""
    wanted = {parsed.slug for parsed in tree.features}
    by_id = {row.pk: row for slug, row in known.items() if slug not in wanted and row.removed_at is None}
    for parsed in tree.features:
        if parsed.slug in known:
            continue
        before = Counter(by_path[path].feature_id for path in parsed.documents)
        feature_id, shared = before.most_common(1)[0] if before else (None, 0)
        row = by_id.pop(feature_id, None) if feature_id else None
        if row is not None and shared * 2 > len(parsed.documents):
            del known[row.slug]
            row.slug = parsed.slug
            row.save(update_fields=["slug"])
            known[parsed.slug] = row


def _feature_values(parsed: ParsedFeature) -> dict[str, Any]:
    return {
        "aliases": list(parsed.aliases),
        "canonical_slug": parsed.canonical_slug,
        "name": parsed.name[:500],
        "category": parsed.category[:200],
        "family": parsed.family[:200],
        "lineage": {name: list(values) for name, values in parsed.lineage.items()},
        "status": parsed.status,
        "status_raw": parsed.status_raw,
        "status_reason": parsed.status_reason[:300],
        "priority": parsed.priority[:60],
        "owner": parsed.owner[:200],
        "planned_on": _day(parsed.planned),
        "started_on": _day(parsed.started),
        "completed_on": _day(parsed.completed),
        "updated_on": _day(parsed.updated),
        "completed_confidence": parsed.completed.confidence if parsed.completed else "",
        "completed_source": parsed.completed.source if parsed.completed else "",
        "commit_refs": list(parsed.commit_refs),
        "pull_requests": list(parsed.pull_requests),
        "files": list(parsed.files),
        "removed_at": None,
    }


def _write_phases(
    tree: PlanTree, features: Mapping[str, Feature], by_path: Mapping[str, Document], now: datetime
) -> dict[tuple[str, str], Phase]:
    slugs = {row.pk: slug for slug, row in features.items()}
    known = {(slugs[p.feature_id], p.token): p for p in Phase.objects.filter(feature__in=slugs)}
    fresh, changed, found = [], [], {}
    for feature in tree.features:
        for phase in feature.phases:
            values = _phase_values(phase, by_path)
            row = known.pop((feature.slug, phase.token), None)
            if row is None:
                row = Phase(feature=features[feature.slug], token=phase.token, **values)
                fresh.append(row)
            elif _apply(row, values):
                changed.append(row)
            found[feature.slug, phase.token] = row
    gone = [row for row in known.values() if row.removed_at is None]
    for row in gone:
        row.removed_at = now
    Phase.objects.bulk_create(fresh, batch_size=_BATCH)
    _save(Phase, [*changed, *gone])
    return found


def _phase_values(phase: ParsedPhase, by_path: Mapping[str, Document]) -> dict[str, Any]:
    return {
        "sort_key": phase_order(phase.token),
        "title": phase.title[:500],
        "document_id": by_path[phase.document].pk if phase.document else None,
        "status": phase.status,
        "status_raw": phase.status_raw,
        "claimed_progress": phase.claimed_progress,
        "started_on": _day(phase.started),
        "completed_on": _day(phase.completed),
        "commit_refs": list(phase.commit_refs),
        "files": list(phase.files),
        "removed_at": None,
    }


def _write_tasks(
    project: Project,
    tree: PlanTree,
    by_path: Mapping[str, Document],
    features: Mapping[str, Feature],
    phases: Mapping[tuple[str, str], Phase],
    now: datetime,
    tally: Counter[str],
) -> None:
    known = {(t.document_id, t.raw_id, t.occurrence): t for t in ProjectTask.objects.filter(project=project)}
    dated_by_git = _dates_in_git(project)
    seen: Counter[tuple[int, str]] = Counter()
    fresh, changed, kept = [], [], []
    positions: Counter[str] = Counter()
    for placed in tree.tasks:
        document = by_path[placed.document]
        position = positions[placed.document]
        positions[placed.document] += 1
        place = (document.pk, placed.task.id)
        key = (*place, seen[place])
        seen[place] += 1
        row = known.pop(key, None)
        values = _task_values(placed, position, features, phases, dated_by_git.get(row.pk) if row else None)
        if row is None:
            first = {"occurrence": key[2], "raw_id": key[1], "first_seen_at": now}
            row = ProjectTask(project=project, document=document, **first, **values)
            fresh.append(row)
        else:
            before = row.status if row.removed_at is None else None
            if _apply(row, values):
                changed.append(row)
            if before != row.status:
                kept.append((row, placed.task))
    gone = [row for row in known.values() if row.removed_at is None]
    for row in gone:
        row.removed_at = now
    ProjectTask.objects.bulk_create(fresh, batch_size=_BATCH)
    _save(ProjectTask, [*changed, *gone])
    tally.update(created=len(fresh), updated=len(changed), removed=len(gone))
    note_task_changes(project, fresh, kept, now)


def _dates_in_git(project: Project) -> dict[int, Stamp]:
    """{task: the day of the commit that last made it done}, for tasks that git history tells of."""
    rows = project.status_changes.filter(task__isnull=False, source="git").order_by("changed_at", "id")
    found: dict[int, Stamp] = {}
    for task_id, status, at in rows.values_list("task_id", "status", "changed_at"):
        if task_id is None:
            continue
        if status in ("done", "deferred"):
            found.setdefault(task_id, Stamp(at.date().isoformat(), at.isoformat(), "high", "git"))
        else:
            found.pop(task_id, None)
    return found


def _task_values(
    placed: PlacedTask,
    position: int,
    features: Mapping[str, Feature],
    phases: Mapping[tuple[str, str], Phase],
    committed: Stamp | None,
) -> dict[str, Any]:
    task = placed.task
    feature = features.get(placed.feature)
    phase = phases.get((placed.feature, placed.phase))
    completed = task.completed
    if (
        committed
        and task.status in ("done", "deferred")
        and (not completed or completed.source == "document")
    ):
        completed = committed
    return {
        "feature_id": feature.pk if feature else None,
        "phase_id": phase.pk if phase else None,
        "kind": task.kind,
        "position": position,
        "title": task.title,
        "description": task.description,
        "status": task.status,
        "status_raw": task.status_raw,
        **_dates("started", task.started),
        **_dates("completed", completed),
        "owner": next(iter(task.owners), "")[:200],
        "owners": list(task.owners),
        "priority": task.priority,
        "estimate_raw": task.estimate.raw,
        "estimate_points": task.estimate.points,
        "estimate_hours": task.estimate.hours,
        "estimate_usd": task.estimate.usd,
        "effort_raw": task.effort_raw,
        "assigned_model": task.assigned_model,
        "dependencies": list(task.dependencies),
        "evidence": list(task.evidence),
        "deliverables": list(task.deliverables),
        "files": list(task.files),
        "commit_refs": list(task.commit_refs),
        "session_refs": list(task.session_refs),
        "request_refs": list(task.request_refs),
        "agent_refs": list(task.agent_refs),
        "line": task.line,
        "removed_at": None,
    }


def _dates(name: str, stamp: Stamp | None) -> dict[str, Any]:
    return {
        f"{name}_on": _day(stamp),
        f"{name}_at": datetime.fromisoformat(stamp.at) if stamp and stamp.at else None,
        f"{name}_confidence": stamp.confidence if stamp else "",
        f"{name}_source": stamp.source if stamp else "",
    }


def _day(stamp: Stamp | None) -> date | None:
    return date.fromisoformat(stamp.on) if stamp else None


def _place_documents(
    tree: PlanTree, by_path: Mapping[str, Document], features: Mapping[str, Feature]
) -> None:
    owner = {path: features[f.slug].pk for f in tree.features for path in f.documents}
    moved = []
    for path, row in by_path.items():
        if row.feature_id != owner.get(path):
            row.feature_id = owner.get(path)
            moved.append(row)
    Document.objects.bulk_update(moved, ["feature"], batch_size=_BATCH)


def _note_layouts(rows: Iterable[Document]) -> None:
    names: dict[int, Counter[str]] = {}
    for row in rows:
        names.setdefault(row.root_id, Counter())[row.layout] += 1
    for root_id, counts in names.items():
        said = " ".join(name for name, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
        PlanRoot.objects.filter(pk=root_id).exclude(layout=said).update(layout=said)


def _apply(row: Model, values: Mapping[str, Any]) -> bool:
    """Set what differs; returns whether anything did."""
    differing = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)


def _save(model: type[Model], rows: Sequence[Model]) -> None:
    if rows:
        names = [f.attname for f in model._meta.concrete_fields if f.attname != "id"]
        save_columns(model, rows, names)
