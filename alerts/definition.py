"""What a rule says, without a database: the words it is made of and their meaning together."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from analytics.metrics import METRICS, Aggregation, Kind, Metric, Source

QUARTER_SECONDS = 900


class Scope(StrEnum):
    """What one value is about: a session, the last so many seconds, or a calendar day, week or month."""

    SESSION = "session"
    ROLLING = "rolling"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"

    @property
    def is_calendar(self) -> bool:
        return self in (Scope.DAILY, Scope.WEEKLY, Scope.MONTHLY)


class Operator(StrEnum):
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="

    def holds(self, value: Decimal, limit: Decimal) -> bool:
        match self:
            case Operator.ABOVE:
                return value > limit
            case Operator.AT_LEAST:
                return value >= limit
            case Operator.BELOW:
                return value < limit
            case Operator.AT_MOST:
                return value <= limit

    @property
    def is_upward(self) -> bool:
        """Whether growing values breach."""
        return self in (Operator.ABOVE, Operator.AT_LEAST)


class ConditionKind(StrEnum):
    """What the threshold is compared with: the value, its change, or its distance from what is usual."""

    STATIC = "static"
    CHANGE = "change"
    ANOMALY = "anomaly"


class Compare(StrEnum):
    """How a change is measured."""

    PERCENT = "percent"
    ABSOLUTE = "absolute"


class Baseline(StrEnum):
    """What a change is measured against."""

    PREVIOUS = "previous"
    LAST_WEEK = "last_week"
    MEDIAN_OF_FOUR = "median_of_four"


class NoData(StrEnum):
    """What a value that is not known means: nothing, all is well, no news, or a state of its own."""

    ZERO = "zero"
    OK = "ok"
    KEEP = "keep"
    NO_DATA = "no_data"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


# What can be told of one session. Counts of sessions and figures about plans are about stretches of time alone.
SESSION_METRICS = (
    "session_cost",
    "session_tokens",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_tokens",
    "unpriced_tokens",
    "unpriced_share",
    "cache_hit_rate",
    "session_duration",
    "active_seconds",
    "tool_call_count",
    "tool_success_rate",
    "tool_error_rate",
    "file_churn",
    "api_error_count",
    "compaction_count",
)
# Flows whose parts belong to sessions, so that "the 95th percentile over sessions" means something.
_BY_SESSION = (Source.USAGE, Source.TOOLS, Source.FILES)
_NOT_BY_SESSION = ("session_count", "task_velocity")


def aggregations_of(metric: Metric, scope: Scope) -> tuple[Aggregation, ...]:
    """How values become one in a scope, the default first. A session has one value, so there it is the default."""
    if scope is Scope.SESSION:
        return metric.aggregations[:1]
    if metric.kind is Kind.STOCK:
        return (Aggregation.LAST,)
    if metric.kind is Kind.FLOW and (metric.source not in _BY_SESSION or metric.id in _NOT_BY_SESSION):
        return (Aggregation.SUM,)
    return metric.aggregations


def dimensions_of(metric: Metric) -> tuple[str, ...]:
    """What a rule about a metric can be filtered and grouped by: what its rollups hold."""
    usage = ("project", "model", "model_family", "session_type", "agent", "skill", "branch", "feature")
    tools = ("project", "session_type", "agent", "branch", "feature", "tool", "tool_category", "mcp_server")
    by_source = {
        Source.USAGE: usage,
        Source.TOOLS: ("tool",) if metric.kind is Kind.DISTRIBUTION else tools,
        Source.FILES: tools[:5],
        Source.SESSIONS: ("project", "model", "session_type", "agent", "branch"),
        Source.EVENTS: ("project", "session_type", "agent", "branch"),
        Source.READING: (),
    }
    return by_source.get(
        metric.source, ("project", "feature") if metric.kind is not Kind.RATIO else ("project",)
    )


def default_no_data(metric: Metric) -> NoData:
    """Nothing happened is a true 0 for counts; a ratio of nothing is no trouble; nobody looked is no news."""
    if metric.source is Source.READING:
        return NoData.KEEP
    return NoData.ZERO if metric.adds_up else NoData.OK


@dataclass(frozen=True, slots=True)
class RuleDefinition:
    """One rule's meaning. `threshold` is in the metric's unit, in percent or units of change, or deviations (anomaly).

    `steps` are further thresholds on the way to the main one, each of which speaks for itself. `window_seconds` is
    of rolling windows only.
    """

    metric: str
    operator: Operator
    threshold: Decimal
    scope: Scope = Scope.SESSION
    aggregation: Aggregation = Aggregation.SUM
    window_seconds: int | None = None
    time_zone: str = "UTC"
    condition: ConditionKind = ConditionKind.STATIC
    compare: Compare = Compare.PERCENT
    baseline: Baseline = Baseline.PREVIOUS
    baseline_length: int = 28
    warn_threshold: Decimal | None = None
    recovery_threshold: Decimal | None = None
    steps: tuple[Decimal, ...] = ()
    min_samples: int = 1
    min_sessions: int = 0
    for_seconds: int = 0
    keep_firing_seconds: int = 0
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    group_by: tuple[str, ...] = ()
    no_data: NoData = NoData.ZERO
    severity: Severity = Severity.WARNING

    @property
    def measure(self) -> Metric:
        return METRICS[self.metric]

    @property
    def pending_for(self) -> timedelta:
        return timedelta(seconds=self.for_seconds)

    @property
    def keeps_firing_for(self) -> timedelta:
        return timedelta(seconds=self.keep_firing_seconds)

    @property
    def only_grows(self) -> bool:
        """Whether a breach inside a slot that is still open can no longer go away before its end."""
        return (
            self.operator.is_upward
            and self.condition is not ConditionKind.CHANGE
            and self.measure.adds_up
            and self.aggregation is Aggregation.SUM
        )
