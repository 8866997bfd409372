"""What one transcript line says, whatever the format that said it.

All values are plain and immutable; times are epoch milliseconds (UTC), token counts are integers >= 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, NamedTuple, Self

from sessions.parsers.keys import stable_key
from sessions.parsers.pricing import Usage
from sessions.parsers.secrets.finding import SecretSeen

SESSION = "session"
SUBAGENT = "subagent"
WORKFLOW_AGENT = "workflow_agent"
FORK = "fork"

NO_TIME = 1 << 62  # sorts behind every real time


class SessionRef(NamedTuple):
    """Names a session: the trunk's own id, and the agent's id for what a subagent wrote ("" for the trunk)."""

    native_id: str
    agent_id: str = ""
    session_type: str = SESSION

    @property
    def key(self) -> int:
        return stable_key("claude-code", self.native_id, self.agent_id)

    @property
    def public_id(self) -> str:
        return f"{self.native_id}:agent-{self.agent_id}" if self.agent_id else self.native_id


class ResponseSeen(NamedTuple):
    """One record that carries (a snapshot of) a model response."""

    key: int  # see response_key
    message_id: str
    request_id: str
    session: SessionRef
    at_ms: int
    model: str
    usage: Usage
    is_assistant: bool  # False: only a progress record's copy of a subagent's response
    is_sidechain: bool
    stop_reason: str
    fast: bool
    service_tier: str
    inference_geo: str
    skill: str
    reported_cost_nano_usd: int | None
    digest: int


def response_key(message_id: str, request_id: str, session: SessionRef) -> int:
    """Both ids: one response in the whole database. No request id: one response in its session (R4)."""
    if request_id:
        return stable_key("response", message_id, request_id)
    return stable_key("response", message_id, "", session.native_id, session.agent_id)


class ToolUse(NamedTuple):
    """The model asks for a tool."""

    call_id: str
    name: str
    at_ms: int | None
    response_key: int | None
    target: str  # what it was about, for a list row: a path, a command, a pattern
    path: str
    file_action: str  # read, create, update, delete or ""
    agent_name: str  # the kind of subagent asked for
    skill: str
    is_git: bool
    digest: int


class ToolResult(NamedTuple):
    """The answer to a tool call."""

    call_id: str
    at_ms: int | None
    is_error: bool
    outcome: str
    error_class: str
    execution_ms: int | None
    path: str
    file_action: str
    lines_added: int | None
    lines_removed: int | None
    spawned_agent_id: str
    commits: tuple[str, ...]
    web_searches: int
    digest: int


class Spawn(NamedTuple):
    """A tool call that started a subagent, told by a progress record."""

    call_id: str
    agent_id: str


class Event(NamedTuple):
    """Something that happened in a session beside responses and tool calls."""

    kind: str
    text: str = ""
    data: dict[str, object] | None = None


class SearchText(NamedTuple):
    """Words of a line that can be searched for. The tool of a result stands with its call, which `call_id` names."""

    kind: str
    text: str
    call_id: str = ""
    tool: str = ""


class FoldedText(NamedTuple):
    """A SearchText as the index takes it: its words folded, and of how many characters they are."""

    kind: str
    words: str
    chars: int
    call_id: str = ""
    tool: str = ""


class Problem(NamedTuple):
    """Something in a stored line that was read differently from how it was written."""

    kind: str
    detail: str


@dataclass(slots=True)
class ParsedLine:
    """One complete line of a transcript, understood."""

    offset: int
    length: int
    line_no: int
    digest: int
    session: SessionRef
    kind: str
    subtype: str = ""
    uuid_key: int = 0
    parent_key: int | None = None
    at_ms: int | None = None
    is_sidechain: bool = False
    version: str = ""
    # Most lines have nothing of most of these: an empty tuple is shared, a list would be one more object per line.
    responses: Sequence[ResponseSeen] = ()
    tool_uses: Sequence[ToolUse] = ()
    tool_results: Sequence[ToolResult] = ()
    spawns: Sequence[Spawn] = ()
    events: Sequence[Event] = ()
    facets: Sequence[tuple[str, str]] = ()
    problems: Sequence[Problem] = ()
    texts: Sequence[FoldedText] = ()
    secrets: Sequence[SecretSeen] = ()

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        """By its values alone: the names of the fields would be a third of the time it takes to hand a line on."""
        return type(self), _values_of_line(self)

    @property
    def call_parts(self) -> Sequence[ToolUse | ToolResult | Spawn]:
        """Everything the line says about tool calls."""
        if not (self.tool_uses or self.tool_results or self.spawns):
            return ()
        return (*self.tool_uses, *self.tool_results, *self.spawns)

    def note_problem(self, kind: str, detail: str) -> None:
        """Note that something in the line was read differently from how it was written."""
        self.problems = (*self.problems, Problem(kind, detail))


_values_of_line = attrgetter(*(field.name for field in fields(ParsedLine)))


class BadLine(NamedTuple):
    """A complete line that could not be understood; it is kept, counted and shown, never dropped."""

    offset: int
    length: int
    line_no: int
    reason: str
    detail: str
    excerpt: str
