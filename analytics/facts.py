"""The rows behind the numbers: counted model responses and tool calls, each with the line it stands on.

Which rows count, and in which stretch of time, is decided as for rollups, so that the rows of a filter add up to
the overview of the same filter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet

from analytics.periods import Period
from analytics.querysets import UNATTRIBUTED, WORK, work_at
from sessions.models import (
    AgentSession,
    ModelResponse,
    ResponseCopy,
    ToolCall,
    ToolCallCopy,
    TranscriptEntry,
)
from sessions.parsers.model_names import display_model
from sessions.scope import Projects, in_projects
from tasks.models import Feature

_FAST = display_model("", fast=True)


@dataclass(frozen=True, slots=True)
class FactsAsked:
    """Which rows: those of a period and of whatever else is not None."""

    period: Period
    projects: Projects = None
    session: AgentSession | None = None
    model: str | None = None
    tool: str | None = None
    outcome: str | None = None


class Place(NamedTuple):
    """Where a row stands: its line in a file, and the number of that line in the session that shows it."""

    seq: int
    session_id: str
    file: str


@dataclass(frozen=True, slots=True)
class Fact[Row]:
    """A response or call with what it takes to open it and to say what it was for."""

    row: Row
    place: Place | None
    feature: tuple[int, str] | None  # key and slug
    phase_id: int | None
    task_id: int | None
    model: str = ""  # of the response that asked for a call


def counted_responses(asked: FactsAsked) -> QuerySet[Any]:
    """Responses as they count, by time."""
    found: Any = ModelResponse.objects.counted().filter(*_common(asked))
    if asked.model is not None:
        found = found.filter(_named_model(asked.model))
    return found.order_by("quarter", "at_ms", "pk")  # type: ignore[no-any-return]


def counted_calls(asked: FactsAsked) -> QuerySet[Any]:
    """Tool calls as they count, by time."""
    found: Any = ToolCall.objects.counted().filter(*_common(asked))
    if asked.model is not None:
        answering = ModelResponse.objects.filter(_named_model(asked.model))
        found = found.filter(response_id__in=answering.values("pk"))
    if asked.tool is not None:
        found = found.filter(name="" if asked.tool == UNATTRIBUTED else asked.tool)
    if asked.outcome is not None:
        found = found.filter(outcome=asked.outcome)
    return found.order_by("quarter", "use_at_ms", "pk")  # type: ignore[no-any-return]


def _common(asked: FactsAsked) -> Iterable[Q]:
    quarters = asked.period.quarters
    yield Q(quarter__gte=quarters.start, quarter__lt=quarters.stop)
    yield in_projects(asked.projects, "owner__project")
    if asked.session is not None:
        yield Q(owner=asked.session)


def _named_model(name: str) -> Q:
    """A model under the name that breakdowns give it, where fast mode is a model of its own."""
    plain = Q(model=name, fast=False)
    return plain | Q(model=name.removesuffix(_FAST), fast=True) if name.endswith(_FAST) else plain


def response_facts(keys: list[int]) -> list[Fact[ModelResponse]]:
    """These responses, in this order, in a fixed number of queries."""
    rows = _rows(ModelResponse.objects.all(), keys, "at_ms")
    copies = ResponseCopy.objects.filter(response_id__in=keys, session_id=F("response__owner_id"))
    return _facts(rows, dict(copies.values_list("response_id", "entry_id")), {})


def call_facts(keys: list[int]) -> list[Fact[ToolCall]]:
    """These calls, in this order, in a fixed number of queries."""
    rows = _rows(ToolCall.objects.all(), keys, "use_at_ms")
    copies = ToolCallCopy.objects.filter(call_id__in=keys, session_id=F("call__owner_id"))
    answering = ModelResponse.objects.filter(pk__in=[row.response_id for row in rows])
    named = answering.values_list("pk", "model", "fast")
    models = {key: display_model(name, fast) for key, name, fast in named}
    return _facts(rows, dict(copies.values_list("call_id", "use_entry_id")), models)


_OWNER = ("public_id", "session_type", "agent_name", "branch", "project")


def _rows(found: QuerySet[Any], keys: list[int], moment: str) -> list[Any]:
    light = found.select_related("owner__project").only(
        *(field.name for field in found.model._meta.concrete_fields if field.name != "owner"),
        *(f"owner__{name}" for name in _OWNER),
    )
    by_key = {row.pk: row for row in light.filter(pk__in=keys).annotate(**work_at(moment))}
    return [by_key[key] for key in keys if key in by_key]


def _facts(rows: list[Any], entries: dict[int, int | None], models: dict[int, str]) -> list[Fact[Any]]:
    places = _places(entries.values())
    slugs = _slugs(rows)
    return [
        Fact(
            row,
            places.get(entries.get(row.pk) or 0),
            slugs.get(row.of_feature),
            row.of_phase,
            row.of_task,
            models.get(getattr(row, "response_id", None) or 0, ""),
        )
        for row in rows
    ]


def _places(entry_ids: Iterable[int | None]) -> dict[int, Place]:
    held = TranscriptEntry.objects.filter(pk__in={key for key in entry_ids if key is not None})
    told = held.values_list("pk", "seq", "session__public_id", "source__relative_path")
    return {key: Place(seq, session_id, file) for key, seq, session_id, file in told}


def _slugs(rows: list[Any]) -> dict[int | None, tuple[int, str]]:
    keys = {getattr(row, WORK[0]) for row in rows} - {None}
    return {key: (key, slug) for key, slug in Feature.objects.filter(pk__in=keys).values_list("pk", "slug")}
