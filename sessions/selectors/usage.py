"""What one session used: its token timeline, tools and files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sessions.models import (
    AgentSession,
    ModelResponse,
    ResponseCopy,
    SessionEvent,
    ToolCall,
    ToolCallCopy,
    TranscriptEntry,
)
from sessions.parsers.model_names import display_model

NANO = Decimal(10**9)


class TokenPoint(NamedTuple):
    """One counted response of the session's own; `running_tokens` is input plus output up to and with it."""

    response_id: int
    at: datetime
    running_tokens: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_creation_tokens: int
    model: str
    agent: str
    cost_nano_usd: int | None
    is_partial: bool  # only a progress record tells of it
    is_lower_bound: bool  # no line says that it ended: the output may have grown

    @property
    def step_tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def context_tokens(self) -> int:
        """All that the model was given to read."""
        return self.input_tokens + self.cache_read_tokens + self.cache_creation_tokens

    @property
    def cost_usd(self) -> Decimal | None:
        return None if self.cost_nano_usd is None else Decimal(self.cost_nano_usd) / NANO


_POINT_COLUMNS = (
    *("id", "at_ms", "input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_5m_tokens"),
    *("cache_creation_1h_tokens", "model", "fast", "cost_nano_usd", "is_assistant", "stop_reason"),
)


def token_timeline(session: AgentSession) -> list[TokenPoint]:
    """The session's own responses by time; the last running total is the session's input plus output."""
    own = ModelResponse.objects.counted().filter(owner=session).order_by("at_ms", "id")
    return list(_points(own.values_list(*_POINT_COLUMNS), session.agent_name or session.agent))


def _points(rows: Iterable[Any], agent: str) -> Iterator[TokenPoint]:
    running = 0
    for key, at_ms, given, output, read, short, long, model, fast, cost, is_assistant, stop_reason in rows:
        running += given + output
        yield TokenPoint(
            response_id=key,
            at=datetime.fromtimestamp(at_ms / 1000, UTC),
            running_tokens=running,
            input_tokens=given,
            output_tokens=output,
            cache_read_tokens=read,
            cache_creation_tokens=short + long,
            model=display_model(model, fast),
            agent=agent,
            cost_nano_usd=cost,
            is_partial=not is_assistant,
            is_lower_bound=not stop_reason,
        )


def seqs_of_responses(session: AgentSession, response_ids: Iterable[int]) -> dict[int, int]:
    """{response: the seq of its first line in this session}."""
    copies = ResponseCopy.objects.filter(session=session, response_id__in=list(response_ids))
    entries = dict(copies.values_list("response_id", "entry_id"))
    seqs = dict(TranscriptEntry.objects.filter(pk__in=entries.values()).values_list("pk", "seq"))
    return {response: seqs[entry] for response, entry in entries.items() if entry in seqs}


def compaction_times(session: AgentSession) -> list[datetime]:
    """When the conversation was compacted, in order of time; those of a history it inherited are left out."""
    told = SessionEvent.objects.filter(session=session, kind="compaction", inherited=False)
    times = told.exclude(at_ms=None).order_by("at_ms").values_list("at_ms", flat=True)
    return [datetime.fromtimestamp(at_ms / 1000, UTC) for at_ms in times if at_ms is not None]


def success_share(ok: int, failed: int) -> float | None:
    """The part of the calls that succeeded, 0 to 1, of those that succeeded or failed; None when none did.

    What was rejected, interrupted, blocked or never answered says nothing about the tool.
    """
    judged = ok + failed
    return ok / judged if judged else None


def success_rate(ok: int, failed: int) -> float | None:
    """The same in percent, as every metric has it."""
    judged = ok + failed
    return 100 * ok / judged if judged else None


@dataclass(frozen=True, slots=True)
class FileTouched:
    """What a session itself did to one file; line counts are None where no call tells them."""

    path: str
    shown_path: str
    reads: int
    changes: int
    failures: int  # calls on it that did not succeed
    created: bool
    deleted: bool
    lines_added: int | None
    lines_removed: int | None
    last_at: datetime | None


def session_files(session: AgentSession, *, limit: int = 2000) -> list[FileTouched]:
    """Files the session's own calls read or changed: changed ones first, then by path."""
    rows: Any = ToolCall.objects.counted().filter(owner=session).by_file()
    return [_file(row, session.cwd) for row in rows[:limit]]


def _file(row: dict[str, Any], cwd: str) -> FileTouched:
    last = row["last_ms"]
    return FileTouched(
        path=row["path"],
        shown_path=shortened(row["path"], cwd),
        reads=row["reads"],
        changes=row["changes"],
        failures=row["failures"],
        created=row["created"] > 0,
        deleted=row["deleted"] > 0,
        lines_added=row["added"],
        lines_removed=row["removed"],
        last_at=None if last is None else datetime.fromtimestamp(last / 1000, UTC),
    )


def shortened(path: str, folder: str) -> str:
    """The path as seen from the folder, where it lies below it."""
    for separator in ("/", "\\"):
        below = folder.rstrip(separator) + separator
        if folder and path.startswith(below):
            return path.removeprefix(below)
    return path


MOST_TOUCHES = 60


def seqs_of_touches(session: AgentSession, path: str) -> list[int]:
    """The lines of a session's own calls on a file, in order of time, at most MOST_TOUCHES."""
    calls = ToolCall.objects.counted().filter(owner=session, path=path).order_by("use_at_ms", "id")
    keys = list(calls.values_list("id", flat=True)[:MOST_TOUCHES])
    copies = ToolCallCopy.objects.filter(session=session, call_id__in=keys).exclude(use_entry_id=None)
    lines = TranscriptEntry.objects.filter(pk__in=copies.values("use_entry_id"))
    return sorted(lines.values_list("seq", flat=True))
