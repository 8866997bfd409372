"""What a session refers to outside itself, each with the line it comes from."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sessions.models import AgentSession, SessionEvent, ToolCall
from sessions.parsers.display import shown
from sessions.parsers.values import preview
from sessions.scope import Projects, in_projects
from sessions.selectors.transcript_items import moment
from sessions.selectors.waterfall import seqs_of_calls

MOST_OF_A_KIND = 300
_WEB = re.compile(r"https?://[^\s\"'<>\\^`{}|\x00-\x20]{1,2000}\Z")


@dataclass(frozen=True, slots=True)
class Artifact:
    """One thing: what it is called, more about it, where it is on the web ("" where nowhere safe), and its line."""

    label: str
    detail: str = ""
    href: str = ""
    at: datetime | None = None
    seq: int | None = None
    session_id: str = ""  # public id of the session it is


@dataclass(frozen=True, slots=True)
class ArtifactGroup:
    """All things of a kind, in order of time, each as often as it came up."""

    kind: str
    label: str
    icon: str
    items: list[Artifact]


def artifact_groups(session: AgentSession, projects: Projects = None) -> list[ArtifactGroup]:
    """Commits, pull requests, commands, skills, agents and web pages of a session; kinds without any are left out."""
    groups = [
        ArtifactGroup("commit", "Commits", "commit", _commits(session)),
        ArtifactGroup("pull_request", "Pull requests", "branch", _pull_requests(session)),
        ArtifactGroup("command", "Commands", "terminal", _commands(session)),
        ArtifactGroup("skill", "Skills", "spark", _of_calls(session, name="Skill")),
        ArtifactGroup("agent", "Agents", "agent", _agents(session, projects)),
        ArtifactGroup("web", "Web pages and searches", "external", _of_calls(session, category="web")),
    ]
    return [group for group in groups if group.items]


def _calls(session: AgentSession, **which: str) -> list[ToolCall]:
    own = ToolCall.objects.counted().filter(owner=session, **which).order_by("use_at_ms", "id")
    return list(own[:MOST_OF_A_KIND])


def _commits(session: AgentSession) -> list[Artifact]:
    own = ToolCall.objects.counted().filter(owner=session, is_git=True).exclude(commits="")
    calls = list(own.order_by("use_at_ms", "id")[:MOST_OF_A_KIND])
    seqs = seqs_of_calls(session, [call.pk for call in calls])
    return [
        Artifact(shown(commit), _one_line(call.target), "", moment(call.use_at_ms), seqs.get(call.pk))
        for call in calls
        for commit in call.commits.split()
    ]


def _of_calls(session: AgentSession, **which: str) -> list[Artifact]:
    calls = _calls(session, **which)
    seqs = seqs_of_calls(session, [call.pk for call in calls])
    return [
        Artifact(
            _one_line(call.target) or shown(call.name),
            "" if call.outcome == "ok" else call.outcome,
            call.target if _WEB.match(call.target) else "",
            moment(call.use_at_ms),
            seqs.get(call.pk),
        )
        for call in calls
    ]


def _pull_requests(session: AgentSession) -> list[Artifact]:
    """One per address, where it came up first."""
    found: dict[str, Artifact] = {}
    for event in _events(session, "pr"):
        told = _told(event)
        number, repository = told.get("prNumber"), told.get("prRepository")
        name = f"{repository if isinstance(repository, str) else ''}{f'#{number}' if type(number) is int else ''}"
        href = event.text if _WEB.match(event.text) else ""
        found.setdefault(event.text, _of_event(event, name or event.text, event.text, href))
    return list(found.values())


def _commands(session: AgentSession) -> list[Artifact]:
    return [
        _of_event(event, event.text, str(_told(event).get("args") or ""))
        for event in _events(session, "command")
    ]


def _agents(session: AgentSession, projects: Projects) -> list[Artifact]:
    mine = AgentSession.objects.filter(in_projects(projects), parent=session)
    started = mine.exclude(agent_id="").order_by("started_at", "id")
    children = list(
        started.only("public_id", "agent_name", "title", "started_at", "spawned_by")[:MOST_OF_A_KIND]
    )
    seqs = seqs_of_calls(session, [child.spawned_by for child in children if child.spawned_by is not None])
    return [
        Artifact(
            shown(child.agent_name) or "subagent",
            _one_line(child.title),
            at=child.started_at,
            seq=seqs.get(child.spawned_by or 0),
            session_id=child.public_id,
        )
        for child in children
    ]


def _events(session: AgentSession, kind: str) -> Iterable[SessionEvent]:
    return SessionEvent.objects.filter(session=session, kind=kind).order_by("seq", "id")[:MOST_OF_A_KIND]


def _of_event(event: SessionEvent, label: str, detail: str, href: str = "") -> Artifact:
    return Artifact(_one_line(label), _one_line(detail), href, moment(event.at_ms), event.seq)


def _told(event: SessionEvent) -> dict[str, object]:
    told = json.loads(event.data)
    return told if isinstance(told, dict) else {}


def _one_line(text: str) -> str:
    return preview(" ".join(shown(text).split()), 200)
