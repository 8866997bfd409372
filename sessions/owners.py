"""Whose a file is that lies beside a transcript: its path says so."""

from pathlib import PurePosixPath

from sessions.models import SourceFile
from sessions.parsers.discovery import OUTPUTS_FOLDER
from sessions.parsers.formats.claude_code import FileIdentity, identify
from sessions.parsers.records import SessionRef
from sessions.parsers.transcript_parts import posix


def sidecar_identity(source: SourceFile) -> FileIdentity:
    """Whose sidecar it is: that of the transcript beside it."""
    return identify(PurePosixPath(source.relative_path.removesuffix(".meta.json") + ".jsonl"))


def output_owner(source: SourceFile) -> str:
    """The id of the session in whose folder a tool output lies; "" where the path names none."""
    *_, native, folder, _ = ["", "", *posix(source.relative_path).parts]
    return native if folder == OUTPUTS_FOLDER else ""


def owner_key(source: SourceFile) -> int | None:
    """The key of the session that a sidecar or an output belongs to, whether it was read or not."""
    if source.kind == SourceFile.Kind.SIDECAR:
        identity = sidecar_identity(source)
        return SessionRef(identity.owner, identity.agent_id).key
    native = output_owner(source) if source.kind == SourceFile.Kind.TOOL_OUTPUT else ""
    return SessionRef(native).key if native else None
