"""What linking looks at, out of the database: a project's plans, and the signals of sessions."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import Any

import orjson
from django.db.models import Case, F, Q, When

from sessions.models import AgentSession, SessionEvent, SessionFacet, ToolCall
from sessions.parsers.records import NO_TIME
from tasks.matching import (
    Call,
    Command,
    Days,
    PlanFeature,
    PlanIndex,
    PlanPhase,
    PlanTask,
    Said,
    SessionSignals,
)
from tasks.matching.orders import phase_number
from tasks.models import Document, Feature, Phase, ProjectTask

_REFERENCES = ("facts__references__sessions", "facts__references__requests")
Paths = dict[tuple[int, str], list[str]]
Named = dict[tuple[int, str], set[str]]


@dataclass(frozen=True, slots=True)
class ProjectPlans:
    """A project's plans as they are now; `documents` are {path: Document id}."""

    features: list[PlanFeature]
    phases: list[PlanPhase]
    tasks: list[PlanTask]
    documents: dict[str, int]

    def index(self) -> PlanIndex:
        return PlanIndex.build(self.features, self.phases, self.tasks)

    def digest(self) -> str:
        """Changes with everything by which sessions are recognised; not with a status or a title."""
        told = repr((self.features, self.phases, self.tasks))
        return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


def project_plans(project_id: int) -> ProjectPlans:
    """Features, phases and tasks that a project's plans speak of today.

    A document that only joined a feature because it cites it, as roadmaps do, does not stand for that feature.
    """
    paths: Paths = defaultdict(list)
    named: Named = defaultdict(set)
    by_id: dict[int, str] = {}
    documents = Document.objects.filter(project_id=project_id, removed_at=None).order_by("id")
    is_own = Q(facts__has_key="feature_slug") | Q(facts__founds_feature=True)
    columns = ("id", "project_path", "feature_id", "phase_token", *_REFERENCES)
    rows = documents.annotate(is_own=Case(When(is_own, then=True), default=False))
    for key, path, feature, token, sessions, requests, own in rows.values_list(*columns, "is_own"):
        by_id[key] = path
        if feature is not None and own:
            paths[feature, phase_number(token) or token].append(path)
            named[feature, "session"].update(sessions or ())
            named[feature, "request"].update(requests or ())
    return ProjectPlans(
        list(_features(project_id, paths, named)),
        list(_phases(project_id, paths)),
        list(_tasks(project_id, by_id)),
        {path: key for key, path in by_id.items()},
    )


def _features(project_id: int, paths: Paths, named: Named) -> Iterator[PlanFeature]:
    rows = Feature.objects.filter(project_id=project_id, removed_at=None).order_by("id")
    columns = ("id", "slug", "aliases", "files", "commit_refs", "pull_requests", "started_on", "completed_on")
    mine: dict[int, list[str]] = defaultdict(list)
    for (feature, _), found in paths.items():
        mine[feature] += found
    for key, slug, aliases, files, commits, pulls, start, end in rows.values_list(*columns):
        yield PlanFeature(
            key,
            slug,
            aliases=_texts(aliases),
            documents=tuple(mine[key]),
            files=_texts(files),
            commits=_texts(commits),
            pull_requests=_texts(pulls),
            sessions=tuple(sorted(named[key, "session"])),
            requests=tuple(sorted(named[key, "request"])),
            days=_days(start, end),
        )


def _phases(project_id: int, paths: Paths) -> Iterator[PlanPhase]:
    rows = Phase.objects.filter(feature__project_id=project_id, feature__removed_at=None, removed_at=None)
    columns = ("id", "feature_id", "token", "files", "commit_refs", "started_on", "completed_on")
    for key, feature, token, files, commits, start, end in rows.order_by("id").values_list(*columns):
        documents = tuple(paths.get((feature, phase_number(token) or token), ()))
        yield PlanPhase(
            key, feature, token, documents, _texts(files), _texts(commits), days=_days(start, end)
        )


def _tasks(project_id: int, by_id: dict[int, str]) -> Iterator[PlanTask]:
    rows = ProjectTask.objects.filter(project_id=project_id, removed_at=None, feature__isnull=False)
    columns = ("id", "feature_id", "phase_id", "kind", "raw_id", "document_id", "files", "deliverables")
    more = ("commit_refs", "session_refs", "agent_refs", "owners", "started_on", "completed_on")
    for row in rows.filter(feature__removed_at=None).order_by("id").values(*columns, *more):
        is_file = row["kind"] == ProjectTask.Kind.PLAN
        path = by_id.get(row["document_id"]) if is_file else None
        yield PlanTask(
            row["id"],
            row["feature_id"],
            row["phase_id"],
            name="" if row["kind"] == ProjectTask.Kind.CHECKLIST else row["raw_id"],
            documents=(path,) if path else (),
            files=tuple(x for x in _texts([*row["files"], *row["deliverables"]]) if _is_path(x)),
            commits=_texts(row["commit_refs"]),
            sessions=_texts([*row["session_refs"], *row["agent_refs"]]),
            agents=_texts(row["owners"]),
            days=_days(row["started_on"], row["completed_on"]),
        )


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str) and value.strip())


