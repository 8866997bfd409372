"""Tool outputs too long for their transcript: Claude Code keeps them in a file beside it and names it there (R27).

A transcript may name any path, so no path is ever opened because a transcript names it. What lies in a session's own
`tool-results` folder is found by looking at folders, kept in the archive like every other file, and shown where a
transcript of that session names it.
"""

import os
import re
from collections.abc import Iterable
from datetime import datetime

from django.db.models import F

from sessions.archive import masked_file
from sessions.ingest import BatchWriter
from sessions.models import AgentSession, ArchiveSegment, SourceFile, SourceSession
from sessions.parsers.discovery import OUTPUTS_FOLDER, FoundFile
from sessions.sidecars import keep_whole

MAX_BYTES = 16 << 20  # of a longer output only the beginning is kept
_SEPARATORS = re.compile(r"[/\\]")


def read_tool_output(source: SourceFile, found: FoundFile, writer: BatchWriter, now: datetime) -> None:
    """Keep a tool output's bytes. Raises OSError when it cannot be read, or has become a link."""
    handle = os.open(found.location, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with open(handle, "rb") as stream:
        raw = stream.read(MAX_BYTES)
    keep_whole(source, found, raw, writer, now)
    writer.note_bytes(len(raw))


def stored_outputs(session: AgentSession, named: Iterable[str]) -> dict[str, str]:
    """{path as a transcript names it: the output's text}, of those kept for this session, its trunk or its origin."""
    told = {path: place for path in set(named) if (place := _own_place(path))}
    if not told:
        return {}
    folders = _project_folders(
        {session.native_id, session.forked_from.native_id if session.forked_from else ""}
    )
    wanted = {
        path: [f"{folder}/{native}/{OUTPUTS_FOLDER}/{name}" for folder in folders.get(native, ())]
        for path, (native, name) in told.items()
    }
    kept = _kept({place for places in wanted.values() for place in places})
    return {path: kept[place] for path, places in wanted.items() for place in places if place in kept}


def _own_place(path: str) -> tuple[str, str] | None:
    """(session id, file name) of a path that ends with a session's id, `tool-results` and a name."""
    *_, native, folder, name = ["", "", "", *_SEPARATORS.split(path)]
    return (native, name) if native and folder == OUTPUTS_FOLDER and name not in ("", ".", "..") else None


def _project_folders(natives: set[str]) -> dict[str, set[str]]:
    """{session id: the project folders that its transcripts, or its subagents', lie or lay in}."""
    links = SourceSession.objects.filter(session__native_id__in=natives - {""}).select_related(
        "source", "session"
    )
    found: dict[str, set[str]] = {}
    for link in links:
        inside = link.source.root + os.sep
        paths = [link.source.path, *link.source.previous_paths]
        slugs = {path.removeprefix(inside).split(os.sep, 1)[0] for path in paths if path.startswith(inside)}
        found.setdefault(link.session.native_id, set()).update(inside + slug for slug in slugs)
    return found


def _kept(paths: set[str]) -> dict[str, str]:
    """{path: text} of the archived outputs at these paths, each as it was read last."""
    sources = SourceFile.objects.filter(kind=SourceFile.Kind.TOOL_OUTPUT, path__in=paths)
    segments = ArchiveSegment.objects.filter(
        source__in=sources, generation=F("source__generation"), pruned_at=None
    )
    return {
        segment.source.path: masked_file([segment]).decode("utf-8", "replace")
        for segment in segments.select_related("source")
    }
