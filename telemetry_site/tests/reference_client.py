"""A client of the API that knows nothing of this program: field names and types as the contract promises them.

Types are written by hand, on purpose: a change of a serializer changes nothing here. `T | None` may be null, a list of
one type is a list of such values, a dictionary an object that has at least these fields.
"""

from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, get_args

Shape = Any
number = float | int


def text_of(*values: str) -> Callable[[Any], bool]:
    return lambda value: value in values


def page_of(item: Shape) -> Shape:
    return {"items": [item], "total": int, "offset": int, "limit": int}


FIGURES = {
    "sessionCost": number | None,
    "sessionTokens": int,
    "sessionCount": int,
    "sessionDurationAvg": number | None,
    "taskVelocity": int | None,
    "taskCompletionPct": number | None,
    "featureProgress": number | None,
    "toolCallCount": int,
    "toolSuccessRate": number | None,
    "inputTokens": int,
    "outputTokens": int,
    "cacheReadTokens": int,
    "cacheCreationTokens": int,
    "cacheHitRate": number | None,
    "unpricedTokens": int,
    "partialOutputResponses": int,
    "activeSeconds": int,
    "subagentSessionCount": int,
    "costPerCompletedTask": number | None,
}
OVERVIEW = {
    "kpis": FIGURES,
    "topModels": [{"name": str, "usage": int, "tokens": int, "cost": number | None}],
    "generatedAt": str,
    "range": {"start": str | None, "end": str | None},
}
SERIES = page_of({"captured_at": str, "value": number | None})
STEP = {
    "captured_at": str,
    "value": int,
    "metadata": {
        "stepTokens": int,
        "inputTokens": int,
        "outputTokens": int,
        "cacheReadTokens": int,
        "cacheCreationTokens": int,
        "agent": str,
        "model": str,
    },
}
BREAKDOWN = page_of(
    {"name": str, "count": int, "tokens": int | None, "cost": number | None, "share": number | None}
)
EVIDENCE = [{"kind": str, "detail": str, "weight": number}]
CORRELATION = page_of(
    {
        "sessionId": str,
        "featureId": str,
        "featureName": str,
        "confidence": number,
        "linkStrategy": str,
        "commitHash": str | None,
        "model": str | None,
        "status": str,
        "startedAt": str | None,
        "endedAt": str | None,
        "isPrimary": bool,
        "evidence": EVIDENCE,
        "cost": number | None,
        "tokens": int,
        "phase": str | None,
        "taskIds": [str],
    }
)
MODEL = dict.fromkeys(("modelDisplayName", "modelProvider", "modelFamily", "modelVersion"), str | None)
DATE = {"value": str, "confidence": str, "source": str}
SESSION = {
    "id": str,
    "title": str | None,
    "taskId": str | None,
    "status": text_of("active", "completed", "interrupted", "failed"),
    "model": str | None,
    **MODEL,
    "modelsUsed": [{"raw": str, **MODEL}],
    "agentsUsed": [str],
    "skillsUsed": [str],
    "toolSummary": [str],
    "sessionType": str,
    "parentSessionId": str | None,
    "rootSessionId": str,
    "agentId": str | None,
    "durationSeconds": int | None,
    "tokensIn": int,
    "tokensOut": int,
    "inputTokens": int,
    "outputTokens": int,
    "cacheReadTokens": int,
    "cacheCreationTokens": int,
    "inheritedTokens": int,
    "costProvenance": str,
    "logCount": int,
    "totalCost": number | None,
    "startedAt": str | None,
    "endedAt": str | None,
    "createdAt": str | None,
    "updatedAt": str | None,
    "qualityRating": int | None,
    "frictionRating": int | None,
    "gitCommitHash": str | None,
    "gitCommitHashes": [str],
    "gitAuthor": str | None,
    "gitBranch": str | None,
    "updatedFiles": [
        {
            "filePath": str,
            "additions": int | None,
            "deletions": int | None,
            "commits": [str],
            "agentName": str | None,
            "action": str | None,
            "fileType": str | None,
            "timestamp": str | None,
            "sourceLogId": str | None,
            "sourceToolName": str,
            "threadSessionId": str,
            "rootSessionId": str,
        }
    ],
    "linkedArtifacts": [{"id": str, "title": str, "type": str, "source": str}],
    "toolsUsed": [{"name": str, "count": int, "successRate": number | None, "totalMs": int | None}],
    "impactHistory": [dict],
    "logs": [
        {
            "id": str,
            "timestamp": str | None,
            "speaker": str,
            "type": str,
            "content": str,
            "agentName": str | None,
            "linkedSessionId": str | None,
            "relatedToolCallId": str | None,
            "metadata": dict,
        }
    ],
    "dates": dict.fromkeys(
        ("createdAt", "updatedAt", "completedAt", "startedAt", "lastActivityAt"), dict | None
    ),
    "timeline": [{"id": str, "timestamp": str, "label": str, "kind": str}],
}
STATUS = text_of("backlog", "in-progress", "blocked", "review", "done", "deferred")
TASK = {
    "id": str,
    "title": str,
    "description": str,
    "status": STATUS,
    "statusRaw": str | None,
    "owner": str | None,
    "lastAgent": str | None,
    "cost": number | None,
    "priority": str | None,
    "updatedAt": str | None,
    "relatedFiles": [str],
    "sourceFile": str,
    "sessionId": str | None,
    "commitHash": str | None,
    "featureId": str | None,
    "phaseId": str | None,
}
PROGRESS = {"totalTasks": int, "completedTasks": int, "deferredTasks": int}
PHASE = {
    "id": str,
    "phase": str,
    "title": str | None,
    "status": STATUS,
    "progress": number | None,
    **PROGRESS,
}
FEATURE = {
    "id": str,
    "name": str,
    "status": STATUS,
    **PROGRESS,
    "category": str | None,
    "updatedAt": str | None,
    "plannedAt": str | None,
    "startedAt": str | None,
    "completedAt": str | None,
    "linkedDocs": [{"id": str, "title": str, "filePath": str, "docType": str}],
    "phases": [PHASE],
    "relatedFeatures": [str],
}
DOCUMENT = {"id": str, "title": str, "filePath": str, "docType": str, "category": str | None}
LINKED_SESSION = {
    "sessionId": str,
    "title": str | None,
    "confidence": number,
    "reasons": [str],
    "commands": [str],
    "commitHashes": [str],
    "isSubthread": bool,
    "isPrimaryLink": bool,
    "linkStrategy": str,
    "totalCost": number | None,
}
LINKED_FEATURE = {
    "featureId": str,
    "featureName": str,
    "featureStatus": STATUS,
    "confidence": number,
    "isPrimaryLink": bool,
    "linkStrategy": str,
    "reasons": [str],
    **PROGRESS,
}
PROJECT = {"id": int, "slug": str, "name": str, "path": str | None}
LINES = dict.fromkeys(("seen", "stored", "duplicate", "quarantined", "blank"), int)
INGEST = {
    "state": str,
    "lastSyncAt": str | None,
    "equation": LINES,
    "sources": page_of({"path": str, **LINES}),
}
OLD_METRICS = [{"name": str, "value": number | None, "unit": str, "trend": text_of("up", "down", "stable")}]


def misfits(value: Any, shape: Shape, where: str = "answer") -> list[str]:
    """Where a value is not of a shape, as sentences."""
    if isinstance(shape, dict):
        return _of_object(value, shape, where)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [fault for n, item in enumerate(value) for fault in misfits(item, shape[0], f"{where}[{n}]")]
    if isinstance(shape, type | UnionType):
        return [] if _is(value, shape) else [f"{where} is {value!r:.60}, not {shape}"]
    return [] if shape(value) else [f"{where} is {value!r:.60}"]


def _of_object(value: Any, shape: dict[str, Shape], where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    missing = [f"{where} has no {name}" for name in shape if name not in value]
    known = [(name, part) for name, part in shape.items() if name in value]
    return missing + [
        fault for name, part in known for fault in misfits(value[name], part, f"{where}.{name}")
    ]


def _is(value: Any, kind: type | UnionType) -> bool:
    """A boolean is no number here, unlike in Python."""
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, tuple(each for each in kinds if each is not NoneType)) or (
        value is None and NoneType in kinds
    )
