"""The one catalogue of metrics and of the dimensions they can be split by.

API, charts, alerts and exporters read ids, units and rules from here and from nowhere else. Ratios are
percent, 0 to 100, wherever they are shown or compared; an exporter that wants 0 to 1 divides. Every metric
can be computed from what is stored; a number that could not is left out rather than answered with nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from analytics.metric_words import Aggregation as Aggregation
from analytics.metric_words import Dimension as Dimension
from analytics.metric_words import HigherIs as HigherIs
from analytics.metric_words import Kind as Kind
from analytics.metric_words import Source as Source
from analytics.metric_words import Unit as Unit


class UnknownName(ValueError):
    """A name that is in no catalogue. `name` is what was asked for, `valid` the names there are, in order."""

    def __init__(self, what: str, name: str, valid: Iterable[str]) -> None:
        self.name = name
        self.valid = tuple(valid)
        super().__init__(f"{name[:60]!r} is no {what}; valid are {', '.join(self.valid) or 'none'}.")


class UnknownMetric(UnknownName):
    pass


class UnknownDimension(UnknownName):
    pass


@dataclass(frozen=True, slots=True)
class Metric:
    """The definition of one number.

    `aggregations` are those that mean something for it, the default first; `dimensions` the ids of what it
    can be split by. Values lie between 0 and `maximum` (None: no upper bound). `min_samples` is how many
    underlying events a ratio or percentile needs before an alert may judge it.
    """

    id: str
    label: str
    unit: Unit
    kind: Kind
    description: str
    aggregations: tuple[Aggregation, ...]
    dimensions: tuple[str, ...]
    source: Source
    higher_is: HigherIs = HigherIs.NEUTRAL
    maximum: float | None = None
    min_samples: int = 1

    @property
    def aggregation(self) -> Aggregation:
        """The one to use when nobody chose."""
        return self.aggregations[0]

    @property
    def adds_up(self) -> bool:
        """Whether buckets may be summed and an empty bucket is a true 0 instead of unknown."""
        return self.kind is Kind.FLOW

    @property
    def series_dimensions(self) -> tuple[str, ...]:
        """The dimensions its series can be grouped by."""
        return tuple(id for id in self.dimensions if DIMENSIONS[id].groups_series)


def metric(id: str) -> Metric:
    """The metric of an id or of its legacy name. Raises UnknownMetric, which names the valid ids."""
    found = METRICS.get(LEGACY_METRIC_NAMES.get(id, id))
    if found is None:
        raise UnknownMetric("metric", id, METRICS)
    return found


def dimension(id: str) -> Dimension:
    """The dimension of an id. Raises UnknownDimension, which names the valid ids."""
    found = DIMENSIONS.get(id)
    if found is None:
        raise UnknownDimension("dimension", id, DIMENSIONS)
    return found


def series_dimension(metric: Metric, id: str) -> Dimension:
    """The dimension to group a metric's series by. Raises UnknownDimension, which names those that can."""
    if id not in metric.series_dimensions:
        raise UnknownDimension(f"dimension to group {metric.id} by", id, metric.series_dimensions)
    return DIMENSIONS[id]


DIMENSIONS = {
    dimension.id: dimension
    for dimension in (
        Dimension("project", "Project", "The project a session belongs to.", True),
        Dimension("model", "Model", "The model that answered, as the transcript names it.", True),
        Dimension("model_family", "Model family", "Models of one line, such as every version of Opus.", True),
        Dimension("session_type", "Session type", "Main session or subagent.", True),
        Dimension("agent", "Agent", "The kind of subagent at work; main sessions have none.", True),
        Dimension("skill", "Skill", "The skill a session used.", True),
        Dimension("tool", "Tool", "The tool that was called.", True),
        Dimension("feature", "Feature", "The feature a session is linked to first of all.", True),
        Dimension("branch", "Branch", "The Git branch the work happened on."),
        Dimension("task", "Task", "The planned task a session is linked to."),
        Dimension("phase", "Phase", "The phase of a plan a session is linked to."),
        Dimension("tool_category", "Tool category", "Tools by what they do: read, edit, run, search."),
        Dimension("mcp_server", "MCP server", "The MCP server of a called tool; built-in tools have none."),
    )
}

