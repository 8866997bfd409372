"""Counting in how many sessions one fact stands."""

from collections.abc import Iterable

from sessions.bulk import in_chunks
from sessions.models import ModelResponse, ResponseCopy, ToolCall, ToolCallCopy


def recount_response_copies(keys: Iterable[int]) -> set[int]:
    """Set copy_count of responses that got a new copy; the sessions that share one must settle whose it is."""
    shared: set[int] = set()
    for chunk in in_chunks(keys):
        counts = ResponseCopy.objects.held_by_several("response_id", chunk)
        for number in set(counts.values()):
            several = [key for key, n in counts.items() if n == number]
            ModelResponse.objects.filter(id__in=several).update(copy_count=number)
        shared.update(
            ResponseCopy.objects.filter(response_id__in=counts).values_list("session_id", flat=True)
        )
    return shared


def recount_call_copies(keys: Iterable[int]) -> set[int]:
    """The same for tool calls."""
    shared: set[int] = set()
    for chunk in in_chunks(keys):
        counts = ToolCallCopy.objects.held_by_several("call_id", chunk)
        for number in set(counts.values()):
            several = [key for key, n in counts.items() if n == number]
            ToolCall.objects.filter(id__in=several).update(copy_count=number)
        shared.update(ToolCallCopy.objects.filter(call_id__in=counts).values_list("session_id", flat=True))
    return shared
