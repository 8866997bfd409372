"""Writes a whole demo: transcripts as an agent leaves them, and the projects they worked in."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from .plans import FeatureHistory, documents
from .schedule import PlannedSession, plan_sessions
from .sessions import WrittenSession, write_fork, write_session
from .story import FEATURES, PROJECTS
from .summary import DemoSummary, Tally
from .transcript import JsonObject, Transcript


def write_demo(folder: Path, *, seed: int = 1, now: datetime, days: int = 90) -> DemoSummary:
    """Write an invented but believable history of `days` days up to `now` into `folder`.

    `folder/claude/projects` holds the transcripts, `folder/<project>` the plans the sessions worked
    on. The same folder, seed, moment and length give the same bytes, and the same file times. `now`
    must be aware of its zone. Returns what a correct reading of the folder has to find.

    Raises ValueError for a naive `now` or fewer than 30 days.
    """
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    now = now.astimezone(UTC)
    root = folder.resolve()
    tally = Tally()
    planned = plan_sessions(Random(f"{seed}:schedule"), now=now, days=days)
    sessions = _write_sessions(planned, root, seed=seed, now=now, tally=tally)
    for session in sessions:
        _save_session(root, session, tally)
    _save_projects(root, sessions, tally)
    return tally.summary()


def _write_sessions(
    planned: list[PlannedSession], root: Path, *, seed: int, now: datetime, tally: Tally
) -> list[WrittenSession]:
    written: list[WrittenSession] = []
    last_of: dict[str, Transcript] = {}
    for each in planned:
        cwd = str(root / each.feature.project)
        if "live" in each.incidents:
            each = _ending_at(each, now - timedelta(seconds=20), cwd=cwd, seed=seed)
        earlier = last_of.get(each.feature.project)
        session = write_session(each, cwd=cwd, seed=seed, tally=tally, earlier=earlier)
        last_of[each.feature.project] = session.main
        written.append(session)
        if "fork" in each.incidents:
            written.append(write_fork(session, len(planned), cwd=cwd, seed=seed, tally=tally))
    return written


def _ending_at(planned: PlannedSession, end: datetime, *, cwd: str, seed: int) -> PlannedSession:
    """The same session, started so that it has just got as far as `end`.

    Its length is known only once it is written, so it is written once for its length alone.
    """
    rehearsal = write_session(planned, cwd=cwd, seed=seed, tally=Tally(), earlier=None)
    return replace(planned, start=end - (rehearsal.main.end - planned.start))


def _save_session(root: Path, session: WrittenSession, tally: Tally) -> None:
    main = session.main
    folder = root / "claude" / "projects" / project_slug(main.cwd)
    _save_transcript(folder / f"{main.session_id}.jsonl", main, tally)
    for agent in session.agents:
        if main.release.flat_agents:
            _save_transcript(folder / f"agent-{agent.agent_id}.jsonl", agent, tally)
        else:
            path = folder / main.session_id / "subagents" / f"agent-{agent.agent_id}.jsonl"
            _save_transcript(path, agent, tally)
            _save(path.with_suffix(".meta.json"), _meta(main, agent), agent.end)


def project_slug(cwd: str) -> str:
    """The name an agent gives a project's transcript folder: its path with dashes."""
    return re.sub(r"[^A-Za-z0-9-]", "-", cwd)


def _meta(main: Transcript, agent: Transcript) -> bytes:
    call = next(block for block in _agent_calls(main) if block["input"]["prompt"] == _request(agent))
    meta = {"agentType": call["input"]["subagent_type"], "description": call["input"]["description"]}
    if main.release.is_modern:
        meta["toolUseId"] = call["id"]
    return json.dumps(meta).encode()


def _agent_calls(main: Transcript) -> list[JsonObject]:
    blocks = (each["message"]["content"][0] for each in main.records if each["type"] == "assistant")
    return [block for block in blocks if block.get("name") == main.release.agent_tool]


def _request(agent: Transcript) -> str:
    return str(agent.records[0]["message"]["content"])


def _save_transcript(path: Path, transcript: Transcript, tally: Tally) -> None:
    _save(path, transcript.rendered(), transcript.end)
    tally.count("transcript_files")
    tally.count("lines", transcript.line_count)
    tally.count("malformed_lines", int(transcript.malformed_line_at is not None))
    tally.count("unterminated_lines", int(not transcript.ends_with_newline))


def _save_projects(root: Path, sessions: list[WrittenSession], tally: Tally) -> None:
    for project in PROJECTS:
        began = min(
            each.main.records[0]["timestamp"] for each in sessions if "timestamp" in each.main.records[0]
        )
        readme = f"# {project}\n\nAn invented project, written by `manage.py demo`.\n"
        _save(root / project / "README.md", readme.encode(), datetime.fromisoformat(began))
    for feature in FEATURES:
        history = _history(FeatureHistory(feature), sessions)
        for relative, text in documents(history).items():
            _save(root / feature.project / relative, text.encode(), history.last_change_at)
        tally.count("features")
        tally.count("phases", len(feature.phases))
        tally.count("tasks", sum(len(phase.tasks) for phase in feature.phases))
        tally.count("completed_tasks", len(history.completed_at))


def _history(history: FeatureHistory, sessions: list[WrittenSession]) -> FeatureHistory:
    for session in (each for each in sessions if each.planned.feature is history.feature):
        planned, end = session.planned, session.main.end
        history.created_at = history.created_at or end
        history.commits += session.commits
        history.pull_requests += [session.pull_request] if session.pull_request is not None else []
        for place, task in enumerate(planned.tasks):
            length = (end - planned.start) / len(planned.tasks)
            history.started_at[task.id] = planned.start + place * length
            history.completed_at[task.id] = planned.start + (place + 0.9) * length
        if "live" in planned.incidents:
            open_task = next(each for each in planned.phase.tasks if each.id not in history.completed_at)
            history.started_at[open_task.id] = planned.start
    return history


def _save(path: Path, content: bytes, changed_at: datetime | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if changed_at is not None:
        os.utime(path, (changed_at.timestamp(), changed_at.timestamp()))