# Tokens are not split by tool: a response can call several, and no record says which token was for which.
# Errors and compactions have no model: the lines that report them name none.
_WORK = ("project", "session_type", "agent", "skill", "feature", "branch", "task", "phase")
_USAGE = ("project", "model", "model_family", *_WORK[1:])
_TOOLS = (*_USAGE, "tool", "tool_category", "mcp_server")
# A session or an event is of one feature, the one its session was for first of all, and of no part of a plan.
_EVENTS = ("project", "session_type", "agent", "feature", "branch")
# Of one model as well, the one that answered most.
_ACTIVE = (*_EVENTS, "model", "model_family")
_SESSIONS = (*_ACTIVE, "skill")
_PLANS = ("project", "feature", "phase")

_SPREAD = (
    Aggregation.AVG,
    Aggregation.MIN,
    Aggregation.MAX,
    Aggregation.P50,
    Aggregation.P90,
    Aggregation.P95,
)


def _flow(
    id: str,
    label: str,
    description: str,
    unit: Unit,
    source: Source,
    dimensions: tuple[str, ...],
    higher_is: HigherIs = HigherIs.NEUTRAL,
) -> Metric:
    per_session = (Aggregation.SUM, *_SPREAD)
    return Metric(id, label, unit, Kind.FLOW, description, per_session, dimensions, source, higher_is)


def _tokens(id: str, label: str, description: str, higher_is: HigherIs = HigherIs.NEUTRAL) -> Metric:
    return _flow(id, label, description, Unit.TOKENS, Source.USAGE, _USAGE, higher_is)


def _ratio(
    id: str, label: str, description: str, source: Source, dimensions: tuple[str, ...], higher_is: HigherIs
) -> Metric:
    # One failure in two calls is no failure rate of 50 %: below 20 events an alert on a ratio does not speak.
    only = (Aggregation.RATIO,)
    percent = Unit.PERCENT
    return Metric(
        id, label, percent, Kind.RATIO, description, only, dimensions, source, higher_is, 100, min_samples=20
    )


def _progress(id: str, label: str, description: str, source: Source, dimensions: tuple[str, ...]) -> Metric:
    # How far work has come can be watched at its lowest and highest, but a mean of levels means nothing.
    latest = (Aggregation.LAST, Aggregation.MIN, Aggregation.MAX)
    good = HigherIs.GOOD
    return Metric(
        id, label, Unit.PERCENT, Kind.STOCK, description, latest, dimensions, source, good, maximum=100
    )


def _tool_duration(percentile: Aggregation, label: str, description: str) -> Metric:
    return Metric(
        id=f"tool_duration_{percentile}",
        label=label,
        unit=Unit.MILLISECONDS,
        kind=Kind.DISTRIBUTION,
        description=description,
        aggregations=(percentile,),
        dimensions=_TOOLS,
        source=Source.TOOLS,
        higher_is=HigherIs.BAD,
        min_samples=20,
    )


_USAGE_METRICS = (
    _flow(
        "session_cost",
        "Cost",
        "API-equivalent cost of all priced model responses, at the price of the day each one happened.",
        Unit.USD,
        Source.USAGE,
        _USAGE,
        HigherIs.BAD,
    ),
    _tokens(
        "session_tokens", "Tokens", "Input plus output tokens, each model response once; no cache tokens."
    ),
    _tokens("input_tokens", "Input tokens", "Tokens sent to the model outside its prompt cache."),
    _tokens("output_tokens", "Output tokens", "Tokens the model wrote; a lower bound for partial responses."),
    _tokens("cache_read_tokens", "Cache read tokens", "Input tokens the model took from its prompt cache."),
    _tokens("cache_creation_tokens", "Cache write tokens", "Input tokens written to the prompt cache."),
    _tokens(
        "unpriced_tokens",
        "Unpriced tokens",
        "Tokens of all four classes in responses whose model has no known price; no cost includes them.",
        HigherIs.BAD,
    ),
    _ratio(
        "unpriced_share",
        "Unpriced share",
        "Unpriced tokens as a share of the tokens of all four classes.",
        Source.USAGE,
        _USAGE,
        HigherIs.BAD,
    ),
    _ratio(
        "cache_hit_rate",
        "Cache hit rate",
        "Cache read tokens as a share of all input: fresh, read from and written to the cache.",
        Source.USAGE,
        _USAGE,
        HigherIs.GOOD,
    ),
)

_SESSION_METRICS = (
    _flow(
        "session_count",
        "Sessions",
        "Sessions that began in the bucket, forks included; subagents are part of theirs.",
        Unit.COUNT,
        Source.SESSIONS,
        _SESSIONS,
    ),
    Metric(
        id="session_duration",
        label="Session duration",
        unit=Unit.SECONDS,
        kind=Kind.DISTRIBUTION,
        description="From first to last event of the sessions that began in the bucket, pauses included.",
        aggregations=_SPREAD,
        dimensions=_SESSIONS,
        source=Source.SESSIONS,
    ),
    _flow(
        "active_seconds",
        "Active time",
        "Time in which events of a session followed one another without a long pause.",
        Unit.SECONDS,
        Source.SESSIONS,
        _ACTIVE,
    ),
)

