"""What a session did, as far as it can tell which plan it served. Times are epoch milliseconds (UTC) or None."""

from dataclasses import dataclass
from typing import NamedTuple

READ = "read"
WRITTEN = frozenset({"create", "update", "delete"})


class Said(NamedTuple):
    """A prompt, or the link to a pull request."""

    text: str
    at_ms: int | None
    seq: int | None  # the transcript entry that says it


class Command(NamedTuple):
    """A slash command as typed, with the text behind it."""

    name: str
    args: str
    at_ms: int | None
    seq: int | None


class Call(NamedTuple):
    """A tool call that succeeded: a file read or written (`path`), or a shell command (`shell`) with its commits."""

    key: int  # the ToolCall's id, from which the entry can be found
    at_ms: int | None
    path: str = ""
    action: str = ""
    shell: str = ""
    commits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionSignals:
    """One session's signals. Every list is in order of time; `branches` holds the first moment of each."""

    ids: frozenset[str] = frozenset()  # every id a plan may name it by
    started_ms: int | None = None
    ended_ms: int | None = None
    title: str = ""
    roots: tuple[str, ...] = ()  # folders that its project's paths are relative to
    prompts: tuple[Said, ...] = ()
    commands: tuple[Command, ...] = ()
    calls: tuple[Call, ...] = ()
    branches: tuple[tuple[str, int | None], ...] = ()
    pull_requests: tuple[Said, ...] = ()
    agents: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()


def branch_shares(signals: SessionSignals) -> dict[str, float]:
    """{branch: part of the session's time on it, 0..1}, taking each branch to last until the next one's first moment.

    A session without length, or whose branches have no times, counts as wholly on its last branch.
    """
    seen = [(name, at) for name, at in signals.branches if at is not None]
    if not signals.branches:
        return {}
    end = signals.ended_ms if signals.ended_ms is not None else seen[-1][1] if seen else 0
    total = max(end, seen[-1][1]) - seen[0][1] if seen else 0
    if total <= 0:
        return {signals.branches[-1][0]: 1.0}
    shares: dict[str, float] = {}
    for (name, start), (_, stop) in zip(seen, [*seen[1:], ("", max(end, seen[-1][1]))], strict=True):
        shares[name] = shares.get(name, 0.0) + (stop - start) / total
    return shares
