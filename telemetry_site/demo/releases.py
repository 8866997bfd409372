"""The versions of the agent the demo passes through, and what each one writes.

Field names, limits and dates of appearance are facts about the format: which layout subagents have,
whether progress or attachment records exist, whether the last copy of a response carries its real
output.
"""

from __future__ import annotations

from dataclasses import dataclass

SONNET = "claude-sonnet-4-5-20250929"
HAIKU = "claude-haiku-4-5-20251001"
OPUS = "claude-opus-4-6"
OPUS_NEXT = "claude-opus-5"
UNKNOWN_MODEL = "crumb-preview-0"


@dataclass(frozen=True, slots=True)
class Release:
    """One version of the agent, used from `since` (a share of the time span) on."""

    version: str
    since: float
    models: tuple[str, ...]
    agent_tool: str = "Task"
    flat_agents: bool = False
    has_slug: bool = True
    has_progress: bool = False
    has_api_error_records: bool = False
    is_modern: bool = False
    writes_hour_cache: bool = False
    output_is_lower_bound: bool = False
    counts_web_searches: bool = False


RELEASES = (
    Release("2.0.76", 0.0, (SONNET,), flat_agents=True),
    Release("2.1.7", 0.13, (SONNET, SONNET, OPUS), has_api_error_records=True),
    Release("2.1.47", 0.36, (OPUS, SONNET), has_progress=True, has_api_error_records=True,
            writes_hour_cache=True, output_is_lower_bound=True),
    Release("2.1.114", 0.56, (OPUS, OPUS, SONNET), agent_tool="Agent", has_slug=False, is_modern=True,
            writes_hour_cache=True),
    Release("2.1.229", 0.79, (OPUS_NEXT, OPUS_NEXT, OPUS), agent_tool="Agent", has_slug=False, is_modern=True,
            writes_hour_cache=True, counts_web_searches=True),
)  # fmt: skip


def release_at(share: float) -> Release:
    """The release in use at a share (0 to 1) of the time span."""
    return [each for each in RELEASES if each.since <= share][-1]
