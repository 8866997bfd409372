"""Sidecars: the small file beside a subagent's transcript that says what kind of agent it is and who started it."""

import json
from datetime import datetime

from django.db import transaction

from sessions.archive import segment_bytes
from sessions.bulk import write_rows
from sessions.facts.facets import COLUMNS as FACET_COLUMNS
from sessions.ingest import BatchWriter
from sessions.models import AgentSession, ArchiveSegment, SessionFacet, SourceFile
from sessions.owners import sidecar_identity
from sessions.parsers.discovery import FoundFile
from sessions.parsers.keys import stable_key
from sessions.parsers.lines import Chunk
from sessions.parsers.records import NO_TIME, SessionRef
from sessions.parsers.secrets.masking import masked_line
from sessions.secrets.noting import note_secrets, secrets_of

MAX_BYTES = 1 << 20
_NAMES = (("agentType", "agent_type"), ("toolUseId", "tool_use_id"), ("description", "description"))


def read_sidecar(source: SourceFile, found: FoundFile, writer: BatchWriter, now: datetime) -> None:
    """Keep a sidecar's bytes and note what it says. Raises OSError when it cannot be read."""
    with open(found.location, "rb") as stream:
        raw = stream.read(MAX_BYTES)
    keep_whole(source, found, raw, writer, now)
    source.owner = ""
    writer.after_write(lambda: apply_sidecar(source, raw))


def keep_whole(source: SourceFile, found: FoundFile, raw: bytes, writer: BatchWriter, now: datetime) -> None:
    """Archive the bytes of a file that is no transcript; other bytes than before are a new generation of it."""
    if not source.committed_offset:
        # Of one with earlier texts that were not searched yet, all are, when that is done.
        source.secrets_searched = True
    source.generation += bool(source.committed_offset)
    source.committed_offset = len(raw)
    source.device, source.inode, source.size = found.device, found.inode, found.size
    source.mtime_ns, source.ctime_ns = found.mtime_ns, found.ctime_ns
    source.missing_since, source.error = None, ""
    source.first_read_at = source.first_read_at or now
    source.last_read_at = now
    writer.add_segment(source, Chunk(0, raw))
    if secrets := secrets_of(source, raw):
        writer.after_write(lambda: note_secrets(source, secrets))


def apply_waiting_sidecars() -> None:
    """Apply sidecars whose agent's transcript was not there when they were read, and is now."""
    for source in SourceFile.objects.filter(kind=SourceFile.Kind.SIDECAR, owner=""):
        segment = ArchiveSegment.objects.filter(source=source).order_by("-generation").first()
        if segment:
            with transaction.atomic():
                apply_sidecar(source, segment_bytes(segment))


def apply_sidecar(source: SourceFile, raw: bytes) -> None:
    """Note what a sidecar says about its agent's session. One that is not a JSON object says nothing.

    While that session is not known the sidecar waits: its `owner` stays empty.
    """
    said = _said(raw)
    identity = sidecar_identity(source)
    key = SessionRef(identity.owner, identity.agent_id).key
    if not AgentSession.objects.filter(pk=key).exists():
        return
    SourceFile.objects.filter(pk=source.pk).update(owner=identity.owner[:200])
    SessionFacet.objects.filter(session_id=key, name__in=[name for _, name in _NAMES]).delete()
    rows = [
        (stable_key(str(key), name, said[field]), key, name, said[field], NO_TIME, 0)
        for field, name in _NAMES
        if said.get(field)
    ]
    write_rows(SessionFacet, FACET_COLUMNS, rows, unique=("id",))
    AgentSession.objects.filter(pk=key).update(stale=True)


def _said(raw: bytes) -> dict[str, str]:
    try:
        value = json.loads(masked_line(raw))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {k: v.replace("\x00", "\ufffd") for k, v in value.items() if isinstance(v, str)}
