"""The shapes of the answers about sessions, as `/api/schema` describes them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from sessions.models import AgentSession, SourceFile, SyncRun, ToolCall
from sessions.selectors.filters import STATUSES
from sessions.serializer_fields import InstantField, MoneyField

Fields = dict[str, Any]


def texts(*names: str, **more: Any) -> Fields:
    """Texts that may be unknown."""
    return {name: serializers.CharField(allow_null=True, **more) for name in names}


def words(*names: str, **more: Any) -> Fields:
    """Texts that are always there."""
    return {name: serializers.CharField(**more) for name in names}


def counts(*names: str, **more: Any) -> Fields:
    return {name: serializers.IntegerField(**more) for name in names}


def unsure_counts(*names: str, **more: Any) -> Fields:
    """Whole numbers that may be unknown."""
    return {name: serializers.IntegerField(allow_null=True, **more) for name in names}


def flags(*names: str, **more: Any) -> Fields:
    return {name: serializers.BooleanField(**more) for name in names}


def instants(*names: str) -> Fields:
    return {name: InstantField(allow_null=True) for name in names}


def money(*names: str, **more: Any) -> Fields:
    """US dollars, null where no price is known."""
    return {name: MoneyField(allow_null=True, **more) for name in names}


def text_lists(*names: str, **more: Any) -> Fields:
    return {name: serializers.ListField(child=serializers.CharField(), **more) for name in names}


def nothing_yet(*names: str) -> Fields:
    """What clients of old look for and nothing here tells: always null."""
    never = "Always null: no transcript tells it."
    return {name: serializers.DictField(allow_null=True, help_text=never) for name in names}


# Said of fields that are left out where they make no sense.
WHERE_KNOWN: dict[str, Any] = {"required": False}
_CLASSES: dict[str, type[serializers.Serializer[Any]]] = {}


def shape(name: str, *parts: Fields, many: bool = False, allow_null: bool = False) -> Any:
    """A serializer of these fields under this name in the schema; the same name is always the same shape."""
    if name not in _CLASSES:
        fields = {key: field for part in parts for key, field in part.items()}
        _CLASSES[name] = type(inline_serializer(name, fields))
    return _CLASSES[name](many=many, allow_null=allow_null)


def page(name: str, item: Any) -> Any:
    """A list of items with where it stands in the whole."""
    return shape(name, {"items": item}, counts("total", "offset", "limit"))


TOKEN_CLASSES = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheCreationTokens", "unpricedTokens")
DATE_NAMES = (
    "createdAt",
    "updatedAt",
    "completedAt",
    "plannedAt",
    "startedAt",
    "endedAt",
    "lastActivityAt",
)
MODEL_TEXTS = ("modelDisplayName", "modelProvider", "modelFamily", "modelVersion")


def totals_shape() -> Any:
    whole = ("sessions", "responses", "tokens", *TOKEN_CLASSES, "toolCalls", "toolErrors")
    return shape("Totals", counts(*whole), money("cost"))


def project_fields() -> Fields:
    return {
        "id": serializers.IntegerField(),
        "slug": serializers.CharField(),
        "name": serializers.CharField(),
    }


def status_and_type() -> Fields:
    return {
        "status": serializers.ChoiceField(STATUSES),
        "sessionType": serializers.ChoiceField(AgentSession.SessionType.choices),
    }


def session_fields() -> Fields:
    """What lists and details of sessions share."""
    identity = ("title", "titleSource", "taskId", "parentSessionId", "agentId")
    related = ("forkedFromSessionId", "continuedFromSessionId")
    git = ("gitCommitHash", "gitAuthor", "gitBranch")
    return {
        **words("id", "rootSessionId", "agent"),
        **status_and_type(),
        **texts(*identity, *related, "agentName", "workingDirectory", "model", *MODEL_TEXTS, *git),
        "project": shape("ProjectName", project_fields(), allow_null=True),
        "modelsUsed": shape("ModelUsed", words("raw"), texts(*MODEL_TEXTS), many=True),
        **counts("tokensIn", "tokensOut", *TOKEN_CLASSES, "cacheCreation5mTokens", "cacheCreation1hTokens"),
        **counts("inheritedTokens", "responseCount", "partialOutputResponses", "logCount"),
        **counts("toolCallCount", "toolErrorCount", "apiErrorCount", "compactionCount", "promptCount"),
        **counts("filesChanged", "linesAdded", "linesRemoved"),
        **money("totalCost", "reportedCost"),
        "costProvenance": serializers.ChoiceField(("computed", "partial", "unpriced", "none")),
        **unsure_counts("durationSeconds", "activeSeconds", "qualityRating", "frictionRating"),
        **instants("startedAt", "endedAt", "createdAt", "updatedAt", "textPrunedAt"),
        **text_lists("agentVersions", "agentsUsed", "skillsUsed", "toolSummary", "gitCommitHashes"),
        **flags("isDemo", "sourceMissing"),
        **nothing_yet("sessionMetadata"),
        **_story_fields(),
        **_work_fields(),
    }


def _story_fields() -> Fields:
    told = ("value", "confidence", "source", "reason")
    dates = {name: shape("SessionDate", words(*told), allow_null=True) for name in DATE_NAMES}
    milestone = words("id", "timestamp", "label", "kind", "confidence", "source", "description")
    impact = shape(
        "Impact",
        words("timestamp", "label", "type"),
        counts("locAdded", "locRemoved", "fileCount"),
        many=True,
    )
    return {
        "dates": shape("SessionDates", dates),
        "timeline": shape("Milestone", milestone, many=True),
        "impactHistory": impact,
    }


def _work_fields() -> Fields:
    pull_request = shape("PullRequest", words("url"), unsure_counts("number"), texts("repository"), many=True)
    artifact = shape(
        "Artifact",
        words("id", "title", "type", "source"),
        texts("description", "url", "sourceLogId", "sourceToolName"),
        many=True,
    )
    share = serializers.FloatField(
        allow_null=True, help_text="0 to 1: the part that succeeded of the calls that succeeded or failed."
    )
    tool = shape(
        "ToolCount",
        words("name"),
        counts("count"),
        {"successRate": share},
        unsure_counts("totalMs"),
        many=True,
    )
    return {
        "pullRequests": pull_request,
        "updatedFiles": _file_touch(),
        "linkedArtifacts": artifact,
        "toolsUsed": tool,
    }


def _file_touch() -> Any:
    return shape(
        "FileTouch",
        words("filePath", "sourceToolName", "threadSessionId", "rootSessionId"),
        unsure_counts("additions", "deletions"),
        text_lists("commits"),
        texts("agentName", "action", "fileType", "sourceLogId"),
        instants("timestamp"),
        many=True,
    )


def log_shape() -> Any:
    tool = shape(
        "LogToolCall",
        words("id", "name", "args", "status"),
        texts("output"),
        flags("isError"),
        allow_null=True,
    )
    return shape(
        "LogRow",
        words("id", "speaker", "type", "kind", "label", "content"),
        counts("seq", "part", "lineNumber", "contentLength", "images"),
        instants("timestamp"),
        texts("level", "agentName", "linkedSessionId", "relatedToolCallId"),
        flags("isSidechain", "superseded", "offBranch"),
        {"metadata": _log_metadata(), "toolCall": tool},
        nothing_yet("skillDetails", "subagentThread"),
        many=True,
    )


def _log_metadata() -> Any:
    """Tokens of the response that begins on a row, and what a call tells."""
    of_response = {
        **counts(*TOKEN_CLASSES[:4], "totalTokens", **WHERE_KNOWN),
        **money("cost", **WHERE_KNOWN),
        **words("model", **WHERE_KNOWN),
        **flags("inherited", "partialOutput", **WHERE_KNOWN),
    }
    of_call = {
        **text_lists("toolInputKeys", **WHERE_KNOWN),
        **texts("toolCategory", "errorClass", **WHERE_KNOWN),
        **unsure_counts("durationMs", "executionMs", "additions", "deletions", **WHERE_KNOWN),
        "outcome": serializers.ChoiceField(ToolCall.Outcome.choices, **WHERE_KNOWN),
    }
    return shape("LogMetadata", of_response, of_call)


def family_fields() -> Fields:
    """What a list tells of the sessions that one started; its log is in the session itself."""
    return {
        **counts("subagentCount", "liveSubagentCount"),
        "familyTotals": totals_shape(),
        "logs": log_shape(),
    }


def list_shape() -> Any:
    return page("SessionPage", shape("SessionItem", session_fields(), family_fields(), many=True))


def detail_shape() -> Any:
    more: Fields = {"logs": log_shape(), **flags("logsTruncated")}
    return shape("Session", session_fields(), more)


def entries_shape() -> Any:
    return shape(
        "TranscriptPage",
        {"items": log_shape()},
        unsure_counts("nextAfter", "previousBefore"),
        counts("total", "limit"),
    )


def raw_shape() -> Any:
    place = counts("seq", "lineNumber", "generation", "offset", "length")
    return shape("RawLine", place, words("file", "sha256", "text"), flags("superseded", "isExactText"))


# A node's children are nodes: a shape that names itself, which no nesting of serializers can say.
@extend_schema_field({"type": "array", "items": {"$ref": "#/components/schemas/TreeNode"}})
class _ChildrenField(serializers.ListField):
    pass


def tree_shape() -> Any:
    node = shape(
        "TreeNode",
        words("id"),
        status_and_type(),
        texts("title", "agentName", "forkedFromSessionId", "continuedFromSessionId"),
        instants("startedAt"),
        flags("isAsked"),
        counts("depth"),
        {name: totals_shape() for name in ("own", "descendants", "together")},
        {"children": _ChildrenField()},
        many=True,
    )
    return shape("SessionTree", {"items": node}, counts("total"))


def files_shape() -> Any:
    file = shape(
        "FileTouched",
        words("filePath", "shownPath"),
        counts("reads", "changes"),
        flags("created", "deleted"),
        unsure_counts("additions", "deletions"),
        instants("lastAt"),
        many=True,
    )
    return page("FilePage", file)


def tools_shape() -> Any:
    outcomes = shape("ToolOutcomes", counts(*ToolCall.Outcome.values, **WHERE_KNOWN))
    rate = serializers.FloatField(
        allow_null=True, help_text="Percent of the calls that succeeded or failed; null where none did."
    )
    tool = shape(
        "ToolUsed",
        words("name"),
        texts("category"),
        counts("count", "errors"),
        {"outcomes": outcomes, "successRate": rate},
        unsure_counts("totalMs", "executionMs", "medianMs", "p95Ms", "slowestMs"),
        many=True,
    )
    return page("ToolPage", tool)


def projects_shape() -> Any:
    project = shape(
        "Project", project_fields(), texts("path"), flags("isDemo"), instants("createdAt"), many=True
    )
    return page("ProjectPage", project)


def ingest_shape() -> Any:
    lines = ("seen", "stored", "duplicate", "quarantined", "blank")
    equation = shape("LineEquation", counts(*lines, "pending"), flags("holds"))
    rates = {
        name: serializers.FloatField(allow_null=True) for name in ("percent", "bytesPerSecond", "secondsLeft")
    }
    progress = shape(
        "SyncProgress",
        counts("filesDone", "filesTotal", "linesDone", "bytesDone", "bytesTotal"),
        rates,
        allow_null=True,
    )
    source = shape(
        "SourceStatus",
        words("path"),
        texts("error"),
        {"kind": serializers.ChoiceField(SourceFile.Kind.choices)},
        counts("size", "readBytes", "pendingBytes", *lines),
        instants("lastReadAt", "missingSince"),
        many=True,
    )
    return shape(
        "IngestStatus",
        {"state": serializers.ChoiceField(("never", *SyncRun.State.values))},
        instants("lastSyncAt", "startedAt", "finishedAt"),
        texts("error"),
        {"progress": progress, "equation": equation, "report": _report_shape()},
        {"lookedIn": shape("LookedIn", words("path"), flags("exists"), many=True)},
        {"sources": page("SourcePage", source)},
    )


def _report_shape() -> Any:
    rows = ("files", "lines", "sessions", "responses", "tool_calls", "documents", "tasks", "links", "alerts")
    tallies = {name: serializers.DictField(child=serializers.IntegerField(), **WHERE_KNOWN) for name in rows}
    whole = {**tallies, **counts("bytes"), "seconds": serializers.FloatField()}
    return shape("SyncReport", whole, text_lists("problems"), allow_null=True)
