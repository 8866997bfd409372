"""The stored counters as families. They tell what was read, as it was read (`CountedTotal`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import orjson
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from analytics import counters
from analytics.label_values import dropped_counts
from analytics.models import CountedTotal
from analytics.prometheus.exposition import WrittenMetric, label_pairs
from analytics.prometheus.registry import PREFIX, Scrape
from analytics.querysets import DURATION_BOUNDS_MS
from sessions.models import Project
from sessions.scope import Projects

# {family: its label values as JSON, and the figure}
Stored = dict[str, list[tuple[str, int]]]
# More than a scrape can have: what a line says of its labels is written once.
MOST_LINES = 100_000


@dataclass(frozen=True, slots=True)
class Counter:
    """A stored counter as it is shown; `per_unit` of what is stored make one of what is shown."""

    stored: str
    name: str
    text: str
    labels: tuple[str, ...] = ()
    per_unit: int = 1
    # Label sets that are there from the beginning, so that their first increase shows as one.
    from_zero: tuple[counters.Labels, ...] = ()

    def family(self, stored: Stored) -> Metric:
        rows = stored.get(self.stored, [])
        if self.from_zero:
            family = CounterMetricFamily(PREFIX + self.name, self.text, labels=self.labels)
            known = {tuple(orjson.loads(values)): total for values, total in rows}
            for values, total in (dict.fromkeys(self.from_zero, 0) | known).items():
                family.add_metric(values, total / self.per_unit)
            return family
        lines = [
            f"{_line_head(self.name, self.labels, values)}{floatToGoString(total / self.per_unit)}\n"
            for values, total in rows
        ]
        return WrittenMetric(PREFIX + self.name, self.text, "counter", lines)


@lru_cache(maxsize=MOST_LINES)
def _line_head(name: str, labels: tuple[str, ...], values: str) -> str:
    """A counter's line up to its figure."""
    pairs = label_pairs(dict(zip(labels, orjson.loads(values), strict=True)))
    return f"{PREFIX}{name}_total{{{pairs}}} "


COUNTERS = (
    Counter(
        counters.TOKENS,
        "tokens",
        "Tokens that were read, each model response once; no type contains another.",
        ("project", "model", "type"),
    ),
    Counter(
        counters.COST,
        "cost_usd",
        "API-equivalent cost in US dollars, at the price known when a response was read; "
        "responses without a known price have none.",
        ("project", "model"),
        per_unit=10**9,
    ),
    Counter(
        counters.SESSIONS,
        "sessions",
        "Sessions that were read, subagents and forks under kinds of their own.",
        ("project", "agent", "kind"),
    ),
    Counter(
        counters.TOOL_CALLS,
        "tool_calls",
        "Tool calls whose answer was read, by what they came to.",
        ("project", "tool", "outcome"),
    ),
    Counter(
        counters.INGEST_LINES,
        "ingest_lines",
        "Complete lines of transcripts that were read, by what became of them.",
        ("outcome",),
        from_zero=tuple((outcome,) for outcome in counters.LINE_OUTCOMES),
    ),
    Counter(
        counters.INGEST_BYTES,
        "ingest_bytes",
        "Bytes of transcripts read by sync runs that ended.",
        from_zero=((),),
    ),
    Counter(
        counters.INGEST_ERRORS,
        "ingest_errors",
        "Sync runs that ended early (run), and files that a sync run could not read (file).",
        ("reason",),
        from_zero=(("file",), ("run",)),
    ),
)


def stored_totals(scrape: Scrape) -> Iterator[Metric]:
    """Every stored counter that has a family here, the histogram of tool durations, and what was swept together."""
    stored = _stored()
    slugs = _slugs(scrape.projects)
    for counter in COUNTERS:
        if slugs is not None and counter.labels[:1] == ("project",):
            stored[counter.stored] = [
                row for row in stored.get(counter.stored, []) if orjson.loads(row[0])[0] in slugs
            ]
        if slugs is None or counter.labels[:1] == ("project",):
            yield counter.family(stored)
    if slugs is None:
        yield _durations(stored)
        yield _dropped()


def _stored() -> Stored:
    found: Stored = {}
    rows = CountedTotal.objects.order_by("family", "labels").values_list("family", "labels", "exported")
    for family, labels, exported in rows:
        found.setdefault(family, []).append((labels, exported))
    return found


def _slugs(projects: Projects) -> frozenset[str] | None:
    """None where the asker may read every project. Others learn nothing that is not of a project of theirs."""
    if projects is None:
        return None
    return frozenset(Project.objects.filter(id__in=projects).values_list("slug", flat=True))


def _durations(stored: Stored) -> Metric:
    """Calls are stored by stretch; a bucket holds all stretches up to its bound."""
    text = "How long tool calls took: the tool's own figure, else the time from call to answer, waiting included."
    family = HistogramMetricFamily(f"{PREFIX}tool_duration_seconds", text, labels=["tool"])
    stretches: dict[str, dict[int, int]] = {}
    for values, calls in stored.get(counters.TOOL_STRETCHES, []):
        tool, bound = orjson.loads(values)
        stretches.setdefault(tool, {})[int(bound)] = calls
    for values, total_ms in stored.get(counters.TOOL_MS, []):
        [tool] = orjson.loads(values)
        family.add_metric([tool], list(_buckets(stretches.get(tool, {}))), total_ms / 1000)
    return family


def _buckets(calls: dict[int, int]) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, ms in enumerate((*DURATION_BOUNDS_MS, float("inf"))):
        total += calls.get(bound, 0)
        yield floatToGoString(ms / 1000), total


def _dropped() -> Metric:
    text = "Values of a label that appeared after its places were taken, and are counted in `other`."
    family = CounterMetricFamily(f"{PREFIX}dropped_label_values", text, labels=["label"])
    for label, count in dropped_counts().items():
        family.add_metric([label], count)
    return family
