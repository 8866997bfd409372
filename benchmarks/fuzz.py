"""Look for texts that break a parser or renderer: mutated, and kept where they reach lines that none reached before.

    python -m benchmarks.fuzz [--only NAME] [--minutes 10] [--inputs N] [--seed 0] [--keep DIR]

Each target runs for so many minutes, or so many inputs. A finding is an exception that is not caught, or an input that
takes more than a second of a processor; it is printed, and kept in DIR. Exit code 1 where there is one.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from time import monotonic, process_time
from types import CodeType
from typing import Any

import django

MOST_SECONDS, MOST_CHARS, FIRST_CHARS = 1.0, 60_000, 400
_TOOL = sys.monitoring.COVERAGE_ID


class _TookTooLong(BaseException):
    """No Exception, so that nothing that is tried takes it for its own."""


@dataclass(slots=True)
class Found:
    """What a text did to a target."""

    said: str  # the kind of failure and where: equal ones are told once
    text: str
    detail: str = ""


@dataclass(slots=True)
class Fuzzer:
    """One target, the texts that reached something new in it, and what was found."""

    target: Callable[[str], object]
    pieces: Sequence[str]
    source: random.Random
    kept: list[str]
    findings: dict[str, Found] = field(default_factory=dict)
    tried: int = 0
    slowest: float = 0.0
    lines: int = 0  # of the program, reached so far
    _news: int = 0

    def run(self, is_done: Callable[[Fuzzer], bool]) -> None:
        """Try texts until it is done: at first those that are there, then what can be made of them."""
        monitoring = sys.monitoring
        monitoring.use_tool_id(_TOOL, "fuzz")
        monitoring.register_callback(_TOOL, monitoring.events.LINE, self._reached)
        monitoring.set_events(_TOOL, monitoring.events.LINE)
        try:
            for text in [*self.kept]:
                self._try(text)
            while not is_done(self):
                text = self._mutated(self.source.choice(self.kept))
                if self._try(text):
                    self.kept.append(text)
        finally:
            monitoring.set_events(_TOOL, 0)
            monitoring.register_callback(_TOOL, monitoring.events.LINE, None)
            monitoring.restart_events()
            monitoring.free_tool_id(_TOOL)

    def _reached(self, code: CodeType, _line: int) -> Any:
        """A line runs for the first time; it is not told again."""
        self._news += 1
        return sys.monitoring.DISABLE

    def _try(self, text: str) -> bool:
        """Whether the text reached something new."""
        self.tried += 1
        self._news = 0
        started = process_time()
        signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS * 5)
        try:
            self.target(text)
        except _TookTooLong:
            self._note(Found("cut off", text))
        except Exception as error:  # noqa: BLE001  (what it is looking for)
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
            self._note(Found(where, text, "".join(traceback.format_exception(error))))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        seconds = process_time() - started
        self.slowest = max(self.slowest, seconds)
        if seconds > MOST_SECONDS:
            self._note(Found("slow", text, f"{seconds:.1f} s"))
        self.lines += self._news
        return self._news > 0

    def _note(self, found: Found) -> None:
        self.findings.setdefault(found.said, found)

    def _mutated(self, text: str) -> str:
        for _ in range(self.source.choice((1, 1, 2, 4, 8))):
            text = self.source.choice(_MUTATIONS)(self, text)
        return text[:MOST_CHARS]

    def _place(self, text: str) -> int:
        return self.source.randint(0, len(text))

    def _span(self, text: str) -> tuple[int, int]:
        start = self._place(text)
        return start, min(len(text), start + self.source.choice((1, 2, 8, 40)))

    def _insert(self, text: str) -> str:
        at = self._place(text)
        return text[:at] + self.source.choice(self.pieces) + text[at:]

    def _repeat(self, text: str) -> str:
        at, times = self._place(text), self.source.choice((2, 5, 30, 400))
        return text[:at] + self.source.choice(self.pieces) * times + text[at:]

    def _drop(self, text: str) -> str:
        start, end = self._span(text)
        return text[:start] + text[end:]

    def _double(self, text: str) -> str:
        start, end = self._span(text)
        return text[:end] + text[start:end] * self.source.choice((1, 3, 50)) + text[end:]

    def _character(self, text: str) -> str:
        start, at = (
            self._place(text),
            chr(self.source.choice((self.source.randrange(128), 0x10FFFF, 0x85, 0x2028))),
        )
        return text[:start] + at + text[start + 1 :]

    def _spliced(self, text: str) -> str:
        other = self.source.choice(self.kept)
        return text[: self._place(text)] + other[self._place(other) :]


_MUTATIONS = (
    Fuzzer._insert,
    Fuzzer._insert,
    Fuzzer._repeat,
    Fuzzer._drop,
    Fuzzer._double,
    Fuzzer._character,
    Fuzzer._spliced,
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="part of the names of targets")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each target")
    parser.add_argument("--inputs", type=int, default=0, help="for each target, instead of minutes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for what was found")
    asked = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telemetry_site.tests.settings")
    django.setup()
    from telemetry_site.tests.text_targets import PIECES, TARGETS, hostile_texts, plain_texts

    before = signal.signal(signal.SIGPROF, _end)
    found = 0
    for name, target in TARGETS.items():
        if asked.only in name:
            texts = [*plain_texts(), *(text for _, text in list(hostile_texts(FIRST_CHARS))[::3])]
            fuzzer = Fuzzer(target, PIECES, random.Random(f"{asked.seed} {name}"), texts)
            fuzzer.run(_until(asked.inputs, asked.minutes))
            _tell(name, fuzzer, asked.keep)
            found += len(fuzzer.findings)
    signal.signal(signal.SIGPROF, before)
    return 1 if found else 0


def _until(inputs: int, minutes: float) -> Callable[[Fuzzer], bool]:
    end = monotonic() + minutes * 60
    return lambda fuzzer: fuzzer.tried >= inputs if inputs else monotonic() >= end


def _tell(name: str, fuzzer: Fuzzer, keep: Path | None) -> None:
    print(
        f"{name:20} {fuzzer.tried:9,} inputs, {len(fuzzer.kept):6,} kept, {fuzzer.lines:6,} lines reached, "
        f"slowest {fuzzer.slowest * 1000:6.0f} ms, {len(fuzzer.findings)} findings",
        flush=True,
    )
    for found in fuzzer.findings.values():
        print(
            f"  {found.said}: {found.text[:200]!r} ({len(found.text):,} characters)\n{found.detail}",
            flush=True,
        )
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            raw = found.text.encode("utf-8", "surrogatepass")
            (keep / f"{name.replace(' ', '-')}-{sha256(raw).hexdigest()[:12]}").write_bytes(raw)


def _end(*_: object) -> None:
    raise _TookTooLong


if __name__ == "__main__":
    sys.exit(main())