_PLAN_METRICS = (
    _flow(
        "task_velocity",
        "Tasks completed",
        "Tasks that are done or deferred and whose completion date falls in the bucket.",
        Unit.COUNT,
        Source.TASKS,
        _PLANS,
        HigherIs.GOOD,
    ),
    _progress(
        "task_completion_pct",
        "Task completion",
        "Tasks that are done or deferred as a share of all tasks, at the end of the bucket.",
        Source.TASKS,
        _PLANS,
    ),
    _progress(
        "feature_progress",
        "Feature progress",
        "Share of finished tasks at the end of the bucket, averaged over the features that have tasks.",
        Source.FEATURES,
        ("project", "feature"),
    ),
    Metric(
        id="cost_per_completed_task",
        label="Cost per completed task",
        unit=Unit.USD,
        kind=Kind.RATIO,
        description="Cost of the bucket divided by the tasks completed in it; unknown where none was.",
        aggregations=(Aggregation.RATIO,),
        dimensions=("project", "feature"),
        source=Source.TASKS,
        higher_is=HigherIs.BAD,
    ),
)

_STALLED = Metric(
    id="stalled_tasks",
    label="Stalled tasks",
    unit=Unit.COUNT,
    kind=Kind.STOCK,
    description="Tasks in progress or in review on which nobody had worked for seven days, at the end of the bucket.",
    aggregations=(Aggregation.LAST, Aggregation.MIN, Aggregation.MAX),
    dimensions=("project", "feature"),
    source=Source.TASKS,
    higher_is=HigherIs.BAD,
)


def _reading(id: str, label: str, unit: Unit, description: str) -> Metric:
    """About the reading of this installation as a whole, so that nothing splits it."""
    latest = (Aggregation.LAST, Aggregation.MIN, Aggregation.MAX)
    return Metric(id, label, unit, Kind.STOCK, description, latest, (), Source.READING, HigherIs.BAD)


_READING_METRICS = (
    _reading(
        "reading_lag",
        "Reading lag",
        Unit.SECONDS,
        "How long the transcript that waited longest had waited to be read, as it was last looked at in the bucket.",
    ),
    _reading(
        "transcripts_at_risk",
        "Transcripts at risk",
        Unit.COUNT,
        "Transcripts with lines not read yet that their agent deletes within three days, as last looked at.",
    ),
)

_TOOL_METRICS = (
    _flow("tool_call_count", "Tool calls", "Tool calls, each once.", Unit.COUNT, Source.TOOLS, _TOOLS),
    _ratio(
        "tool_success_rate",
        "Tool success rate",
        "Tool calls that succeeded as a share of those that succeeded or failed.",
        Source.TOOLS,
        _TOOLS,
        HigherIs.GOOD,
    ),
    _ratio(
        "tool_error_rate",
        "Tool error rate",
        "Tool calls that failed as a share of those that succeeded or failed.",
        Source.TOOLS,
        _TOOLS,
        HigherIs.BAD,
    ),
    _tool_duration(Aggregation.P50, "Tool duration, median", "Half of the timed tool calls took no longer."),
    _tool_duration(Aggregation.P95, "Tool duration, p95", "19 of 20 timed tool calls took no longer."),
)

_EVENT_METRICS = (
    _flow(
        "file_churn",
        "File churn",
        "Lines added plus lines removed by file changes.",
        Unit.LINES,
        Source.FILES,
        _WORK,
    ),
    _flow(
        "api_error_count",
        "API errors",
        "Requests to a model that ended in an error, such as a rate limit, an overload or a failed sign-in.",
        Unit.COUNT,
        Source.EVENTS,
        _EVENTS,
        HigherIs.BAD,
    ),
    _flow(
        "compaction_count",
        "Compactions",
        "Times a session's context was summarised because it had grown too long.",
        Unit.COUNT,
        Source.EVENTS,
        _EVENTS,
    ),
)

METRICS = {
    metric.id: metric
    for metric in (
        *_USAGE_METRICS,
        *_SESSION_METRICS,
        *_PLAN_METRICS,
        _STALLED,
        *_TOOL_METRICS,
        *_EVENT_METRICS,
        *_READING_METRICS,
    )
}

# Names that older clients and their saved alert rules still send.
LEGACY_METRIC_NAMES = {"cost_threshold": "session_cost", "total_tokens": "session_tokens"}
