"""What a long run is judged by: growth is told from noise, and every bound that is broken is said."""

from __future__ import annotations

from benchmarks.soak import counters_in
from benchmarks.soaking.verdict import MEGABYTE, Sample, broken_bounds, slope_mb_per_ten_minutes

STEADY = [Sample(10.0 * n, 300 * MEGABYTE, 50, MEGABYTE) for n in range(360)]


def test_a_steady_run_keeps_every_bound() -> None:
    assert broken_bounds(STEADY, []) == []


def test_growth_is_measured_and_a_busy_moment_is_none() -> None:
    growing = [s.__class__(s.seconds, s.memory + round(s.seconds * 5000), 50, 0) for s in STEADY]
    assert round(slope_mb_per_ten_minutes(growing), 3) == 3.0
    busy = [Sample(s.seconds, s.memory * (3 if 200 < n < 230 else 1), 50, 0) for n, s in enumerate(STEADY)]
    assert slope_mb_per_ten_minutes(busy) == 0


def test_each_broken_bound_is_a_sentence() -> None:
    leaking = [Sample(s.seconds, s.memory, round(50 + s.seconds / 60), 70 * MEGABYTE) for s in STEADY]
    found = " ".join(broken_bounds(leaking, ["/sessions: 500"]))
    assert "1 requests failed, the first: /sessions: 500" in found
    assert "write-ahead log grew to 70 MB" in found
    assert "Descriptors grew from" in found
    assert broken_bounds([], []) == ["The run was too short to say anything."]


def test_counters_of_the_ledger_are_read_from_a_scrape() -> None:
    text = (
        "# TYPE agent_ledger_tokens_total counter\n"
        'agent_ledger_tokens_total{model="m",type="input"} 12.0\n'
        'agent_ledger_http_requests_total{code="200"} 3.0\n'
    )
    assert counters_in(text) == {'agent_ledger_tokens_total{model="m",type="input"}': 12.0}
