"""Who started whom: parents, roots and forks."""

from collections.abc import Iterable, Set

from sessions.derive.gather import Gathered
from sessions.facts.tool_calls import call_key
from sessions.models import AgentSession, SessionEvent, ToolCall, ToolCallCopy, TranscriptEntry
from sessions.parsers.records import FORK, SESSION, SessionRef


class Families:
    """The relations of a chunk of sessions, looked up together."""

    def __init__(self, sessions: dict[int, AgentSession], facts: dict[int, Gathered]) -> None:
        self.fork_of = _forks(sessions, facts)
        self._starts = _starts(sessions, facts)
        self._holders = _holders(call.pk for call in self._starts.values())
        self._roots = _trunk_roots(sessions)
        self.not_forks = sessions.keys() - self.fork_of.keys()

    def set_relations(self, session: AgentSession, facts: Gathered) -> None:
        """Set type, parent, root, the call that started it and its agent's name."""
        if not session.agent_id:
            session.forked_from_id = self.fork_of.get(session.pk)
            session.session_type = FORK if session.forked_from_id else SESSION
            session.parent_id, session.root_id, session.spawned_by = None, session.pk, None
            session.agent_name = _first(facts, "agent_name")
            return
        trunk = SessionRef(session.native_id).key
        start = self._starts.get(session.pk)
        session.spawned_by = start.pk if start else None
        holder = self._holders.get((start.pk, session.native_id)) if start else None
        session.parent_id = holder if holder not in (None, session.pk) else trunk
        session.root_id = self._roots.get(trunk, trunk)
        session.forked_from_id = None
        named = start.agent_name if start else ""
        session.agent_name = (named or _first(facts, "agent_type") or _role(session.agent_id))[:200]


def family_of(sessions: dict[int, AgentSession], facts: dict[int, Gathered]) -> Families:
    return Families(sessions, facts)


def _first(facts: Gathered, name: str) -> str:
    return (facts.facets.get(name) or [""])[0][:200]


def _role(agent_id: str) -> str:
    """Some agents tell what they are by their id: `acompact-...` writes a compaction's summary."""
    return "compact" if agent_id.startswith("acompact") else ""


def _forks(sessions: dict[int, AgentSession], facts: dict[int, Gathered]) -> dict[int, int]:
    """{fork: the session most of its history belongs to}."""
    found = {}
    for key, session in sessions.items():
        shared = facts[key].shared_with
        if shared and not session.agent_id:
            found[key] = max(shared, key=lambda other: (shared[other], -other))
    trunks = set(AgentSession.objects.filter(id__in=found.values(), agent_id="").values_list("id", flat=True))
    return {key: origin for key, origin in found.items() if origin in trunks}


def _starts(sessions: dict[int, AgentSession], facts: dict[int, Gathered]) -> dict[int, ToolCall]:
    """{subagent: the call that started it} (R20): what the call's answer or progress says, else the sidecar."""
    agents = {s.agent_id: [] for s in sessions.values() if s.agent_id}  # type: dict[str, list[ToolCall]]
    for call in ToolCall.objects.filter(spawned_agent_id__in=agents).order_by("use_at_ms", "id"):
        agents[call.spawned_agent_id].append(call)
    holders = _holders(call.pk for calls in agents.values() for call in calls)
    found = {}
    for key, session in sessions.items():
        mine = (c for c in agents.get(session.agent_id, ()) if (c.pk, session.native_id) in holders)
        if call := next(mine, None):
            found[key] = call
    return found | _starts_by_sidecar(sessions.keys() - found.keys(), facts)


def _starts_by_sidecar(keys: Set[int], facts: dict[int, Gathered]) -> dict[int, ToolCall]:
    told = {key: call_key(name) for key in keys if (name := _first(facts[key], "tool_use_id"))}
    calls = ToolCall.objects.in_bulk(set(told.values()))
    return {key: calls[call] for key, call in told.items() if call in calls}


def _holders(call_ids: Iterable[int]) -> dict[tuple[int, str], int]:
    """{(call, native id): the first session of that family whose transcript holds the call}."""
    rows = ToolCallCopy.objects.filter(call_id__in=set(call_ids), has_use=True)
    names = ("call_id", "session__native_id", "session_id")
    found: dict[tuple[int, str], int] = {}
    for call_id, native, holder in rows.order_by("session__agent_id").values_list(*names):
        found.setdefault((call_id, native), holder)
    return found


def _trunk_roots(sessions: dict[int, AgentSession]) -> dict[int, int]:
    trunks = {SessionRef(s.native_id).key for s in sessions.values() if s.agent_id}
    return {trunk: trunk for trunk in trunks}


def mark_inherited(families: Families) -> list[int]:
    """Mark what a fork's transcript copies from its origin; the sessions in which anything changed by it."""
    no_forks = SessionEvent.objects.filter(session_id__in=families.not_forks, inherited=True)
    found = list(no_forks.order_by().values_list("session_id", flat=True).distinct())
    SessionEvent.objects.filter(session_id__in=found, inherited=True).update(inherited=False)
    for fork, origin in families.fork_of.items():
        theirs = TranscriptEntry.objects.filter(session_id=origin).values("uuid_key")
        copied = TranscriptEntry.objects.filter(session_id=fork, uuid_key__in=theirs).values("id")
        mine = SessionEvent.objects.filter(session_id=fork)
        changed = mine.filter(entry_id__in=copied, inherited=False).update(inherited=True)
        changed += mine.filter(inherited=True).exclude(entry_id__in=copied).update(inherited=False)
        found += [fork] if changed else []
    return found


def own_from(session: AgentSession, facts: Gathered, families: Families) -> int | None:
    """The first moment that is a fork's own; None in a session that is no fork."""
    origin = families.fork_of.get(session.pk)
    if origin is None:
        return None
    theirs = TranscriptEntry.objects.filter(session_id=origin).values("uuid_key")
    own = TranscriptEntry.objects.filter(
        session_id=session.pk, at_ms__isnull=False, kind__in=("user", "assistant")
    )
    first = own.exclude(uuid_key__in=theirs).order_by("at_ms").values_list("at_ms", flat=True).first()
    return first if first is not None else max((s.at_ms for s in facts.steps if s.at_ms), default=None)
