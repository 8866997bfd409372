from sessions.models.entry import TranscriptEntry
from sessions.models.event import SessionEvent, SessionFacet
from sessions.models.project import Project
from sessions.models.response import ModelResponse, ResponseCopy
from sessions.models.search import SearchFill, SearchItem, SearchSubject
from sessions.models.secret import SecretFinding
from sessions.models.session import AgentSession
from sessions.models.source import ArchiveSegment, QuarantinedLine, SourceFile, SourceSession
from sessions.models.sync import DirtyQuarter, SyncLease, SyncRun
from sessions.models.tool_call import ToolCall, ToolCallCopy

__all__ = [
    "AgentSession",
    "ArchiveSegment",
    "DirtyQuarter",
    "ModelResponse",
    "Project",
    "QuarantinedLine",
    "ResponseCopy",
    "SearchFill",
    "SearchItem",
    "SearchSubject",
    "SecretFinding",
    "SessionEvent",
    "SessionFacet",
    "SourceFile",
    "SourceSession",
    "SyncLease",
    "SyncRun",
    "ToolCall",
    "ToolCallCopy",
    "TranscriptEntry",
]
