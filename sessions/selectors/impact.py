"""What a session changed, each change with the line of the call that made it."""

from dataclasses import dataclass

from sessions.models import AgentSession, ToolCall
from sessions.selectors.story import Impact, told_impact
from sessions.selectors.waterfall import seqs_of_calls


@dataclass(frozen=True, slots=True)
class PlacedImpact:
    """A point of the impact history; `seq` is None where several calls of that moment could have made it."""

    impact: Impact
    seq: int | None


def placed_impact(session: AgentSession) -> list[PlacedImpact]:
    """The session's changes and commits in order of time."""
    history = told_impact(session)
    calls = ToolCall.objects.counted().filter(owner=session, outcome="ok").exclude(path="", commits="")
    made: dict[tuple[int, str], set[int]] = {}
    for key, at_ms, path, action, commits in calls.values_list(
        "id", "use_at_ms", "path", "file_action", "commits"
    ):
        for label in (f"{action} {path}", *(f"commit {commit}" for commit in commits.split())):
            made.setdefault((at_ms or 0, label[:300]), set()).add(key)
    owners = [made.get((round(each.at.timestamp() * 1000), each.label), set()) for each in history]
    alone = [next(iter(keys)) if len(keys) == 1 else None for keys in owners]
    seqs = seqs_of_calls(session, [key for key in alone if key is not None])
    return [PlacedImpact(each, seqs.get(key or 0)) for each, key in zip(history, alone, strict=True)]
