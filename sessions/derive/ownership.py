"""Settling which session a response or tool call belongs to that stands in several (R3, R15)."""

from collections.abc import Iterable
from typing import Any

from sessions.bulk import in_chunks
from sessions.models import AgentSession, ModelResponse, ResponseCopy, ToolCall, ToolCallCopy
from sessions.parsers.normalise import Claim, owner_of


def settle_owners(session_ids: Iterable[int]) -> tuple[set[int], set[int]]:
    """Give every shared response and call of these sessions to its owner.

    Returns the sessions and the quarters that changed by it.
    """
    sessions: set[int] = set()
    quarters: set[int] = set()
    for chunk in in_chunks(session_ids, 500):
        shared = ResponseCopy.objects.filter(session_id__in=chunk, response__copy_count__gt=1)
        claims = _claims(set(shared.values_list("response_id", flat=True)))
        # Calls last: each goes with its response.
        for moved in (_settle_responses(claims), _settle_twins(chunk), _settle_calls(chunk)):
            sessions |= moved[0]
            quarters |= moved[1]
    return sessions, quarters


def _settle_twins(session_ids: list[int]) -> tuple[set[int], set[int]]:
    """Of responses without a request id that stand in several sessions, one row each: the original's counts (R4)."""
    groups = list(ModelResponse.objects.twins_of(session_ids))
    holders = {twin.owner_id for group in groups for twin in group}
    alone, counts = ResponseCopy.objects.alone_from(holders), ResponseCopy.objects.counts_by_session(holders)
    names = dict(AgentSession.objects.filter(id__in=holders).values_list("id", "public_id"))
    sessions: set[int] = set()
    quarters: set[int] = set()
    moves: dict[int | None, list[int]] = {}
    for group in groups:
        claims = [
            Claim(t.owner_id, t.at_ms, alone.get(t.owner_id), counts[t.owner_id], names[t.owner_id])
            for t in group
        ]
        original = owner_of(claims)
        kept = min(twin.pk for twin in group if twin.owner_id == original)
        for twin in group:
            counted_by = None if twin.pk == kept else kept
            if twin.duplicate_of != counted_by:
                moves.setdefault(counted_by, []).append(twin.pk)
                sessions.add(twin.owner_id)
                quarters.add(twin.quarter)
    for counted_by, keys in moves.items():
        for ids in in_chunks(keys):
            ModelResponse.objects.filter(id__in=ids).update(duplicate_of=counted_by)
    return sessions, quarters


def _claims(response_ids: set[int]) -> dict[int, list[Claim]]:
    copies = [
        row
        for ids in in_chunks(response_ids)
        for row in ResponseCopy.objects.filter(response_id__in=ids).values_list(
            "response_id", "session_id", "first_at_ms", "is_assistant", "session__public_id"
        )
    ]
    holders = {row[1] for row in copies}
    alone = ResponseCopy.objects.alone_from(holders)
    counts = ResponseCopy.objects.counts_by_session(holders)
    real = {row[0] for row in copies if row[3]}  # a progress copy claims nothing where a real record stands
    claims: dict[int, list[Claim]] = {}
    for response_id, session_id, first_at_ms, is_assistant, public_id in copies:
        if is_assistant or response_id not in real:
            claim = Claim(session_id, first_at_ms, alone.get(session_id), counts[session_id], public_id)
            claims.setdefault(response_id, []).append(claim)
    return claims


def _settle_responses(claims: dict[int, list[Claim]]) -> tuple[set[int], set[int]]:
    sessions: set[int] = set()
    quarters: set[int] = set()
    owners = {key: owner_of(several) for key, several in claims.items()}
    moves: dict[int, list[int]] = {}
    for ids in in_chunks(owners):
        current = ModelResponse.objects.filter(id__in=ids).values_list("id", "owner_id", "quarter")
        for key, owner_id, quarter in current:
            if owners[key] != owner_id:
                moves.setdefault(owners[key], []).append(key)
                sessions |= {owner_id, owners[key]}
                quarters.add(quarter)
    _move(ModelResponse.objects, moves)
    return sessions, quarters


def _settle_calls(session_ids: list[int]) -> tuple[set[int], set[int]]:
    """A shared call belongs where the response that made it belongs."""
    sessions: set[int] = set()
    quarters: set[int] = set()
    moves: dict[int, list[int]] = {}
    shared = set(
        ToolCallCopy.objects.filter(session_id__in=session_ids, call__copy_count__gt=1).values_list(
            "call_id", flat=True
        )
    )
    for ids in in_chunks(shared):
        calls = list(ToolCall.objects.filter(id__in=ids).only("id", "owner_id", "response_id", "quarter"))
        owners = ModelResponse.objects.counting_owners({c.response_id for c in calls if c.response_id})
        holders = _first_holders(ids)
        for call in calls:
            owner_id = owners.get(call.response_id) if call.response_id else None
            owner_id = owner_id if owner_id is not None else holders[call.pk]
            if owner_id != call.owner_id:
                moves.setdefault(owner_id, []).append(call.pk)
                sessions |= {owner_id, call.owner_id}
                quarters |= {call.quarter} if call.quarter is not None else set()
    _move(ToolCall.objects, moves)
    return sessions, quarters


def _move(facts: Any, moves: dict[int, list[int]]) -> None:
    """Give facts to their new owners: {owner: facts}."""
    for owner_id, keys in moves.items():
        for ids in in_chunks(keys):
            facts.filter(id__in=ids).update(owner_id=owner_id)


def _first_holders(call_ids: list[int]) -> dict[int, int]:
    """Where no response tells, the session with the first public id among those that hold the call itself."""
    rows = ToolCallCopy.objects.filter(call_id__in=call_ids).order_by("-has_use", "session__public_id")
    found: dict[int, int] = {}
    for call_id, session_id in rows.values_list("call_id", "session_id"):
        found.setdefault(call_id, session_id)
    return found


def mark_stale(session_ids: Iterable[int]) -> None:
    """Note that the columns of these sessions must be derived again."""
    for chunk in in_chunks(session_ids):
        AgentSession.objects.filter(id__in=chunk, stale=False).update(stale=True)
