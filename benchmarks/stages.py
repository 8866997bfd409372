"""The steps below a sync, each alone in a process of its own, so that its memory and time are its own.

    python -m benchmarks.stages read|decode|parse PROJECTS

prints one JSON object: the bytes, lines and seconds of the step, without the start of the interpreter.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import orjson

BLOCK_BYTES = 1 << 20
Totals = tuple[int, int]


def read(projects: Path) -> Totals:
    """Read every byte and do nothing with it: the floor of any reader. Lines are not looked for, so 0."""
    size = 0
    for path in transcripts(projects):
        with path.open("rb") as stream:
            while block := stream.read(BLOCK_BYTES):
                size += len(block)
    return size, 0


def decode(projects: Path) -> Totals:
    """Decode each line with orjson and drop the value; broken lines are passed over."""
    size = lines = 0
    for path in transcripts(projects):
        with path.open("rb") as stream:
            for line in stream:
                size += len(line)
                lines += 1
                _decoded(line)
    return size, lines


def _decoded(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def parse(projects: Path) -> Totals:
    """Turn each line into the project's own record, as a sync does before it writes."""
    size = lines = 0
    for path in transcripts(projects):
        file_size, file_lines = _parse_file(path, path.relative_to(projects))
        size += file_size
        lines += file_lines
    return size, lines


def _parse_file(path: Path, relative: Path) -> Totals:
    # Imported here: the two steps above are measured without the project's modules in memory.
    from sessions.parsers.formats.claude_code import LineReader, identify
    from sessions.parsers.lines import read_chunks, split

    identity = identify(PurePosixPath(relative))
    reader = LineReader(identity, identity.owner or relative.stem)
    size, lines = path.stat().st_size, 0
    with path.open("rb") as stream:
        for chunk in read_chunks(stream, 0, size):  # the last one is what follows the last newline
            for offset, line in split(chunk.raw, chunk.offset):
                lines += 1
                reader.read(offset, lines, line)
    return size, lines


def transcripts(projects: Path) -> Iterator[Path]:
    """Every transcript below a projects folder, in the order of names."""
    yield from sorted(projects.rglob("*.jsonl"))


STAGES: dict[str, Callable[[Path], Totals]] = {"read": read, "decode": decode, "parse": parse}


def main(arguments: list[str]) -> int:
    """Run one step and print its figures; exit 1 with a sentence when the step does not exist here."""
    stage, projects = arguments
    started = time.perf_counter()
    try:
        size, lines = STAGES[stage](Path(projects))
    except ImportError as error:
        sys.stderr.write(f"The {stage} step is not there: {error}.\n")
        return 1
    seconds = time.perf_counter() - started
    print(json.dumps({"bytes": size, "lines": lines, "seconds": seconds}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
