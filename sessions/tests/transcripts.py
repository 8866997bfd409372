"""Transcripts written to a folder and read by the whole pipeline, for tests of what comes after reading."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sessions.models import AgentSession
from sessions.parsers.records import SessionRef
from sessions.tests.samples import agent_path, line, main_path, uid, write
from telemetry_site.pipeline import sync


def read(root: Path, **sessions: Iterable[dict[str, Any] | bytes]) -> None:
    """Write one file per session (named by its keyword) and read the folder.

    A keyword with a double underscore is a subagent: `a__worker` is agent "worker" of session "a". Bytes are lines
    as they stand, for what is no record.
    """
    files = {_path(name): b"".join(map(_bytes, records)) for name, records in sessions.items()}
    write(root, files)
    sync([root])


def found(session: str = "a", agent: str = "") -> AgentSession:
    """The session as it was read."""
    return AgentSession.objects.get(pk=SessionRef(uid(session), agent).key)


def _path(name: str) -> str:
    session, _, agent = name.partition("__")
    return agent_path(agent, session) if agent else main_path(session)


def _bytes(record: dict[str, Any] | bytes) -> bytes:
    return record if isinstance(record, bytes) else line(record)
