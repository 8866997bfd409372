"""The shapes of the answers about sessions, as `/api/schema` describes them."""

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from sessions.api_fields import InstantField, MoneyField

Fields = dict[str, Any]


def texts(*names: str) -> Fields:
    """Texts that may be unknown."""
    return {name: serializers.CharField(allow_null=True) for name in names}


def counts(*names: str) -> Fields:
    return {name: serializers.IntegerField() for name in names}


def unsure_counts(*names: str) -> Fields:
    """Whole numbers that may be unknown."""
    return {name: serializers.IntegerField(allow_null=True) for name in names}


def flags(*names: str) -> Fields:
    return {name: serializers.BooleanField() for name in names}


def instants(*names: str) -> Fields:
    return {name: InstantField(allow_null=True) for name in names}


def money(*names: str) -> Fields:
    """US dollars, null where no price is known."""
    return {name: MoneyField(allow_null=True) for name in names}


def text_lists(*names: str) -> Fields:
    return {name: serializers.ListField(child=serializers.CharField()) for name in names}


def objects(*names: str) -> Fields:
    return {name: serializers.ListField(child=serializers.DictField()) for name in names}


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


def session_fields() -> Fields:
    """What lists and details of sessions share."""
    identity = ("title", "titleSource", "taskId", "parentSessionId", "forkedFromSessionId", "agentId")
    git = ("gitCommitHash", "gitAuthor", "gitBranch")
    return {
        **{
            name: serializers.CharField()
            for name in ("id", "status", "sessionType", "rootSessionId", "agent")
        },
        **texts(*identity, "agentName", "workingDirectory", "model", *MODEL_TEXTS, *git),
        "project": shape("ProjectName", project_fields(), allow_null=True),
        "modelsUsed": shape("ModelUsed", {"raw": serializers.CharField()}, texts(*MODEL_TEXTS), many=True),
        **counts("tokensIn", "tokensOut", *TOKEN_CLASSES, "cacheCreation5mTokens", "cacheCreation1hTokens"),
        **counts("inheritedTokens", "responseCount", "partialOutputResponses", "logCount"),
        **counts("toolCallCount", "toolErrorCount", "apiErrorCount", "compactionCount"),
        **counts("filesChanged", "linesAdded", "linesRemoved"),
        **money("totalCost", "reportedCost"),
        "costProvenance": serializers.ChoiceField(("computed", "partial", "unpriced", "none")),
        **unsure_counts("durationSeconds", "activeSeconds", "qualityRating", "frictionRating"),
        **instants("startedAt", "endedAt", "createdAt", "updatedAt"),
        **text_lists("agentVersions", "agentsUsed", "skillsUsed", "toolSummary", "gitCommitHashes"),
        **objects(
            "pullRequests", "updatedFiles", "linkedArtifacts", "toolsUsed", "impactHistory", "timeline"
        ),
        **flags("isDemo", "sourceMissing"),
        "sessionMetadata": serializers.DictField(allow_null=True),
        "dates": serializers.DictField(help_text="Name → {value, confidence, source, reason} or null."),
    }


def log_fields() -> Fields:
    tool = shape(
        "LogToolCall", texts("id", "name", "args", "output", "status"), flags("isError"), allow_null=True
    )
    return {
        **{name: serializers.CharField() for name in ("id", "speaker", "type", "kind", "label", "content")},
        **counts("seq", "part", "lineNumber", "contentLength", "images"),
        **instants("timestamp"),
        **texts("level", "agentName", "linkedSessionId", "relatedToolCallId"),
        **flags("isSidechain", "superseded"),
        "metadata": serializers.DictField(help_text="Tokens of the response that begins here, and more."),
        "toolCall": tool,
        "skillDetails": serializers.DictField(allow_null=True),
        "subagentThread": serializers.DictField(allow_null=True),
    }


def list_shape() -> Any:
    family = {
        **counts("subagentCount", "liveSubagentCount"),
        "familyTotals": totals_shape(),
        **objects("logs"),
    }
    return page("SessionPage", shape("SessionItem", session_fields(), family, many=True))


def detail_shape() -> Any:
    more: Fields = {"logs": shape("LogRow", log_fields(), many=True), **flags("logsTruncated")}
    return shape("Session", session_fields(), more)


def entries_shape() -> Any:
    rows = shape("TranscriptRow", log_fields(), many=True)
    return shape(
        "TranscriptPage",
        {"items": rows},
        unsure_counts("nextAfter", "previousBefore"),
        counts("total", "limit"),
    )


def raw_shape() -> Any:
    place = counts("seq", "lineNumber", "generation", "offset", "length")
    return shape("RawLine", place, texts("file", "sha256", "text"), flags("superseded", "isExactText"))


def tree_shape() -> Any:
    node = shape(
        "TreeNode",
        texts("id", "title", "status", "sessionType", "agentName", "forkedFromSessionId"),
        instants("startedAt"),
        flags("isAsked"),
        counts("depth"),
        {name: totals_shape() for name in ("own", "descendants", "together")},
        objects("children"),
        many=True,
    )
    return shape("SessionTree", {"items": node}, counts("total"))


def files_shape() -> Any:
    file = shape(
        "FileTouched",
        texts("filePath", "shownPath"),
        counts("reads", "changes"),
        flags("created", "deleted"),
        unsure_counts("additions", "deletions"),
        instants("lastAt"),
        many=True,
    )
    return page("FilePage", file)


def tools_shape() -> Any:
    tool = shape(
        "ToolUsed",
        texts("name", "category"),
        counts("count", "errors"),
        {"outcomes": serializers.DictField(child=serializers.IntegerField())},
        {"successRate": serializers.FloatField(help_text="Percent of the calls whose answer is no error.")},
        unsure_counts("totalMs", "executionMs", "slowestMs"),
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
        texts("path", "kind", "error"),
        counts("size", "readBytes", "pendingBytes", *lines),
        instants("lastReadAt", "missingSince"),
        many=True,
    )
    return shape(
        "IngestStatus",
        {"state": serializers.ChoiceField(("never", "running", "done", "failed", "stopped"))},
        instants("lastSyncAt", "startedAt", "finishedAt"),
        {"progress": progress, "equation": equation, "report": serializers.DictField()},
        objects("lookedIn"),
        {"sources": page("SourcePage", source)},
    )
