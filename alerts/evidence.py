"""What stands behind an event: its sessions and what contributed most, each with an address to open it."""

from typing import Any

from django.urls import reverse

from alerts.definition import RuleDefinition, Scope
from alerts.querysets.measured import top_sessions
from alerts.replay import Transition
from alerts.rollup_parts import ADDING
from analytics.metrics import Source
from analytics.periods import quarter_start
from sessions.api_fields import iso
from sessions.models import AgentSession

TOP = 3


def session_evidence(session: AgentSession) -> dict[str, Any]:
    """The session an event is about."""
    return {"sessions": [_session(session)], "contributors": []}


def window_evidence(rule: RuleDefinition, project_id: int | None, change: Transition) -> dict[str, Any]:
    """The window an event is about, and the sessions that contributed most to it."""
    first, stop = change.window
    told: dict[str, Any] = {
        "window": {"start": iso(quarter_start(first)), "end": iso(quarter_start(stop))},
        "sessions": [],
        "contributors": [],
    }
    adding = ADDING.get(rule.metric)
    if adding is None or rule.scope is Scope.SESSION:
        return told
    filters = dict(rule.filters) | {
        name: (value,) for name, value in zip(rule.group_by, change.place[0], strict=False)
    }
    filters.pop("model_family", None)
    rows = top_sessions(
        [name for name in adding.part if not name.startswith("-")],
        first,
        stop,
        of_tools=rule.measure.source is not Source.USAGE,
        project_id=project_id,
        filters=filters,
        count=TOP,
    )
    found = AgentSession.objects.in_bulk([key for key, _ in rows])
    told["contributors"] = [
        _session(found[key]) | {"value": float(part * adding.scale)} for key, part in rows if key in found
    ]
    return told


def _session(session: AgentSession) -> dict[str, Any]:
    return {
        "id": session.public_id,
        "title": session.title[:120],
        "href": reverse("session-detail", args=[session.public_id]),
    }
