"""Questions about sessions and their answers. Pages, the API and the terminal ask here."""

from sessions.selectors.listing import (
    SessionPage,
    SessionRow,
    projects_with_sessions,
    session,
    session_list,
    session_rows,
    status_of,
)
from sessions.selectors.quality import (
    Equation,
    IngestStatus,
    Quality,
    equation,
    ingest_status,
    progress,
    quality,
)
from sessions.selectors.totals import Totals
from sessions.selectors.transcript import (
    CallPart,
    RawLine,
    ResponseFigures,
    TranscriptItem,
    TranscriptPage,
    entries,
    raw_line,
)
from sessions.selectors.tree import TreeNode, session_tree
from sessions.selectors.usage import (
    FileTouched,
    TokenPoint,
    ToolUsage,
    session_files,
    session_tools,
    token_timeline,
)

__all__ = [
    "CallPart",
    "Equation",
    "FileTouched",
    "IngestStatus",
    "Quality",
    "RawLine",
    "ResponseFigures",
    "SessionPage",
    "SessionRow",
    "TokenPoint",
    "ToolUsage",
    "Totals",
    "TranscriptItem",
    "TranscriptPage",
    "TreeNode",
    "entries",
    "equation",
    "ingest_status",
    "progress",
    "projects_with_sessions",
    "quality",
    "raw_line",
    "session",
    "session_files",
    "session_list",
    "session_rows",
    "session_tools",
    "session_tree",
    "status_of",
    "token_timeline",
]
