"""The shapes of the answers about planned work, as `/api/schema` describes them."""

from typing import Any

from rest_framework import serializers

from sessions.serializers import (
    Fields,
    counts,
    flags,
    instants,
    page,
    project_fields,
    shape,
    text_lists,
    texts,
    unsure_counts,
    words,
)
from tasks.models import Status

# What a document points to: names of stored facts, and their names in the API.
REFERENCE_NAMES = {
    **{name: name for name in ("paths", "features", "prds", "sessions", "requests", "commits", "files")},
    "pull_requests": "pullRequests",
}


def numbers(*names: str) -> Fields:
    """Numbers that may be unknown."""
    return {name: serializers.FloatField(allow_null=True) for name in names}


def status_field(*, allow_null: bool = False) -> Fields:
    return {"status": serializers.ChoiceField(Status.choices, allow_null=allow_null)}


def progress_fields() -> Fields:
    whole = ("totalTasks", "completedTasks", "deferredTasks")
    percent = serializers.FloatField(
        allow_null=True, help_text="Percent of the tasks that are complete; null where there are none."
    )
    return {**counts(*whole), "progress": percent}


def named_project() -> Fields:
    return {"project": shape("ProjectName", project_fields())}


def told_dates(name: str, *dates: str) -> Fields:
    told = words("value", "confidence", "source")
    return {"dates": shape(name, {date: shape("PlanDate", told, allow_null=True) for date in dates})}


def task_fields() -> Fields:
    estimate = shape("TaskEstimate", texts("raw"), numbers("points", "hours", "usd"))
    moments = ("startedAt", "completedAt", "updatedAt")
    more = ("owner", "lastAgent", "priority", "assignedModel", "effortRaw", "sessionId", "commitHash")
    return {
        **words("id", "rawId", "kind", "title", "sourceFile", "documentId"),
        "description": serializers.CharField(allow_blank=True),
        **named_project(),
        **status_field(),
        **texts("statusRaw", "featureId", "featureName", "phaseId", "phase", *moments, *more),
        **unsure_counts("featureKey", "line"),
        **text_lists("owners", "relatedFiles"),
        **told_dates("TaskDates", "startedAt", "completedAt"),
        "estimate": estimate,
        **instants("removedAt"),
    }


def status_history() -> Fields:
    change = shape(
        "StatusChange",
        words("changedAt", "source", "confidence"),
        status_field(),
        texts("statusRaw", "commitHash"),
        many=True,
    )
    return {"statusHistory": change}


def task_detail_fields() -> Fields:
    lists = ("dependencies", "evidence", "deliverables", "commitHashes", "sessionRefs", "requestRefs")
    return {**text_lists(*lists), **status_history()}


def document_reference_fields() -> Fields:
    return {
        **words("id", "title", "filePath", "docType", "updatedAt"),
        **texts("docSubtype", "category", "phase", "statusRaw"),
        **status_field(allow_null=True),
    }


def phase_fields() -> Fields:
    return {
        **words("id", "phase"),
        **status_field(),
        **texts("title", "statusRaw", "startedAt", "completedAt", "documentId"),
        **progress_fields(),
        **unsure_counts("claimedProgress"),
    }


def feature_fields(phase: Any) -> Fields:
    moments = ("plannedAt", "startedAt", "completedAt", "updatedAt")
    return {
        **words("id", "name"),
        **counts("key"),
        **named_project(),
        **status_field(),
        **texts("statusRaw", "statusReason", "category", "family", "priority", "owner", *moments),
        **text_lists("aliases", "relatedFeatures"),
        **progress_fields(),
        **told_dates("FeatureDates", "completedAt"),
        "phases": phase,
        "linkedDocs": shape("DocumentReference", document_reference_fields(), many=True),
        **instants("removedAt"),
    }


def feature_detail_fields() -> Fields:
    return {**text_lists("commitHashes", "pullRequests", "files"), **status_history()}


def document_fields() -> Fields:
    return {
        **document_reference_fields(),
        **named_project(),
        **words("layout"),
        **texts("owner", "featureId", "createdAt", "completedAt"),
        **unsure_counts("featureKey"),
        **flags("hasFrontmatter"),
        **instants("firstSeenAt", "changedAt", "removedAt"),
        **progress_fields(),
    }


def documents_shape() -> Any:
    return page("DocumentPage", shape("DocumentItem", document_fields(), many=True))


def document_shape() -> Any:
    content = serializers.CharField(
        allow_null=True, allow_blank=True, help_text="As it was last read; null where the archive lost it."
    )
    return shape(
        "Document",
        document_fields(),
        {"content": content, "references": _references()},
        {"checklist": _checklist(), "problems": _problems(), "unknownStatuses": _unknown_statuses()},
        {"tasks": shape("DocumentTask", task_fields(), many=True)},
    )


def _references() -> Any:
    return shape("References", text_lists(*REFERENCE_NAMES.values()))


def _checklist() -> Any:
    return shape(
        "ChecklistItem",
        words("text"),
        texts("heading"),
        counts("depth"),
        unsure_counts("line"),
        flags("isDone"),
        many=True,
    )


def _problems() -> Any:
    return shape("DocumentProblem", words("reason", "detail", "excerpt"), unsure_counts("line"), many=True)


def _unknown_statuses() -> Any:
    return shape("UnknownStatus", words("word", "where"), counts("count"), many=True)
