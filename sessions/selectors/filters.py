"""From filters to conditions on sessions. Names and values are those of `SessionFilterForm`."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast, Lower

from sessions import served
from sessions.models import AgentSession, SessionEvent
from sessions.parsers.model_names import model_identity
from sessions.querysets import AgentSessionQuerySet
from sessions.scope import Projects, in_projects
from sessions.text_matching import MAX_WORDS, contains

STATUSES = ("active", "completed", "interrupted", "failed")
NANO = 10**9
FEWEST_OF_AN_ID = 6  # a shorter word is the beginning of too many ids
_IN_AND_OUT = F("input_tokens") + F("output_tokens")
SORTS: dict[str, Any] = {
    "started_at": F("started_at"),
    "ended_at": F("ended_at"),
    "created_at": F("started_at"),
    "updated_at": F("ended_at"),
    "cost": F("cost_nano_usd"),
    "total_cost": F("cost_nano_usd"),
    "duration": F("wall_seconds"),
    "duration_seconds": F("wall_seconds"),
    "active": F("active_seconds"),
    "tokens": _IN_AND_OUT,
    "tokens_in": F("input_tokens"),
    "tokens_out": F("output_tokens"),
    "tool_calls": F("tool_call_count"),
    "tool_errors": F("tool_error_count"),
    "title": Lower("title"),
    "project": Lower("project__name"),
    "model": F("model"),
}
_RANGES = {
    "start_date": ("started_at", "gte", 1),
    "end_date": ("started_at", "lt", 1),
    "created_start": ("started_at", "gte", 1),
    "created_end": ("started_at", "lt", 1),
    "updated_start": ("ended_at", "gte", 1),
    "updated_end": ("ended_at", "lt", 1),
    "completed_start": ("ended_at", "gte", 1),
    "completed_end": ("ended_at", "lt", 1),
    "min_duration": ("wall_seconds", "gte", 1),
    "max_duration": ("wall_seconds", "lte", 1),
    "min_cost": ("cost_nano_usd", "gte", NANO),
    "max_cost": ("cost_nano_usd", "lte", NANO),
}
_LISTS = {"skill": "skills", "agent": "agents"}


def filtered_sessions(
    filters: dict[str, Any], *, now: datetime, projects: Projects = None
) -> AgentSessionQuerySet:
    """The sessions of these projects that every given filter lets through, with their `status`; in no order."""
    found: Any = AgentSession.objects.with_status(now).filter(in_projects(projects))
    if not filters.get("include_subagents"):
        found = found.roots()
    if not filters.get("include_inactive"):
        found = found.with_activity()
    if filters.get("status"):
        found = found.filter(status=filters["status"])
    if filters.get("completed_start") or filters.get("completed_end"):
        found = found.exclude(status="active")
    conditions = (build(filters[name]) for name, build in _CONDITIONS.items() if name in filters)
    found = found.filter(*_ranges(filters), *conditions)
    for name, build in served.filters():
        if filters.get(name):
            condition = build(filters[name], projects)
            found = found.none() if condition is None else found.filter(condition)
    if names := _model_filters(filters):
        found = with_any(found, "models_used", names)
    for name, column in _LISTS.items():
        if filters.get(name):
            found = with_any(found, column, [filters[name]])
    if filters.get("tool"):
        found = with_any(found, "tools", [filters["tool"]])
    return found  # type: ignore[no-any-return]


def sorted_sessions(found: QuerySet[Any], sort_by: str, sort_order: str) -> QuerySet[Any]:
    """In the order asked for; what is unknown comes last either way, equals newest first."""
    key = SORTS[sort_by]
    order = key.asc(nulls_last=True) if sort_order == "asc" else key.desc(nulls_last=True)
    return found.order_by(order, F("started_at").desc(nulls_last=True), "id")


def _ranges(filters: dict[str, Any]) -> Iterable[Q]:
    for name, (column, comparison, scale) in _RANGES.items():
        bound = filters.get(name)
        if bound is not None:
            bound = int(bound * scale) if isinstance(bound, Decimal) else bound
            yield Q(**{f"{column}__{comparison}": bound})


def _in_project(name: str) -> Q:
    is_id = name.isascii() and name.isdecimal() and len(name) < 10
    return Q(project_id=int(name)) if is_id else Q(project__slug=name)


def _with_errors(wanted: bool) -> Q:
    failed = Q(tool_error_count__gt=0) | Q(api_error_count__gt=0)
    return failed if wanted else ~failed


def _of_root(public_id: str) -> Q:
    return Q(root__public_id=public_id.removeprefix("S-"))


def _saying(text: str) -> Q:
    """Every word of it in the title, the branch, a prompt, or as the beginning of the id."""
    condition = Q()
    for word in text.split()[:MAX_WORDS]:
        asked = SessionEvent.objects.filter(
            contains(word, "text"), session_id=OuterRef("pk"), kind__in=("prompt", "command")
        )
        named = contains(word, "title", "branch")
        if len(word) >= FEWEST_OF_AN_ID:
            named |= Q(public_id__startswith=word)
        condition &= named | Q(Exists(asked))
    return condition


_CONDITIONS: dict[str, Callable[[Any], Q]] = {
    "project": _in_project,
    "branch": lambda name: Q(branch=name),
    "has_errors": _with_errors,
    "root_session_id": _of_root,
    "q": _saying,
}


def _model_filters(filters: dict[str, Any]) -> list[str]:
    """The models that every filter on models lets through; [""] (no model's name) when none does."""
    tests = [(filters[name], fits) for name, fits in _MODEL_TESTS.items() if filters.get(name)]
    if not tests:
        return []
    text = Cast("models_used", TextField())
    seen = AgentSession.objects.order_by().annotate(text=text).values_list("text", flat=True).distinct()
    # All of them as one text: thousands of short ones take ten times as long to read.
    names = {used["name"] for models in json.loads(f"[{','.join(seen)}]") for used in models}
    fitting = [name for name in names if all(fits(name, wanted.lower()) for wanted, fits in tests)]
    return sorted(fitting) or [""]


_MODEL_TESTS: dict[str, Callable[[str, str], bool]] = {
    "model": lambda name, wanted: all(word in name.lower() for word in wanted.split()),
    "model_provider": lambda name, wanted: model_identity(name).provider.lower() == wanted,
    "model_family": lambda name, wanted: model_identity(name).family.lower() == wanted,
    "model_version": lambda name, wanted: model_identity(name).version.lower() == wanted,
}


# What every session's texts are looked through for.
SLOW_FILTERS = ("q", "tool", *_LISTS, *_MODEL_TESTS)


def with_any(found: Any, column: str, values: Iterable[str]) -> Any:
    """Sessions whose JSON column holds any of the texts as a whole value.

    The database's JSON containment is not the same on SQLite and PostgreSQL; the column's text is. Quotes
    inside values are escaped in it, so that a quoted text is a whole one.
    """
    text = f"{column}_text"
    condition = Q()
    for value in values:
        for written in {json.dumps(value), json.dumps(value, ensure_ascii=False)}:
            condition |= Q(**{f"{text}__contains": f": {written}" if column in _OBJECTS else written})
    return found.alias(**{text: Cast(column, TextField())}).filter(condition)


_OBJECTS = ("models_used", "tools")  # lists of objects: a value, not one of their keys
