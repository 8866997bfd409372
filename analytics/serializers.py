"""The shapes of the answers about numbers; field names are part of the API and described in `/api/schema`."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from analytics.headlines import Trend
from analytics.metrics import DIMENSIONS
from analytics.selectors import TOP_MODELS, BreakdownRow, Overview
from analytics.series import SeriesPoint
from analytics.sums import Usage
from sessions.api_fields import iso, rounded_money
from sessions.selectors import TokenPoint
from sessions.serializer_fields import InstantField, MoneyField


class FiguresSerializer(serializers.Serializer[Any]):
    """The figures of a period. Percent are 0 to 100; what is not known is null."""

    sessionCost = MoneyField(allow_null=True, help_text="US dollars of all priced responses.")
    sessionTokens = serializers.IntegerField(help_text="Input plus output tokens.")
    sessionCount = serializers.IntegerField(help_text="Sessions that began in the period, forks included.")
    sessionDurationAvg = serializers.FloatField(allow_null=True, help_text="Seconds, pauses included.")
    taskVelocity = serializers.IntegerField(
        allow_null=True,
        help_text="Tasks completed in the period, put-off ones included; null when no plans were read.",
    )
    taskCompletionPct = serializers.FloatField(
        allow_null=True, help_text="Percent of all tasks that were complete at the end of the period."
    )
    featureProgress = serializers.FloatField(
        allow_null=True,
        help_text="Mean over features of the percent of their tasks complete at the end of the period.",
    )
    toolCallCount = serializers.IntegerField()
    toolSuccessRate = serializers.FloatField(
        allow_null=True, help_text="Percent of the calls that succeeded or failed."
    )
    inputTokens = serializers.IntegerField()
    outputTokens = serializers.IntegerField()
    cacheReadTokens = serializers.IntegerField()
    cacheCreationTokens = serializers.IntegerField()
    cacheHitRate = serializers.FloatField(
        allow_null=True, help_text="Percent of all input that came from the cache."
    )
    unpricedTokens = serializers.IntegerField(
        help_text="Tokens of all classes without a known price; no cost has them."
    )
    partialOutputResponses = serializers.IntegerField(
        help_text="Responses whose output tokens are a lower bound."
    )
    activeSeconds = serializers.IntegerField()
    subagentSessionCount = serializers.IntegerField()
    costPerCompletedTask = MoneyField(allow_null=True)


class KpisSerializer(FiguresSerializer):
    previous = FiguresSerializer(
        allow_null=True, help_text="The preceding period of equal length; null where the period has no start."
    )


class TopModelSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    usage = serializers.IntegerField(help_text="Sessions that used the model.")
    tokens = serializers.IntegerField()
    cost = MoneyField(allow_null=True)


class RangeSerializer(serializers.Serializer[Any]):
    """Half-open; null where nobody named that end."""

    start = InstantField(allow_null=True)
    end = InstantField(allow_null=True)


class OverviewSerializer(serializers.Serializer[Any]):
    kpis = KpisSerializer()
    topModels = TopModelSerializer(many=True)
    generatedAt = InstantField()
    range = RangeSerializer()


def known_cost(usage: Usage) -> float | None:
    """A sum of money: 0 where nothing was used, None where something was and nothing of it has a price."""
    return rounded_money(usage.cost_usd) if usage.responses else 0.0


def exact_cost(usage: Usage) -> Decimal | None:
    """The same to the nano-dollar, for files whose columns are added up."""
    return usage.cost_usd if usage.responses else Decimal(0)


def figures(answer: Overview) -> dict[str, Any]:
    """An overview's figures under the API's names."""
    usage = answer.usage
    return {
        "sessionCost": known_cost(usage),
        "sessionTokens": usage.tokens,
        "sessionCount": answer.session_count,
        "sessionDurationAvg": answer.session_duration_avg,
        "taskVelocity": answer.task_velocity,
        "taskCompletionPct": answer.task_completion_pct,
        "featureProgress": answer.feature_progress,
        "toolCallCount": answer.tools.calls,
        "toolSuccessRate": answer.tools.success_rate,
        **token_classes(usage),
        "cacheHitRate": usage.cache_hit_rate,
        "unpricedTokens": usage.unpriced_tokens,
        "partialOutputResponses": usage.lower_bound_responses,
        "activeSeconds": answer.active_seconds,
        "subagentSessionCount": answer.subagent_session_count,
        "costPerCompletedTask": rounded_money(answer.cost_per_completed_task),
    }


def token_classes(usage: Any) -> dict[str, int]:
    """The four classes of anything that has them."""
    return {
        "inputTokens": usage.input_tokens,
        "outputTokens": usage.output_tokens,
        "cacheReadTokens": usage.cache_read_tokens,
        "cacheCreationTokens": usage.cache_creation_tokens,
    }


def top_models(answer: Overview) -> list[dict[str, Any]]:
    return [
        {"name": m.name, "usage": m.sessions, "tokens": m.usage.tokens, "cost": known_cost(m.usage)}
        for m in answer.models[:TOP_MODELS]
    ]


class PointMetadataSerializer(serializers.Serializer[Any]):
    """The group of a grouped series, under the dimension's name; or what a response added to a session's timeline."""

    def get_fields(self) -> dict[str, Any]:
        groups = {d.id: serializers.CharField(required=False) for d in DIMENSIONS.values() if d.groups_series}
        tokens = ("stepTokens", *token_classes(Usage()))
        return groups | {name: serializers.IntegerField(required=False) for name in tokens}


class PointSerializer(serializers.Serializer[Any]):
    """`metadata` is there for grouped series and for the timeline of a session."""

    captured_at = InstantField(help_text="Where the bucket starts, or when the response happened.")
    value = serializers.FloatField(allow_null=True)
    metadata = PointMetadataSerializer(required=False)


class HeadlineSerializer(serializers.Serializer[Any]):
    """A figure and where it goes: the last 30 days of the period against the 30 days before."""

    name = serializers.CharField()
    value = MoneyField(allow_null=True, help_text="Null where it is not known.")
    unit = serializers.ChoiceField(("$", "tokens", "count", "%"))
    trend = serializers.ChoiceField(
        [(trend.value, trend.value) for trend in Trend],
        help_text="A change of less than one percent is stable, as is what cannot be compared.",
    )


class SeriesSerializer(serializers.Serializer[Any]):
    items = PointSerializer(many=True)
    total = serializers.IntegerField()
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()


def point(at: SeriesPoint, group_by: str | None) -> dict[str, Any]:
    """A bucket of a series; money, the only Decimal there is, is rounded."""
    value = at.value if isinstance(at.value, int | float | None) else rounded_money(at.value)
    return exact_point(at, group_by) | {"value": value}


def exact_point(at: SeriesPoint, group_by: str | None) -> dict[str, Any]:
    """The same with money as it was summed, for files."""
    shown = {"captured_at": iso(at.bucket.start_at), "value": at.value}
    return shown | {"metadata": {group_by: at.group}} if group_by else shown


def token_point(step: TokenPoint) -> dict[str, Any]:
    """A response of a session's timeline: the running total, and what it added."""
    metadata = {
        "stepTokens": step.step_tokens,
        **token_classes(step),
        "agent": step.agent,
        "model": step.model,
    }
    return {"captured_at": iso(step.at), "value": step.running_tokens, "metadata": metadata}


