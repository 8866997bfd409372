"""What the benchmark of answers asks, and how long each answer may take at a million entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

ANALYTICS_MS, LIMIT_ONE_MS = 50.0, 20.0
LONG_OPEN_MS, LONG_PAGE_MS = 300.0, 200.0
DASHBOARD_MS = 100.0
QUERY_MS = 10.0


@dataclass(frozen=True, slots=True)
class Question:
    """A request, the milliseconds that 95 of 100 answers may take, and the group it is listed under."""

    group: str
    name: str
    path: str
    most_ms: float
    most_query_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to ask about in a filled database."""

    project: str
    long_session: str
    long_seqs: tuple[int, int]  # in the middle, and near the end
    session: str
    feature: int
    task: int
    document: int
    sessions: int
    first_on: str
    last_on: str
    month_ago_on: str


def known() -> Known:
    """From the current database. Raises LookupError for one that holds too little."""
    from datetime import timedelta

    from sessions.models import AgentSession, Project, TranscriptEntry
    from tasks.models import Link, ProjectTask

    long = AgentSession.objects.order_by("-entry_count").first()
    linked = Link.objects.filter(task__isnull=False).exclude(session=long).order_by("id").first()
    latest = AgentSession.objects.filter(started_at__isnull=False).order_by("-started_at").first()
    project = Project.objects.order_by("id").first()
    if not (long and latest and linked and project and latest.started_at):
        raise LookupError("The database holds no sessions, no links or no projects.")
    seqs = TranscriptEntry.objects.filter(session=long).order_by("seq").values_list("seq", flat=True)
    middle, end = seqs[long.entry_count // 2], seqs[max(0, long.entry_count - 210)]
    first = AgentSession.objects.filter(started_at__isnull=False).order_by("started_at").first()
    task = ProjectTask.objects.get(links=linked)
    return Known(
        project=project.slug,
        long_session=long.public_id,
        long_seqs=(middle, end),
        session=AgentSession.objects.get(pk=linked.session_id).public_id,
        feature=task.feature_id or 0,
        task=task.pk,
        document=task.document_id,
        sessions=AgentSession.objects.roots().count(),
        first_on=(first.started_at if first and first.started_at else latest.started_at).date().isoformat(),
        last_on=latest.started_at.date().isoformat(),
        month_ago_on=(latest.started_at - timedelta(days=29)).date().isoformat(),
    )


def questions(has: Known) -> Iterator[Question]:
    """Every one, in the order of the table."""
    yield from _overviews(has)
    yield from _series(has)
    yield from _breakdowns(has)
    yield from _correlations(has)
    yield from _session_lists(has)
    yield from _plans(has)
    yield from _sessions(has)
    yield from _pages(has)


def _path(path: str, **parameters: Any) -> str:
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _month(has: Known) -> dict[str, str]:
    return {"start": has.month_ago_on, "end": has.last_on}


def _overviews(has: Known) -> Iterator[Question]:
    for name, asked in {
        "all time": {},
        "30 days": _month(has),
        "one project, all time": {"project": has.project},
        "one project, 30 days": {"project": has.project, **_month(has)},
        "a year to the day": {"start": has.first_on, "end": has.last_on},
        "all time but a day, Kolkata": {"start": has.first_on, "end": has.last_on, "tz": "Asia/Kolkata"},
    }.items():
        yield Question("overview", name, _path("/api/analytics/overview", **asked), ANALYTICS_MS)


def _series(has: Known) -> Iterator[Question]:
    asked: dict[str, Any]
    for metric, group in (
        ("session_cost", None),
        ("session_tokens", "model"),
        ("cache_hit_rate", "project"),
        ("session_cost", "model_family"),
        ("session_tokens", "feature"),
        ("tool_call_count", None),
        ("tool_success_rate", "tool"),
        ("file_churn", "project"),
        ("session_count", None),
        ("session_count", "model"),
        ("session_duration", None),
        ("active_seconds", "session_type"),
        ("tool_duration_p50", None),
        ("tool_duration_p95", "tool"),
        ("api_error_count", None),
        ("compaction_count", "project"),
        ("task_velocity", None),
        ("feature_progress", None),
        ("cost_per_completed_task", None),
    ):
        for period in ("daily", "weekly", "monthly"):
            asked = {"metric": metric, "period": period, "group_by": group}
            name = f"{metric}{f' by {group}' if group else ''}, {period}"
            yield Question("series", name, _path("/api/analytics/series", **asked), ANALYTICS_MS)
    for name, more in {
        "one project": {"project": has.project},
        "30 days": _month(has),
        "30 days by hour": {**_month(has), "period": "hourly"},
        "in Kolkata": {"tz": "Asia/Kolkata"},
        "in Kolkata, weekly": {"tz": "Asia/Kolkata", "period": "weekly"},
        "in New York by model": {"tz": "America/New_York", "group_by": "model"},
    }.items():
        asked = {"metric": "session_tokens", "period": "daily", **more}
        yield Question(
            "series", f"session_tokens, {name}", _path("/api/analytics/series", **asked), ANALYTICS_MS
        )


def _breakdowns(has: Known) -> Iterator[Question]:
    from analytics.selectors import BREAKDOWN_DIMENSIONS

    for dimension in BREAKDOWN_DIMENSIONS:
        for name, more in {"": {}, ", 30 days": _month(has)}.items():
            asked = _path("/api/analytics/breakdown", dimension=dimension, **more)
            yield Question("breakdown", f"by {dimension}{name}", asked, ANALYTICS_MS)
    asked = _path("/api/analytics/breakdown", dimension="model", project=has.project)
    yield Question("breakdown", "by model, one project", asked, ANALYTICS_MS)


def _correlations(has: Known) -> Iterator[Question]:
    for name, most, asked in (
        ("limit 1", LIMIT_ONE_MS, {"limit": 1}),
        ("limit 100", ANALYTICS_MS, {"limit": 100}),
        ("limit 1, surest first", LIMIT_ONE_MS, {"limit": 1, "min_confidence": 0.5}),
        ("30 days", ANALYTICS_MS, {"limit": 100, **_month(has)}),
        ("one project", ANALYTICS_MS, {"limit": 100, "project": has.project}),
        ("deep", ANALYTICS_MS, {"limit": 50, "offset": has.sessions // 2}),
    ):
        yield Question("correlation", name, _path("/api/analytics/correlation", **asked), most)


def _session_lists(has: Known) -> Iterator[Question]:
    sorts = (
        "started_at",
        "ended_at",
        "cost",
        "duration",
        "active",
        "tokens",
        "tool_calls",
        "tool_errors",
        "title",
    )
    for sort in (*sorts, "project", "model"):
        yield Question("sessions", f"by {sort}", _path("/api/sessions", sort_by=sort), ANALYTICS_MS)
    filters: dict[str, dict[str, Any]] = {
        "ascending": {"sort_order": "asc"},
        "deep": {"offset": max(0, has.sessions - 100)},
        "one project": {"project": has.project},
        "30 days": {"start_date": has.month_ago_on, "end_date": has.last_on},
        "of a model": {"model": "sonnet"},
        "of a status": {"status": "failed"},
        "with errors": {"has_errors": "true"},
        "with a tool": {"tool": "WebFetch"},
        "with a skill": {"skill": "review"},
        "dear ones": {"min_cost": 5},
        "with subagents": {"include_subagents": "true"},
        "saying": {"q": "reader stop"},
        "saying what nobody said": {"q": "zebra"},
    }
    for name, asked in filters.items():
        yield Question("sessions", name, _path("/api/sessions", **asked), ANALYTICS_MS)


def _plans(has: Known) -> Iterator[Question]:
    for name, path in {
        "features": "/api/features",
        "tasks": "/api/tasks",
        "documents": "/api/documents",
        "a feature": f"/api/features/{has.feature}",
        "a feature's sessions": f"/api/features/{has.feature}/linked-sessions",
        "a session's features": f"/api/sessions/{quote(has.session, safe='')}/linked-features",
        "a task": f"/api/tasks/{has.task}",
        "a document": f"/api/documents/{has.document}",
        "projects": "/api/projects",
        "reading": "/api/ingest/status",
    }.items():
        yield Question("plans and lists", name, path, ANALYTICS_MS)


def _sessions(has: Known) -> Iterator[Question]:
    short, long = (quote(name, safe="") for name in (has.session, has.long_session))
    yield Question("a session", "detail", f"/api/sessions/{short}", LONG_OPEN_MS)
    yield Question("a session", "detail of 50,000 lines", f"/api/sessions/{long}", LONG_OPEN_MS)
    for name, after in {"first": None, "middle": has.long_seqs[0], "last": has.long_seqs[1]}.items():
        path = _path(f"/api/sessions/{long}/entries", after=after)
        yield Question("a session", f"{name} 200 of 50,000 lines", path, LONG_PAGE_MS)
    for part in ("tools", "files", "tree"):
        yield Question("a session", f"{part} of 50,000 lines", f"/api/sessions/{long}/{part}", LONG_PAGE_MS)


def _pages(has: Known) -> Iterator[Question]:
    short, long = (quote(name, safe="") for name in (has.session, has.long_session))
    for name, path in {
        "dashboard": "/",
        "dashboard, one project": _path("/", project=has.project),
        "dashboard, all time": _path("/", period="all"),
    }.items():
        yield Question("pages", name, path, DASHBOARD_MS, QUERY_MS)
    for name, path, most in (
        ("activity of the dashboard", "/activity", DASHBOARD_MS),
        (
            "explorer, cost by model",
            _path("/explore", metric="session_cost", by="model", period="all"),
            DASHBOARD_MS,
        ),
        ("sessions", "/sessions", DASHBOARD_MS),
        ("features", "/features", DASHBOARD_MS),
        ("feature", f"/features/{has.feature}", DASHBOARD_MS),
        ("tasks", "/tasks", DASHBOARD_MS),
        ("documents", "/documents", DASHBOARD_MS),
        ("session", f"/sessions/{short}", DASHBOARD_MS),
        ("session of 50,000 lines", f"/sessions/{long}", LONG_OPEN_MS),
        ("its middle", _path(f"/sessions/{long}", after=has.long_seqs[0]), LONG_PAGE_MS),
        ("its end", _path(f"/sessions/{long}", after=has.long_seqs[1]), LONG_PAGE_MS),
        ("its cost", f"/sessions/{long}/cost", LONG_OPEN_MS),
        ("its tools", f"/sessions/{long}/tools", LONG_PAGE_MS),
        ("its files", f"/sessions/{long}/files", LONG_PAGE_MS),
        ("its events", f"/sessions/{long}/events", LONG_PAGE_MS),
    ):
        yield Question("pages", name, path, most)
