"""Sums over the archive that pruning goes by."""

from typing import Any

from django.db.models import Min, QuerySet, Sum
from django.db.models.functions import Length


def stored_bytes_by_source(segments: QuerySet[Any]) -> dict[int, int]:
    """{source: compressed bytes of these segments}."""
    return dict(segments.values_list("source_id").annotate(stored=Sum(Length("data"))))


def first_pruned(segments: QuerySet[Any]) -> Any:
    """When the first of these segments was pruned; None when none was."""
    return segments.filter(pruned_at__isnull=False).aggregate(at=Min("pruned_at"))["at"]
