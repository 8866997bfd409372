"""Rules to begin with. Whoever takes one gets a rule of their own, which is theirs to change or delete.

Three stand in for what an older client came with. Its "long session" compared tokens with a number of seconds, and its
"friction" a quality that no transcript holds: here the first is about duration and the second about failing tools.
"""

from dataclasses import dataclass
from typing import Any

HOUR, DAY, WEEK = 3_600, 86_400, 604_800


@dataclass(frozen=True, slots=True)
class Preset:
    """A rule to begin with; `rule` is a body for `POST /api/analytics/alerts`."""

    id: str
    description: str
    rule: dict[str, Any]


def _budget(id: str, name: str, scope: str, dollars: int) -> Preset:
    steps = [dollars * 0.5, dollars * 0.8]
    rule = {
        "name": name,
        "metric": "session_cost",
        "operator": ">=",
        "threshold": dollars,
        "steps": steps,
        "scope": scope,
        "severity": "critical",
        "notifyResolved": False,
    }
    return Preset(id, f"Speaks at 50, 80 and 100 % of what may be spent, once each per {scope} window.", rule)


PRESETS = (
    Preset(
        "alert-cost",
        "A session costs more than five dollars. Speaks once per session, when the response that passes it is read.",
        {
            "name": "Session cost",
            "metric": "session_cost",
            "operator": ">",
            "threshold": 5,
            "scope": "session",
        },
    ),
    _budget("daily-budget", "Daily budget", "daily", 50),
    _budget("weekly-budget", "Weekly budget", "weekly", 200),
    _budget("monthly-budget", "Monthly budget", "monthly", 600),
    Preset(
        "session-tokens",
        "A session takes more than a million input and output tokens.",
        {"name": "Tokens per session", "metric": "session_tokens", "operator": ">", "threshold": 1_000_000},
    ),
    Preset(
        "tool-errors",
        "More than a fifth of a tool's calls in half an hour fail; over when less than a tenth do.",
        {
            "name": "Tool error rate",
            "metric": "tool_error_rate",
            "operator": ">",
            "threshold": 20,
            "recoveryThreshold": 10,
            "scope": "rolling",
            "windowSeconds": HOUR // 2,
            "minSamples": 20,
            "groupBy": ["tool"],
        },
    ),
    Preset(
        "task-velocity",
        "Tasks completed in seven days are 40 % fewer than usual, although there was work: five sessions at least.",
        {
            "name": "Task velocity dropped",
            "metric": "task_velocity",
            "operator": "<=",
            "threshold": -40,
            "scope": "rolling",
            "windowSeconds": WEEK,
            "condition": "change",
            "compare": "percent",
            "baseline": "median_of_four",
            "minSamples": 10,
            "minSessions": 5,
        },
    ),
    Preset(
        "alert-duration",
        "A session goes on for more than four hours, pauses included.",
        {"name": "Long session", "metric": "session_duration", "operator": ">", "threshold": 4 * HOUR},
    ),
    Preset(
        "alert-friction",
        "Over a week, fewer than 80 % of the tool calls succeed.",
        {
            "name": "Friction",
            "metric": "tool_success_rate",
            "operator": "<",
            "threshold": 80,
            "scope": "rolling",
            "windowSeconds": WEEK,
            "minSamples": 50,
            "isActive": False,
        },
    ),
    Preset(
        "stalled-task",
        "A task is in progress or in review, and for seven days no session has worked on it.",
        {
            "name": "Stalled task",
            "metric": "stalled_tasks",
            "operator": ">",
            "threshold": 0,
            "scope": "rolling",
            "windowSeconds": HOUR,
            "groupBy": ["feature"],
            "severity": "info",
        },
    ),
    Preset(
        "stalled-plan",
        "No task was completed for seven days in which there were ten sessions or more.",
        {
            "name": "Stalled plan",
            "metric": "task_velocity",
            "operator": "<",
            "threshold": 1,
            "scope": "rolling",
            "windowSeconds": WEEK,
            "minSessions": 10,
        },
    ),
    Preset(
        "cost-anomaly",
        "A day costs far more than the last four weeks' days did: more than four deviations above their median.",
        {
            "name": "Unusual cost",
            "metric": "session_cost",
            "operator": ">",
            "threshold": 4,
            "scope": "daily",
            "condition": "anomaly",
            "notifyResolved": False,
        },
    ),
    Preset(
        "unpriced",
        "More than a twentieth of a day's tokens have no known price, so that the cost leaves them out.",
        {
            "name": "Unpriced share",
            "metric": "unpriced_share",
            "operator": ">",
            "threshold": 5,
            "scope": "daily",
            "minSamples": 1,
            "severity": "info",
            "notifyResolved": False,
        },
    ),
    Preset(
        "sync-not-fresh",
        "A transcript has waited for more than an hour to be read: what is shown here is not what happened.",
        {
            "name": "Sync not fresh",
            "metric": "reading_lag",
            "operator": ">",
            "threshold": HOUR,
            "scope": "rolling",
            "windowSeconds": HOUR // 4,
        },
    ),
    Preset(
        "transcripts-at-risk",
        "Transcripts that were not read are deleted by their agent within three days.",
        {
            "name": "Transcripts at risk",
            "metric": "transcripts_at_risk",
            "operator": ">",
            "threshold": 0,
            "scope": "rolling",
            "windowSeconds": HOUR // 4,
            "severity": "critical",
        },
    ),
    Preset(
        "api-errors",
        "Ten requests to a model fail within an hour.",
        {
            "name": "API errors",
            "metric": "api_error_count",
            "operator": ">=",
            "threshold": 10,
            "scope": "rolling",
            "windowSeconds": HOUR,
        },
    ),
)
