"""Tasks, features and documents under the API's names, as JSON-ready values."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import F
from django.db.models.lookups import In

from sessions.api_fields import iso
from sessions.models import Project
from sessions.prepared import padded, prepared
from tasks.models import Document, Feature, Phase, ProjectTask, StatusChange
from tasks.parsers.statuses import DEFERRED, TERMINAL
from tasks.serializers import REFERENCE_NAMES

Counts = dict[str, int]


def project_json(project: Project) -> dict[str, Any]:
    return {"id": project.pk, "slug": project.slug, "name": project.name}


def day(on: date | None, at: datetime | None = None) -> str | None:
    """A moment where a time of day is known, else the day alone."""
    return iso(at) if at is not None else on.isoformat() if on else None


def date_json(value: str | None, confidence: str, source: str) -> dict[str, Any] | None:
    """A date with how sure it is and what says so; None for an unknown one."""
    return {"value": value, "confidence": confidence, "source": source} if value else None


def task_json(task: ProjectTask) -> dict[str, Any]:
    """What a task's own row says; `document`, `feature`, `phase` and `project` are to be loaded with it."""
    started = day(task.started_on, task.started_at)
    completed = day(task.completed_on, task.completed_at)
    return {
        "id": str(task.pk),
        "rawId": task.raw_id,
        "project": project_json(task.project),
        "kind": task.kind,
        "title": task.title,
        "description": task.description,
        "status": task.status,
        "statusRaw": task.status_raw or None,
        "owner": task.owner or None,
        "owners": task.owners,
        "lastAgent": task.agent_refs[-1] if task.agent_refs else None,
        "priority": task.priority or None,
        "assignedModel": task.assigned_model or None,
        "featureId": task.feature.slug if task.feature else None,
        "featureKey": task.feature_id,
        "featureName": task.feature.name if task.feature else None,
        "phaseId": None if task.phase_id is None else str(task.phase_id),
        "phase": task.phase.token if task.phase else None,
        "startedAt": started,
        "completedAt": completed,
        "updatedAt": day(task.document.updated_on, None) or iso(task.document.changed_at),
        "dates": {
            "startedAt": date_json(started, task.started_confidence, task.started_source),
            "completedAt": date_json(completed, task.completed_confidence, task.completed_source),
        },
        "estimate": {
            "raw": task.estimate_raw or None,
            "points": task.estimate_points,
            "hours": task.estimate_hours,
            "usd": task.estimate_usd,
        },
        "effortRaw": task.effort_raw or None,
        "relatedFiles": task.files,
        "sourceFile": task.document.project_path,
        "documentId": str(task.document_id),
        "line": task.line,
        "sessionId": task.session_refs[0] if task.session_refs else None,
        "commitHash": task.commit_refs[-1] if task.commit_refs else None,
        "removedAt": iso(task.removed_at or task.document.removed_at),
    }


def task_details(task: ProjectTask) -> dict[str, Any]:
    """What only a task's own page needs."""
    return {
        "dependencies": _texts(task.dependencies),
        "evidence": _texts(task.evidence),
        "deliverables": _texts(task.deliverables),
        "commitHashes": _texts(task.commit_refs),
        "sessionRefs": _texts(task.session_refs),
        "requestRefs": _texts(task.request_refs),
        "statusHistory": [status_change_json(change) for change in task.status_changes.all()],
    }


def _texts(values: Iterable[Any]) -> list[str]:
    return [value if isinstance(value, str) else str(value) for value in values]


def status_change_json(change: StatusChange) -> dict[str, Any]:
    return {
        "status": change.status,
        "statusRaw": change.status_raw or None,
        "changedAt": iso(change.changed_at) if change.has_time else change.changed_at.date().isoformat(),
        "source": change.source,
        "confidence": change.confidence,
        "commitHash": change.commit or None,
    }


def progress_json(counts: Counts) -> dict[str, Any]:
    """Tasks by how they stand; deferred ones are among the completed, since nothing remains to be done."""
    total = sum(counts.values())
    completed = sum(n for status, n in counts.items() if status in TERMINAL)
    return {
        "totalTasks": total,
        "completedTasks": completed,
        "deferredTasks": counts.get(DEFERRED, 0),
        "progress": 100 * completed / total if total else None,
    }


@dataclass(frozen=True, slots=True)
class FeatureParts:
    """What belongs to some features, by the key of the feature (`phase_counts`: of the phase)."""

    counts: dict[int, Counts] = field(default_factory=dict)
    phases: dict[int, list[Phase]] = field(default_factory=dict)
    phase_counts: dict[int, Counts] = field(default_factory=dict)
    documents: dict[int, list[Document]] = field(default_factory=dict)


def parts_of(features: Iterable[Feature]) -> FeatureParts:
    """Phases, documents and counts of tasks of these features, in a fixed number of queries."""
    keys = [feature.pk for feature in features]
    tasks = ProjectTask.objects.present().filter(feature_id__in=keys)
    parts = FeatureParts(
        counts={key[0]: counts for key, counts in tasks.counts_by("feature_id").items()},
        phase_counts={key[0]: counts for key, counts in tasks.counts_by("phase_id").items()},
        phases=defaultdict(list),
        documents=defaultdict(list),
    )
    for phase in _phases(keys=padded(keys)):
        parts.phases[phase.feature_id].append(phase)
    for document in _documents(keys=padded(keys)):
        parts.documents[document.feature_id].append(document)
    return parts


