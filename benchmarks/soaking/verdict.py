"""What a long run came to, held against its bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

MEGABYTE = 1_000_000
# Processes load what they need during the first minutes; what they gain afterwards is a leak.
WARM_AFTER = 1 / 4
MOST_SLOPE = 1.0
MOST_WAL = 64.0
MOST_NEW_DESCRIPTORS = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """What the program's processes held at a moment, seconds after the start. `memory` is what no file backs."""

    seconds: float
    memory: int
    descriptors: int
    wal: int
    resident: int = 0
    by_process: Mapping[int, int] = field(default_factory=dict)


def slope_mb_per_ten_minutes(samples: Sequence[Sample]) -> float:
    """How fast memory grows: the median of the slopes between all pairs of samples (Theil and Sen).

    A single busy moment does not move it, as it would move a least-squares line.
    """
    pairs = [
        (b.memory - a.memory) / (b.seconds - a.seconds)
        for at, a in enumerate(samples)
        for b in samples[at + 1 :]
        if b.seconds > a.seconds
    ]
    return median(pairs) * 600 / MEGABYTE if pairs else 0.0


def warm(samples: Sequence[Sample]) -> list[Sample]:
    """The samples after the first quarter of the run."""
    begin = samples[-1].seconds * WARM_AFTER if samples else 0.0
    return [sample for sample in samples if sample.seconds >= begin]


def broken_bounds(samples: Sequence[Sample], errors: Sequence[str]) -> list[str]:
    """A sentence for each bound that was not kept; [] when all were."""
    if len(settled := warm(samples)) < 2:
        return ["The run was too short to say anything."]
    found = [f"{len(errors)} requests failed, the first: {errors[0]}"] if errors else []
    if (slope := slope_mb_per_ten_minutes(settled)) >= MOST_SLOPE:
        found.append(f"Memory grew by {slope:.2f} MB in ten minutes.")
    if (wal := max(sample.wal for sample in samples) / MEGABYTE) > MOST_WAL:
        found.append(f"The write-ahead log grew to {wal:.0f} MB.")
    third = max(len(settled) // 3, 1)
    early = max(sample.descriptors for sample in settled[:third])
    if (late := min(sample.descriptors for sample in settled[-third:])) > early + MOST_NEW_DESCRIPTORS:
        found.append(f"Descriptors grew from {early} to {late}.")
    return found
