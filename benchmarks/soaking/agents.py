"""Agents that write transcripts without end, in pieces that may stop in the middle of a line."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sessions.tests import samples as s

TURNS_OF_A_SESSION = 400


@dataclass(slots=True)
class Agents:
    """So many agents at work under a config folder; `lines` is how many they wrote."""

    root: Path
    agents: int
    dice: random.Random
    lines: int = 0
    _turn: int = 0
    _waiting: dict[str, bytes] = field(default_factory=dict)

    def write(self) -> None:
        """One agent goes on by one to four turns."""
        name = self._session()
        turns = [line for _ in range(self.dice.randint(1, 4)) for line in self._lines(name)]
        self.lines += len(turns)
        text = self._waiting.get(name, b"") + b"".join(turns)
        cut = self.dice.randint(len(text) // 2, len(text))
        s.append(self.root, s.main_path(name), text[:cut])
        self._waiting[name] = text[cut:]

    def finish(self) -> None:
        """Write what is missing of lines that were begun."""
        for name, text in self._waiting.items():
            s.append(self.root, s.main_path(name), text)
        self._waiting.clear()

    def _session(self) -> str:
        """An agent begins a new session after so many turns of all, so that sessions are many and end."""
        since = self._turn // (TURNS_OF_A_SESSION * self.agents)
        return f"soak-{since}-{self.dice.randrange(self.agents)}"

    def _lines(self, name: str) -> Iterator[bytes]:
        self._turn += 1
        n, second = self._turn, (datetime.now(UTC) - s.START).total_seconds()
        output = "\n".join(f"{k}: {self.dice.random()}" for k in range(self.dice.randint(1, 40)))
        yield s.line(s.prompt(f"p{n}", second, name, text=f"Bitte {n}: ✓ {self.dice.random()}"))
        yield s.line(s.reply(f"r{n}", second, name, blocks=[s.call(f"toolu_{n}")], output=n % 900))
        yield s.line(s.answer(f"a{n}", second, f"toolu_{n}", name, content=output))
