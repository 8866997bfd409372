"""The benchmark of a scrape: what it fills, what it says, and when it fails."""

import pytest

from benchmarks.scrape import Size, Took, fill, measure, meets_goal, table

TOOK = Took("text 0.0.4", samples_ms=[*range(1, 20), 400], cpu_ms=[5], bytes=1500, series=20)


def test_the_slowest_in_twenty_decides() -> None:
    assert TOOK.p95_ms == 19
    assert meets_goal([TOOK])
    assert not meets_goal([TOOK, Took("gzip", samples_ms=[301], cpu_ms=[1], bytes=1, series=1)])


def test_a_line_per_kind_of_scrape() -> None:
    heading, line, goal = table([TOOK])
    assert heading.split() == ["scrape", "median", "ms", "p95", "ms", "CPU", "ms", "series", "kB"]
    assert line.split() == ["text", "0.0.4", "10", "19", "5", "20", "2"]
    assert "300 ms" in goal


@pytest.mark.django_db
def test_every_project_has_every_model_and_tool() -> None:
    fill(Size(projects=2, models=3, tools=4))
    text, openmetrics, compressed = measure(scrapes=1)
    tokens, cost, calls, sessions = 2 * 3 * 4 - 2 * 3, 2 * 2, 2 * 4 * 5, 2
    assert text.series > tokens + cost + calls + sessions
    assert openmetrics.bytes > text.bytes * 0.9 > compressed.bytes
