"""Counting in how many sessions one fact stands."""

from collections.abc import Iterable
from typing import Any

from sessions.bulk import in_chunks
from sessions.models import ModelResponse, ResponseCopy, ToolCall, ToolCallCopy


def recount_response_copies(keys: Iterable[int]) -> set[int]:
    """Set copy_count of responses that got a new copy; the sessions that share one must settle whose it is."""
    return _recount(ModelResponse, ResponseCopy, "response_id", keys)


def recount_call_copies(keys: Iterable[int]) -> set[int]:
    """The same for tool calls."""
    return _recount(ToolCall, ToolCallCopy, "call_id", keys)


def _recount(facts: Any, copies: Any, field: str, keys: Iterable[int]) -> set[int]:
    shared: set[int] = set()
    for chunk in in_chunks(keys):
        counts = copies.objects.held_by_several(field, chunk)
        for number in set(counts.values()):
            several = [key for key, n in counts.items() if n == number]
            facts.objects.filter(id__in=several).update(copy_count=number)
        held = copies.objects.filter(**{f"{field}__in": counts})
        shared.update(held.values_list("session_id", flat=True))
    return shared