class BreakdownRowSerializer(serializers.Serializer[Any]):
    """One part. Tokens and cost are null for tools: no record says which token was for which call."""

    name = serializers.CharField()
    count = serializers.IntegerField(help_text="Sessions; calls for tools.")
    tokens = serializers.IntegerField(allow_null=True, help_text="Input plus output.")
    cost = MoneyField(allow_null=True)
    inputTokens = serializers.IntegerField(allow_null=True)
    outputTokens = serializers.IntegerField(allow_null=True)
    cacheReadTokens = serializers.IntegerField(allow_null=True)
    cacheCreationTokens = serializers.IntegerField(allow_null=True)
    unpricedTokens = serializers.IntegerField(allow_null=True)
    share = serializers.FloatField(
        allow_null=True, help_text="Percent of all tokens; of all calls for tools; null where there are none."
    )
    # A field may have the name of the serializer's own property: the class collects fields before it is made.
    errors = serializers.IntegerField(  # type: ignore[assignment]
        allow_null=True, help_text="Answers marked as errors, of tools."
    )
    successRate = serializers.FloatField(
        allow_null=True, help_text="Percent of the calls that succeeded or failed."
    )
    totalMs = serializers.IntegerField(allow_null=True, help_text="From calls to answers, waiting included.")
    p50Ms = serializers.IntegerField(allow_null=True)
    p95Ms = serializers.IntegerField(allow_null=True)


class BreakdownSerializer(serializers.Serializer[Any]):
    items = BreakdownRowSerializer(many=True)
    total = serializers.IntegerField()
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()


def breakdown_rows(rows: list[BreakdownRow], first: int, limit: int) -> list[dict[str, Any]]:
    """One page of the rows; shares are of all of them."""
    whole = sum(_size(row) for row in rows)
    return [_breakdown_row(row, whole) for row in rows[first : first + limit]]


def _size(row: BreakdownRow) -> int:
    return row.usage.all_tokens if row.usage else row.count


def _breakdown_row(row: BreakdownRow, whole: int) -> dict[str, Any]:
    usage, tools = row.usage, row.tools
    classes = token_classes(usage) if usage else dict.fromkeys(token_classes(Usage()))
    return {
        "name": row.name,
        "count": row.count,
        "tokens": usage.tokens if usage else None,
        "cost": known_cost(usage) if usage else None,
        **classes,
        "unpricedTokens": usage.unpriced_tokens if usage else None,
        "share": 100 * _size(row) / whole if whole else None,
        "errors": tools.errors if tools else None,
        "successRate": tools.success_rate if tools else None,
        "totalMs": tools.elapsed_ms if tools and tools.timed else None,
        "p50Ms": row.p50_ms,
        "p95Ms": row.p95_ms,
    }
