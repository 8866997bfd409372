"""Families are written as the library itself would write them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest as as_openmetrics

from analytics.prometheus.exposition import END, as_text

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers(0, 10**18) | st.floats(allow_nan=True, allow_infinity=True)
samples = st.lists(st.tuples(texts, texts, numbers), max_size=5)


class Told:
    """Families as a registry collects them."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def by_the_library(families: list[Metric], openmetrics: bool) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Told(families))
    write: Any = as_openmetrics if openmetrics else generate_latest
    found: bytes = write(registry)
    return found


def families(rows: list[tuple[str, str, float]]) -> list[Metric]:
    counter = CounterMetricFamily("ledger_tokens", 'Said "so"\\n\nand on.', labels=["project", "model"])
    gauge = GaugeMetricFamily("ledger_size", "Bytes.")
    histogram = HistogramMetricFamily("ledger_seconds", "Time.", labels=["tool"])
    for one, other, value in rows:
        counter.add_metric([one, other], value)
        histogram.add_metric([one], [("1.0", 2), ("+Inf", 5)], value)
    gauge.add_metric([], 17)
    return [counter, gauge, histogram]


@pytest.mark.parametrize("openmetrics", [False, True])
@given(rows=samples)
def test_bytes_are_those_of_the_library(openmetrics: bool, rows: list[tuple[str, str, float]]) -> None:
    told = families(rows)
    written = as_text(told, as_openmetrics if openmetrics else generate_latest)
    assert written + (END if openmetrics else b"") == by_the_library(told, openmetrics)


def test_samples_with_more_to_them_are_left_to_the_library() -> None:
    dated = GaugeMetricFamily("ledger_level", "Level.", labels=["of"])
    dated.add_metric(["tank"], 3, timestamp=12.5)
    begun = CounterMetricFamily("ledger_calls", "Calls.", labels=["tool"])
    begun.add_metric(["Bash"], 4, created=99)
    for openmetrics, write in ((False, generate_latest), (True, as_openmetrics)):
        written = as_text([dated, begun], write)
        assert written + (END if openmetrics else b"") == by_the_library([dated, begun], openmetrics)
