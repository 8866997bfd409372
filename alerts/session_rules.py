"""Rules about single sessions: their value, the moment it first breached, and whether they are over."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from alerts.conditions import Limit, judge, limits_of
from alerts.definition import RuleDefinition
from alerts.querysets.measured import filtered_sessions, session_sums
from alerts.replay import SessionFacts
from alerts.rollup_parts import ADDING, EVENT_KINDS, NANO, ONE, Adding, columns_alike
from alerts.states import Verdict
from alerts.windows import Measured
from analytics.metrics import Source
from sessions.bulk import in_chunks
from sessions.models import AgentSession, ModelResponse, SessionEvent, ToolCall

# A moment in epoch milliseconds, and what it adds.
Amount = tuple[int, Decimal]
# A session can always be resumed; one that was silent for so long is taken to be over.
IDLE = timedelta(hours=1)
# Clocks of machines differ by minutes; what is further ahead has not happened yet.
CLOCKS_DIFFER_BY = timedelta(minutes=15)
# What is known of a session's course, for the moment at which its running total passed a limit.
_RESPONSE_COLUMNS = {
    "session_cost": ("cost_nano_usd",),
    "session_tokens": ("input_tokens", "output_tokens"),
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "cache_read_tokens": ("cache_read_tokens",),
    "cache_creation_tokens": ("cache_creation_5m_tokens", "cache_creation_1h_tokens"),
}
# Sessions whose responses are read together.
SESSIONS_AT_ONCE = 200
_SESSION_COLUMNS = {
    "session_duration": "wall_seconds",
    "active_seconds": "active_seconds",
    "api_error_count": "api_error_count",
    "compaction_count": "compaction_count",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A session that a rule was asked about."""

    session: AgentSession
    facts: SessionFacts


def session_facts(
    rule: RuleDefinition,
    measured: Mapping[int, Measured],
    now: datetime,
    *,
    ending: Collection[int] = (),
) -> Iterator[Found]:
    """The facts of those of the measured sessions that breach a rule, and of those that fire and have ended.

    Sums that grow are judged while a session goes on; what may still go either way when it is over. What a session's
    lines say of a time to come is judged when it has come, and the session is over.
    """
    first = limits_of(rule)[0]
    breaching = {
        key: value
        for key, value in measured.items()
        if key in ending or judge(rule, value, first) is Verdict.BREACH
    }
    for chunk in in_chunks(sorted(breaching), SESSIONS_AT_ONCE):
        sessions = AgentSession.objects.filter(pk__in=chunk).order_by("started_at", "id")
        told = [each for each in sessions if each.ended_at and (over_since(each, now) or grows(rule))]
        courses = _courses(rule, [session.pk for session in told])
        for session in told:
            value = breaching[session.pk]
            crossings = _crossings(rule, session, value, courses.get(session.pk, []))
            crossed = {limit: at for limit, at in crossings.items() if at <= now + CLOCKS_DIFFER_BY}
            yield Found(session, SessionFacts(session.public_id, value, crossed, over_since(session, now)))


def over_since(session: AgentSession, now: datetime) -> datetime | None:
    """When a session came to be over; None while it may still be going on."""
    ended = session.ended_at and session.ended_at + IDLE
    return ended if ended and ended <= now else None


def come_to_be_over(start: datetime, end: datetime) -> dict[int, datetime]:
    """{session: since when} of those that came to be over after `start`, until `end`."""
    silent = AgentSession.objects.filter(ended_at__gt=start - IDLE, ended_at__lte=end - IDLE)
    return {
        key: ended + IDLE for key, ended in silent.order_by("ended_at", "id").values_list("pk", "ended_at")
    }


def grows(rule: RuleDefinition) -> bool:
    """Whether what breaches once can no longer cease to."""
    return rule.operator.is_upward and not ADDING.get(rule.metric, _COUNTED).is_ratio


_COUNTED = ADDING["tool_call_count"]


def sessions_between(start: datetime, end: datetime) -> dict[int, datetime]:
    """{session: its last record} of those that were going on in a stretch of time, by when they ended."""
    during = AgentSession.objects.filter(ended_at__gte=start, started_at__lt=end).order_by("ended_at", "id")
    return dict(during.values_list("pk", "ended_at"))


