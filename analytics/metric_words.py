"""The words that definitions of metrics are made of."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How values of several buckets become one: added, the last, divided anew, or ranked anew."""

    FLOW = "flow"
    STOCK = "stock"
    RATIO = "ratio"
    DISTRIBUTION = "distribution"


class Unit(StrEnum):
    USD = "USD"
    TOKENS = "tokens"
    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"
    COUNT = "count"
    LINES = "lines"
    PERCENT = "percent"


class Source(StrEnum):
    """The facts a metric is computed from."""

    USAGE = "usage"
    TOOLS = "tools"
    SESSIONS = "sessions"
    TASKS = "tasks"
    FEATURES = "features"
    EVENTS = "events"
    FILES = "files"
    READING = "reading"


class Aggregation(StrEnum):
    """How many values become one: the buckets of a series, or the sessions and days an alert looks at."""

    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    RATIO = "ratio"
    LAST = "last"


class HigherIs(StrEnum):
    GOOD = "good"
    BAD = "bad"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Dimension:
    """Something numbers can be split by. Only those with `groups_series` are offered as lines over time."""

    id: str
    label: str
    description: str
    groups_series: bool = False
