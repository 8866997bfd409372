"""Questions about sessions and their answers. Pages, the API and the terminal ask here."""

from sessions.parsers.display import ShownText
from sessions.selectors.listing import (
    SessionPage,
    SessionRow,
    fork_counts,
    latest_sessions,
    projects_with_sessions,
    session,
    session_list,
    session_rows,
    status_of,
)
from sessions.selectors.quality import (
    QUARANTINED_ON_A_PAGE,
    RUNS_SHOWN,
    Equation,
    IngestStatus,
    Quality,
    equation,
    ingest_status,
    progress,
    quality,
)
from sessions.selectors.raw_lines import RawLine, neighbours, raw_line
from sessions.selectors.story import Impact, Milestone, ToldDate, told_dates, told_impact, told_timeline
from sessions.selectors.tools import ToolUsage, session_tools
from sessions.selectors.totals import Totals
from sessions.selectors.transcript import entries
from sessions.selectors.transcript_items import (
    CallPart,
    ResponseFigures,
    TranscriptItem,
    TranscriptPage,
)
from sessions.selectors.tree import TreeNode, session_tree
from sessions.selectors.usage import (
    FileTouched,
    TokenPoint,
    compaction_times,
    session_files,
    success_rate,
    success_share,
    token_timeline,
)

__all__ = [
    "QUARANTINED_ON_A_PAGE",
    "RUNS_SHOWN",
    "CallPart",
    "Equation",
    "FileTouched",
    "Impact",
    "IngestStatus",
    "Milestone",
    "Quality",
    "RawLine",
    "ResponseFigures",
    "SessionPage",
    "SessionRow",
    "ShownText",
    "TokenPoint",
    "ToldDate",
    "ToolUsage",
    "Totals",
    "TranscriptItem",
    "TranscriptPage",
    "TreeNode",
    "compaction_times",
    "entries",
    "equation",
    "fork_counts",
    "ingest_status",
    "latest_sessions",
    "neighbours",
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
    "success_rate",
    "success_share",
    "token_timeline",
    "told_dates",
    "told_impact",
    "told_timeline",
]