class SessionValues:
    """The values of some sessions (None: of every session) for rules about some metrics, each read once."""

    def __init__(self, session_ids: Collection[int] | None, metrics: Iterable[str]) -> None:
        self._ids = session_ids
        self._metrics = [name for name in metrics if name in ADDING]
        self._sums: dict[Any, dict[int, dict[str, Any]]] = {}
        self._told: dict[Any, dict[int, Measured]] = {}

    def of(self, rule: RuleDefinition, project_id: int | None) -> dict[int, Measured]:
        """{session: its value}, of those that have one."""
        key = (rule.metric, project_id, tuple(sorted(rule.filters.items())))
        if key not in self._told:
            self._told[key] = self._tell(rule, project_id)
        return self._told[key]

    def _tell(self, rule: RuleDefinition, project_id: int | None) -> dict[int, Measured]:
        adding = ADDING.get(rule.metric)
        if adding is None:
            return _column_values(rule, project_id, self._ids)
        return {key: _measured(adding, row) for key, row in self._read(rule, project_id).items()}

    def _read(self, rule: RuleDefinition, project_id: int | None) -> dict[int, dict[str, Any]]:
        of_tools = rule.measure.source is not Source.USAGE
        key = (of_tools, project_id, tuple(sorted(rule.filters.items())))
        if key not in self._sums:
            self._sums[key] = session_sums(
                columns_alike(rule.metric, self._metrics),
                of_tools=of_tools,
                project_id=project_id,
                filters=rule.filters,
                session_ids=self._ids,
            )
        return self._sums[key]


def _measured(adding: Adding, row: Mapping[str, Any]) -> Measured:
    parts = adding.parts(row)
    value = parts.part * adding.scale / (parts.whole if adding.is_ratio else 1) if parts.whole else None
    return Measured(value, parts.samples)


def _column_values(
    rule: RuleDefinition, project_id: int | None, session_ids: Collection[int] | None
) -> dict[int, Measured]:
    column = _SESSION_COLUMNS[rule.metric]
    found: dict[int, Measured] = {}
    for chunk in [None] if session_ids is None else list(in_chunks(session_ids)):
        rows = filtered_sessions(project_id, rule.filters)
        rows = rows if chunk is None else rows.filter(pk__in=chunk)
        for key, value in rows.filter(**{f"{column}__isnull": False}).values_list("pk", column):
            found[key] = Measured(Decimal(value), 1)
    return found


def _crossings(
    rule: RuleDefinition, session: AgentSession, measured: Measured, course: Iterable[Amount]
) -> dict[Decimal, datetime]:
    """{limit: when the session's value first breached it}."""
    limits = [limit for limit in limits_of(rule) if judge(rule, measured, limit) is Verdict.BREACH]
    ended = session.ended_at or session.started_at
    if not ended:
        return {}
    if rule.metric == "session_duration" and rule.operator.is_upward and session.started_at:
        begun = session.started_at
        return {limit.key: min(begun + timedelta(seconds=float(limit.value)), ended) for limit in limits}
    if not grows(rule):
        return {limit.key: ended for limit in limits}
    return _passed(rule, limits, course, ended)


def _passed(
    rule: RuleDefinition, limits: Iterable[Limit], course: Iterable[Amount], ended: datetime
) -> dict[Decimal, datetime]:
    """When a running total passed each limit; the end where its course does not tell."""
    waiting, total = list(limits), Decimal()
    found: dict[Decimal, datetime] = {limit.key: ended for limit in waiting}
    for at_ms, more in course:
        if not waiting:
            break
        total += more
        for limit in [limit for limit in waiting if rule.operator.holds(total, limit.value)]:
            found[limit.key] = datetime.fromtimestamp(at_ms / 1000, UTC)
            waiting.remove(limit)
    return found


def _courses(rule: RuleDefinition, session_ids: list[int]) -> dict[int, list[Amount]]:
    """{session: what adds up to its value, by when}. Filters leave it to the end of the session."""
    found: dict[int, list[Amount]] = defaultdict(list)
    if rule.filters or not grows(rule):
        return found
    if rule.metric in _RESPONSE_COLUMNS:
        rows = ModelResponse.objects.counted().filter(owner__in=session_ids).order_by("at_ms", "id")
        scale = NANO if rule.metric == "session_cost" else ONE
        for key, at_ms, *parts in rows.values_list("owner_id", "at_ms", *_RESPONSE_COLUMNS[rule.metric]):
            found[key].append((at_ms, sum((part or 0 for part in parts), 0) * scale))
    elif rule.metric == "tool_call_count":
        calls = ToolCall.objects.counted().filter(owner__in=session_ids, use_at_ms__isnull=False)
        for key, at_ms in calls.order_by("use_at_ms", "id").values_list("owner_id", "use_at_ms"):
            found[key].append((at_ms, ONE))
    elif rule.metric in EVENT_KINDS:
        events = SessionEvent.objects.filter(
            session__in=session_ids, kind=EVENT_KINDS[rule.metric], inherited=False, at_ms__isnull=False
        )
        for key, at_ms in events.order_by("at_ms", "id").values_list("session_id", "at_ms"):
            found[key].append((at_ms, ONE))
    return found