@prepared
def _phases(*, keys: Any) -> Any:
    rows = Phase.objects.filter(In(F("feature_id"), keys), removed_at=None)
    return rows.defer("commit_refs", "files")


@prepared
def _documents(*, keys: Any) -> Any:
    return Document.objects.present().filter(In(F("feature_id"), keys)).defer("facts")


def feature_json(feature: Feature, parts: FeatureParts) -> dict[str, Any]:
    """A feature with its phases and the documents that speak of it; without their tasks and texts."""
    completed = day(feature.completed_on)
    documents = parts.documents.get(feature.pk, [])
    return {
        "id": feature.slug,
        "key": feature.pk,
        "project": project_json(feature.project),
        "name": feature.name,
        "aliases": feature.aliases,
        "status": feature.status,
        "statusRaw": feature.status_raw or None,
        "statusReason": feature.status_reason or None,
        "category": feature.category or None,
        "family": feature.family or None,
        "priority": feature.priority or None,
        "owner": feature.owner or None,
        **progress_json(parts.counts.get(feature.pk, {})),
        "plannedAt": day(feature.planned_on),
        "startedAt": day(feature.started_on),
        "completedAt": completed,
        "updatedAt": day(feature.updated_on),
        "dates": {
            "completedAt": date_json(completed, feature.completed_confidence, feature.completed_source)
        },
        "relatedFeatures": related(feature.lineage),
        "phases": [phase_json(phase, parts) for phase in parts.phases.get(feature.pk, [])],
        "linkedDocs": [document_reference(document) for document in documents],
        "removedAt": iso(feature.removed_at),
    }


def related(lineage: dict[str, Any]) -> list[str]:
    """Slugs that a feature's lineage names, each once."""
    found: list[str] = []
    for name in ("parent", "children", "supersedes", "superseded_by"):
        value = lineage.get(name)
        found += value if isinstance(value, list) else [value] if value else []
    return list(dict.fromkeys(str(slug) for slug in found))


def feature_details(feature: Feature) -> dict[str, Any]:
    return {
        "commitHashes": _texts(feature.commit_refs),
        "pullRequests": _texts(feature.pull_requests),
        "files": _texts(feature.files),
        "statusHistory": [status_change_json(change) for change in feature.status_changes.all()],
    }


def phase_json(phase: Phase, parts: FeatureParts) -> dict[str, Any]:
    counted = progress_json(parts.phase_counts.get(phase.pk, {}))
    return {
        "id": str(phase.pk),
        "phase": phase.token,
        "title": phase.title or None,
        "status": phase.status,
        "statusRaw": phase.status_raw or None,
        **counted,
        "claimedProgress": phase.claimed_progress,
        "startedAt": day(phase.started_on),
        "completedAt": day(phase.completed_on),
        "documentId": None if phase.document_id is None else str(phase.document_id),
    }


def document_reference(document: Document) -> dict[str, Any]:
    """As much of a document as it takes to name it and go there."""
    return {
        "id": str(document.pk),
        "title": document.title,
        "filePath": document.project_path,
        "docType": document.doc_type,
        "docSubtype": document.doc_subtype or None,
        "category": document.category or None,
        "phase": document.phase_token or None,
        "status": document.status,
        "statusRaw": document.status_raw or None,
        "updatedAt": day(document.updated_on) or iso(document.changed_at),
    }


def document_json(document: Document, counts: Counts) -> dict[str, Any]:
    """A document in a list; `counts` are of the tasks that stand in it."""
    return document_reference(document) | {
        "project": project_json(document.project),
        "layout": document.layout,
        "owner": document.owner or None,
        "featureId": document.feature.slug if document.feature else None,
        "featureKey": document.feature_id,
        "hasFrontmatter": document.has_front_matter,
        "createdAt": day(document.created_on),
        "completedAt": day(document.completed_on),
        "firstSeenAt": iso(document.first_seen_at),
        "changedAt": iso(document.changed_at),
        "removedAt": iso(document.removed_at),
        **progress_json(counts),
    }


def document_details(document: Document) -> dict[str, Any]:
    """Check-list items, problems and unknown words of a document."""
    references = document.facts.get("references") or {}
    return {
        "checklist": [
            {
                "line": item.line,
                "heading": item.heading or None,
                "text": item.text,
                "isDone": item.is_done,
                "depth": item.depth,
            }
            for item in document.checklist.all()
        ],
        "problems": [
            {"line": found.line, "reason": found.reason, "detail": found.detail, "excerpt": found.excerpt}
            for found in document.problems.all()
        ],
        "unknownStatuses": [
            {"word": found.word, "where": found.where, "count": found.count}
            for found in document.unknown_statuses.all()
        ],
        "references": {shown: _texts(references.get(name) or ()) for name, shown in REFERENCE_NAMES.items()},
    }
