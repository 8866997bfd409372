"""How old the figures are, and whether they are still growing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Subquery

from sessions.models import AgentSession, SyncRun
from sessions.prepared import prepared
from sessions.scope import Projects, in_projects

# Runs that failed or still read say nothing of when data was last read; so many of them in a row are rare.
RUNS_LOOKED_AT = 5


@dataclass(frozen=True, slots=True)
class Freshness:
    """`read_at`: when data was last read. `data_until`: the latest record known. None: never.

    `failure` is why the last run ended early, "" otherwise.
    """

    read_at: datetime | None
    data_until: datetime | None
    is_reading: bool
    failure: str = ""


def freshness(now: datetime, projects: Projects = None) -> Freshness:
    """Of these projects, in one query: the frame of every page asks. Why a run failed may name files of any."""
    runs = _latest_runs(projects=projects)
    latest = runs[0] if runs else None
    done = next((run for run in runs if run.state == SyncRun.State.DONE), None)
    return Freshness(
        read_at=done.finished_at if done else None,
        data_until=latest.data_until if latest else None,
        is_reading=is_alive(latest, now),
        failure=_failure(latest, projects),
    )


@prepared
def _latest_runs(*, projects: Any) -> Any:
    records = AgentSession.objects.filter(in_projects(projects), ended_at__isnull=False).order_by("-ended_at")
    until = Subquery(records.values("ended_at")[:1])
    return SyncRun.objects.annotate(data_until=until).order_by("-id")[:RUNS_LOOKED_AT]


def is_alive(run: SyncRun | None, now: datetime) -> bool:
    """Whether the run is still reading, rather than killed without a word."""
    return run is not None and run.is_alive(now)


def _failure(run: SyncRun | None, projects: Projects) -> str:
    if run is None or run.state != SyncRun.State.FAILED:
        return ""
    if projects is not None:
        return "an administrator can see why"
    report: dict[str, Any] = run.report
    return str(report.get("error") or "no reason was kept")
