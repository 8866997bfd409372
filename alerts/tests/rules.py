"""Rules and sessions for tests: a rule in a line, a session of a known cost at a known moment."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from alerts.editing import create_rule
from alerts.evaluation import EvaluationReport, evaluate
from alerts.models import AlertEvent, AlertRule
from alerts.rule_input import rule_values
from sessions.tests import samples
from telemetry_site.pipeline import sync

NOW = samples.START + timedelta(hours=12)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
# One output token of the samples' model costs 15 millionths of a dollar.
TOKENS_PER_DOLLAR = Decimal(10**6) / 15


def rule(name: str = "Dear", *, now: datetime = LONG_AGO, channels: Any = (), **more: Any) -> AlertRule:
    """A rule as the API would make it; by default: a session above five dollars."""
    given = {"name": name, "metric": "session_cost", "threshold": Decimal(5), **more}
    values, _ = rule_values(given)
    return create_rule(values, list(channels), now=now)


def spend(
    root: Path, session: str, seconds: float, dollars: float, *, live: bool = False, **more: Any
) -> None:
    """Append a response of this cost to a session's transcript."""
    name = f"{session}-{seconds}"
    output = int(Decimal(str(dollars)) * TOKENS_PER_DOLLAR)
    tokens = samples.usage(output, input=0, read=0)
    records = [
        samples.prompt(f"{name}-ask", seconds - 1, session, text="Go on"),
        samples.reply(name, seconds, session, tokens=tokens, **more),
    ]
    samples.append(root, samples.main_path(session), samples.lines(records))


def calls(root: Path, session: str, seconds: float, *outcomes: bool, tool: str = "Bash") -> None:
    """Append a call per outcome to a session's transcript: True worked."""
    lines = [samples.prompt(f"{session}-{seconds}-p", seconds, session)]
    for n, worked in enumerate(outcomes):
        call_id = f"toolu_{session}_{seconds}_{n}"
        block = samples.call(call_id, tool)
        lines += [
            samples.reply(f"{call_id}-r", seconds + n, session, blocks=[block]),
            samples.answer(f"{call_id}-a", seconds + n, call_id, session, is_error=not worked),
        ]
    samples.append(root, samples.main_path(session), samples.lines(lines))


def read(root: Path, now: datetime = NOW) -> dict[str, int]:
    """Sync; what it says of alerts."""
    told: dict[str, int] = sync([root], now=now, live=True).as_json()["alerts"]
    return told


def tick(now: datetime) -> EvaluationReport:
    return evaluate(now)


def story(of: AlertRule) -> list[tuple[str, str, str]]:
    """(time of day, state, reason) of a rule's events, in the order they happened."""
    events = AlertEvent.objects.filter(rule=of).order_by("event_time", "id")
    return [(f"{event.event_time:%d %H:%M}", event.to_state, event.reason) for event in events]
