"""Measure how well and how fast secrets are found: on fakes, on look-alikes, on hostile texts, on real transcripts.

    python -m benchmarks.secrets [--source DIR] [--seeds 100] [--lines 100000]

Nothing that is found is printed, only how much of each kind. Exit code 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from time import perf_counter, process_time

from sessions.parsers.secrets.finding import line_secrets
from sessions.parsers.secrets.kinds import KINDS, Kind
from sessions.parsers.secrets.masking import masked, masked_line
from sessions.tests.fake_secrets import SHAPES, fake, placed, private_key
from sessions.tests.test_secrets import CONTEXTS, look_alike_lines

RECALL_GOAL, FALSE_HITS_GOAL, SECONDS_GOAL = 0.98, 2, 0.1
HOSTILE_BYTES = 100_000


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", type=Path, help="a folder with transcripts, which is only read")
    parser.add_argument("--seeds", type=int, default=100, help="fakes of each shape")
    parser.add_argument("--lines", type=int, default=100_000, help="look-alike lines")
    asked = parser.parse_args(arguments)
    good = [_recall(asked.seeds), _false_hits(asked.lines), _hostile()]
    if asked.source:
        _real(asked.source)
    return 0 if all(good) else 1


def _recall(seeds: int) -> bool:
    """Of fakes in several surroundings, plain and as JSON, how many are masked."""
    missed = Counter({shape: sum(_missed(fake(shape, seed)) for seed in range(seeds)) for shape in SHAPES})
    for seed in range(seeds):
        for kind, (text, secret) in placed(seed).items():
            missed[kind] += 2 * len(CONTEXTS) * (secret in masked(text))
        missed["private_key"] += 2 * len(CONTEXTS) * (private_key(seed)[40:100] in masked(private_key(seed)))
    each = seeds * len(CONTEXTS) * 2
    print(f"recall, {seeds} fakes of each of {len(missed)} shapes:")
    for shape, count in missed.most_common(5):
        print(f"  {shape:24} {1 - count / each:8.2%}")
    recall = 1 - sum(missed.values()) / (each * len(missed))
    print(f"  {'all':24} {recall:8.2%}   goal {RECALL_GOAL:.0%}\n")
    return recall >= RECALL_GOAL


def _missed(secret: str) -> int:
    texts = [context.format(secret) for context in CONTEXTS]
    lines = [masked_line(json.dumps({"text": text}).encode()) for text in texts]
    return sum(secret in masked(text) for text in texts) + sum(secret.encode() in line for line in lines)


def _false_hits(count: int) -> bool:
    hits = sum(masked(line) != line for line in look_alike_lines(count))
    rate = hits / count * 10_000
    print(f"false hits, {count:,} look-alike lines: {hits}, {rate:.2f} in 10,000   goal {FALSE_HITS_GOAL}\n")
    return rate <= FALSE_HITS_GOAL


def _hostile() -> bool:
    """The beginnings of each kind again and again, with what makes its pattern go on longest."""
    slowest = Counter({kind.name: max(map(_milliseconds, _hostile_texts(kind))) for kind in KINDS})
    print(f"slowest kinds on {HOSTILE_BYTES:,} hostile bytes, ms of a processor:")
    for name, milliseconds in slowest.most_common(5):
        print(f"  {name:24} {milliseconds:8}")
    print()
    return max(slowest.values()) <= SECONDS_GOAL * 1000


def _hostile_texts(kind: Kind) -> Iterator[bytes]:
    fillers = (b"", b"a", b"A1", b"a1" * 20, b" a:", b'"', b"\\", b".eyJ", b"-", b"=", b"\\n", b'=\\"')
    for start in kind.starts[:6]:
        for filler in (*fillers, b"a1B2" * 60, b"-----END", b":" * 40, b"\\" * 15):
            unit = b" " + start + filler
            yield unit * (HOSTILE_BYTES // len(unit))
        yield start + b"aZ3-" * (HOSTILE_BYTES // 4)


def _milliseconds(text: bytes) -> int:
    return min(_timed(lambda: masked_line(text)) for _ in range(2))


def _timed(action: Callable[[], object]) -> int:
    started = process_time()
    action()
    return round((process_time() - started) * 1000)


def _real(source: Path) -> None:
    lines = [line for path in _transcripts(source) for line in path.read_bytes().splitlines()]
    started = perf_counter()
    found = [secrets for line in lines if (secrets := line_secrets(line)[1])]
    seconds = perf_counter() - started
    size = sum(map(len, lines))
    print(f"{len(lines):,} lines, {size / 1e6:.1f} MB in {seconds:.2f} s, {size / 1e6 / seconds:.0f} MB/s")
    kinds = Counter(secret.kind.name for secrets in found for secret in secrets)
    different = len({secret.value for secrets in found for secret in secrets})
    print(f"{len(found)} lines with secrets, {different} different: {dict(kinds)}")


def _transcripts(source: Path) -> Iterable[Path]:
    return sorted(
        Path(folder, name)
        for folder, _, names in os.walk(source)
        for name in names
        if name.endswith(".jsonl")
    )


if __name__ == "__main__":
    sys.exit(main())
