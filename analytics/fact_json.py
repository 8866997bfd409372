"""Responses and tool calls under the API's names: their shapes, told once for lists and files, and their values."""

from typing import Any

from rest_framework import serializers

from analytics.facts import Fact
from sessions.api_fields import dollars, iso_ms
from sessions.models import AgentSession, ModelResponse, ToolCall
from sessions.parsers.model_names import display_model, model_identity
from sessions.querysets import RANK_BITS
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
)

_CLASSES = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheCreationTokens")
_SHARE = ("cacheCreation5mTokens", "cacheCreation1hTokens", "webSearchRequests")


class ExactMoneyField(serializers.FloatField):
    """US dollars with all nine places, since rows are there to be added up; null where no price is known."""


def _session_fields() -> Fields:
    return {
        "sessionId": serializers.CharField(help_text="The session that counts it."),
        "sessionType": serializers.CharField(),
        "project": shape("ProjectName", project_fields(), allow_null=True),
        **texts("agentName", "branch"),
    }


def _place_fields() -> Fields:
    """What it was for by the session's spans, and where it stands: `/api/sessions/{entrySessionId}/raw?seq=`."""
    return {
        **texts("featureId"),
        **unsure_counts("featureKey"),
        **texts("phaseId", "taskId"),
        "entrySessionId": serializers.CharField(
            allow_null=True,
            help_text="The session whose transcript has the line: another one where only its parent tells of it.",
        ),
        **unsure_counts("seq", "lineNumber"),
        **texts("file"),
    }


def responses_shape() -> Any:
    return page(
        "ResponsePage",
        shape(
            "ResponseRow",
            {"id": serializers.CharField(help_text="The provider's id of the message.")},
            texts("requestId"),
            instants("timestamp"),
            _session_fields(),
            {"model": serializers.CharField()},
            texts("modelProvider", "modelFamily", "skill", "stopReason", "serviceTier"),
            counts(*_CLASSES, *_SHARE),
            {"cost": ExactMoneyField(allow_null=True)},
            texts("priceId"),
            {"reportedCost": ExactMoneyField(allow_null=True)},
            flags("partialOutput", "fromProgress"),
            _place_fields(),
            many=True,
        ),
    )


def calls_shape() -> Any:
    return page(
        "ToolCallPage",
        shape(
            "ToolCallRow",
            {"id": serializers.CharField(help_text="The call's own id.")},
            instants("timestamp"),
            _session_fields(),
            texts("model", "tool", "category", "mcpServer", "skill", "agentStarted", "target"),
            {"outcome": serializers.ChoiceField(ToolCall.Outcome.choices)},
            flags("isError"),
            texts("errorClass"),
            unsure_counts("durationMs", "executionMs"),
            texts("filePath", "fileAction"),
            unsure_counts("additions", "deletions"),
            text_lists("commits"),
            _place_fields(),
            many=True,
        ),
    )


def response_json(fact: Fact[ModelResponse]) -> dict[str, Any]:
    """A response with its exact cost as a Decimal."""
    row = fact.row
    known = model_identity(row.model)
    return {
        "id": row.message_id,
        "requestId": row.request_id or None,
        "timestamp": iso_ms(row.at_ms),
        **_session_json(row.owner),
        "model": display_model(row.model, row.fast),
        "modelProvider": known.provider or None,
        "modelFamily": known.family or None,
        "skill": row.skill or None,
        "stopReason": row.stop_reason or None,
        "serviceTier": row.service_tier or None,
        "inputTokens": row.input_tokens,
        "outputTokens": row.output_tokens,
        "cacheReadTokens": row.cache_read_tokens,
        "cacheCreationTokens": row.cache_creation_5m_tokens + row.cache_creation_1h_tokens,
        "cacheCreation5mTokens": row.cache_creation_5m_tokens,
        "cacheCreation1hTokens": row.cache_creation_1h_tokens,
        "webSearchRequests": row.web_search_requests,
        "cost": dollars(row.cost_nano_usd),
        "priceId": row.price_id or None,
        "reportedCost": dollars(row.reported_cost_nano_usd),
        "partialOutput": not row.stop_reason,
        "fromProgress": not row.is_assistant,
        **_place_json(fact),
    }


def call_json(fact: Fact[ToolCall]) -> dict[str, Any]:
    row = fact.row
    return {
        "id": row.call_id,
        "timestamp": iso_ms(row.use_at_ms),
        **_session_json(row.owner),
        "model": fact.model or None,
        "tool": row.name or None,
        "category": row.category or None,
        "mcpServer": row.mcp_server or None,
        "skill": row.skill or None,
        "agentStarted": row.agent_name or None,
        "target": row.target or None,
        "outcome": row.outcome,
        "isError": row.is_error,
        "errorClass": row.error_class or None,
        "durationMs": row.elapsed_ms,
        "executionMs": row.execution_ms,
        "filePath": row.path or None,
        "fileAction": row.file_action or None,
        "additions": row.lines_added,
        "deletions": row.lines_removed,
        "commits": row.commits.split(),
        **_place_json(fact),
    }


def _session_json(session: AgentSession) -> dict[str, Any]:
    project = session.project
    return {
        "sessionId": session.public_id,
        "sessionType": session.session_type,
        "project": None
        if project is None
        else {"id": project.pk, "slug": project.slug, "name": project.name},
        "agentName": session.agent_name or None,
        "branch": session.branch or None,
    }


def _place_json(fact: Fact[Any]) -> dict[str, Any]:
    place = fact.place
    return {
        "featureId": fact.feature[1] if fact.feature else None,
        "featureKey": fact.feature[0] if fact.feature else None,
        "phaseId": None if fact.phase_id is None else str(fact.phase_id),
        "taskId": None if fact.task_id is None else str(fact.task_id),
        "entrySessionId": place.session_id if place else None,
        "seq": place.seq if place else None,
        "lineNumber": place.seq & ((1 << RANK_BITS) - 1) if place else None,
        "file": place.file if place else None,
    }


def floats(item: dict[str, Any]) -> dict[str, Any]:
    """The item with its money as JSON numbers; nine places of dollars survive in a float up to a million."""
    return item | {name: float(item[name]) for name in ("cost", "reportedCost") if item.get(name) is not None}