def _is_path(text: str) -> bool:
    return "/" in text and " " not in text


def _days(start: date | None, end: date | None) -> Days:
    """From the first moment of one day to the last of the other, UTC."""
    return Days(
        None if start is None else _day_ms(start),
        None if end is None else _day_ms(end + timedelta(days=1)) - 1,
    )


def _day_ms(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp() * 1000)


def session_signals(session_ids: Collection[int]) -> dict[int, SessionSignals]:
    """The signals of each session, in a fixed number of queries."""
    said = _said(session_ids)
    calls = _calls(session_ids)
    branches = _branches(session_ids)
    rows = AgentSession.objects.filter(id__in=session_ids)
    columns = ("id", "public_id", "native_id", "agent_id", "started_at", "ended_at", "title", "cwds")
    return {
        row["id"]: _signals(row, said[row["id"]], calls[row["id"]], branches[row["id"]])
        for row in rows.values(*columns, "project__root_path", "agents", "skills", "pull_requests")
    }


def _signals(
    row: dict[str, Any],
    said: dict[str, list[Any]],
    calls: list[Call],
    branches: list[tuple[str, int | None]],
) -> SessionSignals:
    roots = dict.fromkeys(root for root in (row["project__root_path"], *row["cwds"]) if root)
    own = (row["public_id"], row["agent_id"] or row["native_id"])
    links = said["pr"] or [Said(link["url"], None, None) for link in row["pull_requests"] if link.get("url")]
    return SessionSignals(
        ids=frozenset(own),
        started_ms=_at_ms(row["started_at"]),
        ended_ms=_at_ms(row["ended_at"]),
        title=row["title"],
        roots=tuple(roots),
        prompts=tuple(said["prompt"]),
        commands=tuple(said["command"]),
        calls=tuple(calls),
        branches=tuple(branches),
        pull_requests=tuple(links),
        agents=frozenset(row["agents"]),
        skills=frozenset(row["skills"]),
    )


def _at_ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def _said(session_ids: Collection[int]) -> dict[int, dict[str, list[Any]]]:
    """Prompts, commands and pull requests of each session; a fork's copies of what its origin said are not its own."""
    found: dict[int, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    rows = SessionEvent.objects.filter(session_id__in=session_ids, kind__in=("prompt", "command", "pr"))
    columns = ("session_id", "kind", "text", "data", "at_ms", "seq")
    ordered = rows.filter(inherited=False).order_by("session_id", "seq", "id")
    for session_id, kind, text, data, at_ms, seq in ordered.values_list(*columns):
        if kind == "command":
            args = orjson.loads(data).get("args")
            found[session_id][kind].append(Command(text, str(args or ""), at_ms, seq))
        else:
            found[session_id][kind].append(Said(text, at_ms, seq))
    return found


def _calls(session_ids: Collection[int]) -> dict[int, list[Call]]:
    """Calls that succeeded and touched a file or ran a shell command."""
    found: dict[int, list[Call]] = defaultdict(list)
    telling = ~Q(file_action="") | ~Q(commits="") | Q(category="shell")
    rows = ToolCall.objects.counted().filter(telling, owner_id__in=session_ids, outcome="ok")
    columns = (
        "owner_id",
        "id",
        "use_at_ms",
        "path",
        "file_action",
        "target",
        "category",
        "commits",
        "is_git",
    )
    for owner, key, at_ms, path, action, target, category, commits, is_git in rows.order_by(
        F("use_at_ms").asc(nulls_first=True), "id"
    ).values_list(*columns):
        shell = target if category == "shell" else ""
        made = tuple(commits.split()) if is_git else ()
        found[owner].append(Call(key, at_ms, path if action else "", action, shell, made))
    return found


def _branches(session_ids: Collection[int]) -> dict[int, list[tuple[str, int | None]]]:
    found: dict[int, list[tuple[str, int | None]]] = defaultdict(list)
    rows = SessionFacet.objects.filter(session_id__in=session_ids, name="branch")
    ordered = rows.order_by("session_id", "first_at_ms", "first_line", "value")
    for session_id, value, at_ms in ordered.values_list("session_id", "value", "first_at_ms"):
        found[session_id].append((value, None if at_ms == NO_TIME else at_ms))
    return found
