"""Noting what changed, so that only rules that could tell something else are evaluated, also after a kill."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from alerts.models import AlertRule, EvaluationMark
from sessions.bulk import in_chunks, write_rows

Kind = EvaluationMark.Kind


@dataclass(slots=True)
class Marked:
    """What changed since rules were last evaluated, and the marks that say so."""

    sessions: set[int] = field(default_factory=set)
    quarters: set[int] = field(default_factory=set)
    projects: set[int] = field(default_factory=set)
    ids: list[int] = field(default_factory=list)


def mark_sessions(session_ids: Iterable[int]) -> None:
    """Note sessions whose facts changed. To be called in the transaction that changes them."""
    _mark(Kind.SESSION, session_ids)


def mark_quarters(quarters: Iterable[int]) -> None:
    """Note quarters whose rollups were made anew. To be called in the transaction that makes them."""
    _mark(Kind.QUARTER, quarters)


def mark_plans(project_ids: Iterable[int]) -> None:
    """Note projects whose plans changed."""
    _mark(Kind.PLANS, project_ids)


def _mark(kind: Kind, keys: Iterable[int]) -> None:
    # A rule that is made later looks at everything by itself: without any there is nothing to note.
    if not AlertRule.objects.evaluated().exists():
        return
    for chunk in in_chunks(sorted(set(keys))):
        rows = [(kind.value, key) for key in chunk]
        write_rows(EvaluationMark, ("kind", "key"), rows, unique=("kind", "key"))


def marked() -> Marked:
    """Everything that is noted now."""
    by_kind: dict[str, set[int]] = defaultdict(set)
    ids = []
    for mark_id, kind, key in EvaluationMark.objects.values_list("id", "kind", "key"):
        by_kind[kind].add(key)
        ids.append(mark_id)
    return Marked(by_kind[Kind.SESSION], by_kind[Kind.QUARTER], by_kind[Kind.PLANS], ids)


def clear(noted: Marked) -> None:
    """Forget what was evaluated; what was noted meanwhile stays."""
    for chunk in in_chunks(noted.ids):
        EvaluationMark.objects.filter(pk__in=chunk).delete()
