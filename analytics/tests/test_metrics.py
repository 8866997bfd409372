import re

import pytest

from analytics.metrics import (
    DIMENSIONS,
    LEGACY_METRIC_NAMES,
    METRICS,
    Aggregation,
    Kind,
    Metric,
    Source,
    Unit,
    UnknownDimension,
    UnknownMetric,
    dimension,
    metric,
    series_dimension,
)

# Ids that clients send and those added beside them: removing or renaming one breaks somebody.
PROMISED = [
    "session_cost",
    "session_tokens",
    "session_count",
    "session_duration",
    "task_velocity",
    "task_completion_pct",
    "tool_call_count",
    "tool_success_rate",
    "feature_progress",
    "file_churn",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_tokens",
    "cache_hit_rate",
    "unpriced_tokens",
    "tool_error_rate",
    "tool_duration_p50",
    "tool_duration_p95",
    "active_seconds",
    "cost_per_completed_task",
    "api_error_count",
    "compaction_count",
    "unpriced_share",
    "stalled_tasks",
    "reading_lag",
    "transcripts_at_risk",
]
each_metric = pytest.mark.parametrize("each", METRICS.values(), ids=METRICS)


def test_the_catalogue_is_what_was_promised() -> None:
    assert sorted(METRICS) == sorted(PROMISED)


def test_dimensions_are_what_was_promised() -> None:
    grouping = {id for id, dimension in DIMENSIONS.items() if dimension.groups_series}
    by_session = {"project", "model", "model_family", "session_type", "agent", "skill", "feature"}
    assert grouping == by_session | {"tool"}
    assert set(DIMENSIONS) - grouping == {"branch", "task", "phase", "tool_category", "mcp_server"}


class TestLookUp:
    def test_finds_by_id_and_by_legacy_name(self) -> None:
        assert metric("file_churn").source is Source.FILES
        assert metric("cost_threshold") is metric("session_cost")
        assert metric("total_tokens") is metric("session_tokens")
        assert not LEGACY_METRIC_NAMES.keys() & METRICS.keys()

    def test_an_unknown_metric_is_refused_with_the_valid_ones(self) -> None:
        with pytest.raises(UnknownMetric) as refusal:
            metric("avg_quality")
        assert refusal.value.name == "avg_quality"
        assert refusal.value.valid == tuple(METRICS)
        assert "session_cost, session_tokens" in str(refusal.value)

    def test_an_unknown_dimension_is_refused_with_the_valid_ones(self) -> None:
        assert dimension("mcp_server").label == "MCP server"
        with pytest.raises(UnknownDimension, match="valid are project, model,"):
            dimension("colour")

    def test_a_series_is_grouped_only_by_what_its_metric_has(self) -> None:
        assert series_dimension(metric("tool_call_count"), "tool").id == "tool"
        for id, by in [("session_cost", "tool"), ("session_cost", "branch"), ("task_velocity", "model")]:
            with pytest.raises(UnknownDimension, match=f"to group {id} by"):
                series_dimension(metric(id), by)

    def test_a_hostile_name_makes_a_short_printable_sentence(self) -> None:
        with pytest.raises(UnknownMetric) as refusal:
            metric("\n\u202e" * 10_000)
        assert str(refusal.value).isprintable()
        assert len(str(refusal.value)) < 1_200


@each_metric
class TestEachMetric:
    def test_is_described_in_one_sentence(self, each: Metric) -> None:
        assert re.fullmatch(r"[A-Z0-9].{15,}\.", each.description)
        assert len(each.label) <= 25

    def test_is_split_by_known_dimensions_once_each(self, each: Metric) -> None:
        assert set(each.dimensions) <= DIMENSIONS.keys()
        assert len(set(each.dimensions)) == len(each.dimensions)
        # Reading is one thing for the whole installation.
        assert ("project" in each.dimensions) == (each.source is not Source.READING)

    def test_is_aggregated_as_its_kind_allows(self, each: Metric) -> None:
        assert (Aggregation.SUM in each.aggregations) == each.adds_up == (each.kind is Kind.FLOW)
        assert (each.aggregations == (Aggregation.RATIO,)) == (each.kind is Kind.RATIO)
        assert (each.aggregation is Aggregation.LAST) == (each.kind is Kind.STOCK)

    def test_has_a_bound_only_when_it_is_a_percentage(self, each: Metric) -> None:
        assert (each.maximum == 100) == (each.unit is Unit.PERCENT)
        assert each.maximum in (None, 100)

    def test_judges_percentages_and_percentiles_of_few_events_by_none(self, each: Metric) -> None:
        judged_by_many = each.unit is Unit.MILLISECONDS or (
            each.kind is Kind.RATIO and each.maximum is not None
        )
        assert (each.min_samples > 1) == judged_by_many


def test_tokens_and_money_are_not_split_by_tool() -> None:
    """A response may call several tools or none, so no token of it belongs to one of them."""
    for id in ("session_cost", "session_tokens", "cache_hit_rate"):
        assert not {"tool", "tool_category", "mcp_server"} & set(metric(id).dimensions)
