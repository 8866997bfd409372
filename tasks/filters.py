"""From what is asked of the lists of planned work to conditions on them."""

from collections.abc import Callable
from typing import Any

from django.db.models import F, Q, QuerySet

from sessions.scope import Projects, in_projects
from sessions.text_matching import MAX_WORDS, contains, equals
from tasks.models import Document, Feature, ProjectTask
from tasks.querysets import DocumentQuerySet, FeatureQuerySet, ProjectTaskQuerySet

# Documents that follow work while it goes on, which some readers do not want among plans.
PROGRESS_TYPES = ("progress",)


def features_named(name: str, projects: Projects = None) -> "QuerySet[Feature]":
    """Features of a slug, or else the one of a key; slugs repeat in other projects, keys do not."""
    found = Feature.objects.filter(in_projects(projects))
    named = found.filter(slug=name)
    if is_key(name) and not named.exists():
        return found.filter(pk=int(name))
    return named


def is_key(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 19


def filtered_tasks(filters: dict[str, Any]) -> ProjectTaskQuerySet:
    """Tasks that stand in a plan and that every given filter lets through, in the order of their plans."""
    found: ProjectTaskQuerySet = _filtered(ProjectTask.objects.present(), _TASKS, filters)
    return found.order_by("project_id", "document__project_path", "position", "id")


def filtered_features(filters: dict[str, Any]) -> FeatureQuerySet:
    """Features that plans speak of, by name."""
    found: FeatureQuerySet = _filtered(Feature.objects.present(), _FEATURES, filters)
    return found.order_by("name", "project_id", "slug")


def filtered_documents(filters: dict[str, Any]) -> DocumentQuerySet:
    """Documents whose file exists, the last updated first."""
    found: DocumentQuerySet = _filtered(Document.objects.present(), _DOCUMENTS, filters)
    return found.order_by(F("updated_on").desc(nulls_last=True), "-changed_at", "title", "id")


def _filtered(rows: Any, conditions: dict[str, Callable[[Any], Q]], filters: dict[str, Any]) -> Any:
    given = (build(filters[name]) for name, build in conditions.items() if filters.get(name) is not None)
    return rows.filter(*given)


def _equal(column: str) -> Callable[[Any], Q]:
    return lambda value: Q(**{column: value})


def _of_feature(name: str) -> Q:
    by_key = Q(feature_id=int(name)) if is_key(name) else Q(pk__in=[])
    return Q(feature__slug=name, feature__removed_at=None) | by_key


def _words(*columns: str) -> Callable[[str], Q]:
    """Every word in one of the columns."""

    def condition(text: str) -> Q:
        whole = Q()
        for word in text.split()[:MAX_WORDS]:
            whole &= contains(word, *columns)
        return whole

    return condition


def _owned(name: str) -> Q:
    return equals("owner", name)


def _with_progress(wanted: bool) -> Q:
    return Q() if wanted else ~Q(doc_type__in=PROGRESS_TYPES)


_TASKS: dict[str, Callable[[Any], Q]] = {
    "projects": in_projects,
    "status": _equal("status"),
    "kind": _equal("kind"),
    "feature": _of_feature,
    "phase": _equal("phase__token"),
    "owner": _owned,
    "q": _words("raw_id", "title", "description"),
    "completed_start": _equal("completed_on__gte"),
    "completed_end": _equal("completed_on__lte"),
}
_FEATURES: dict[str, Callable[[Any], Q]] = {
    "projects": in_projects,
    "status": _equal("status"),
    "category": _equal("category"),
    "owner": _owned,
    "q": _words("slug", "name", "category"),
    "completed_start": _equal("completed_on__gte"),
    "completed_end": _equal("completed_on__lte"),
}
_DOCUMENTS: dict[str, Callable[[Any], Q]] = {
    "projects": in_projects,
    "status": _equal("status"),
    "doc_type": _equal("doc_type"),
    "doc_subtype": _equal("doc_subtype"),
    "category": _equal("category"),
    "feature": _of_feature,
    "phase": _equal("phase_token"),
    "owner": _owned,
    "include_progress": _with_progress,
    "q": _words("title", "project_path", "category", "feature__slug"),
}
