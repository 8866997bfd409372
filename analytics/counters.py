"""Writing the counters that Prometheus scrapes (`CountedTotal` says what they mean).

Everything that changes facts ends in a roll-up, and there, in the transaction that replaces the rollups, the
difference is counted: a kill loses and doubles nothing. `settle` makes the figures of a whole sync visible at
once. While a `Restatement` is noted, nothing is counted.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.db.models import F

from analytics.label_values import label_values
from analytics.models import CountedSession, CountedTotal, Restatement
from analytics.querysets import TIMING_COLUMNS, TOOL_COLUMNS, UNATTRIBUTED, USAGE_COLUMNS
from sessions.bulk import in_chunks, write_rows
from sessions.models import AgentSession, Project, SourceFile

TOKENS = "tokens"  # project, model, type
COST = "cost_nano_usd"  # project, model
SESSIONS = "sessions"  # project, agent, kind
TOOL_CALLS = "tool_calls"  # project, tool, outcome
TOOL_STRETCHES = "tool_stretches"  # tool, bound: how many calls fell in the stretch
TOOL_MS = "tool_ms"  # tool
INGEST_LINES = "ingest_lines"  # outcome
INGEST_BYTES = "ingest_bytes"
INGEST_ERRORS = "ingest_errors"  # reason

# A call is `pending` until its answer is read: only what it comes to is counted.
OUTCOMES = ("ok", "error", "rejected", "interrupted", "blocked")
LINE_OUTCOMES = ("stored", "duplicate", "quarantined", "blank")

Labels = tuple[str, ...]
Rows = Iterable[tuple[Any, ...]]
# The rows of a rollup before and after it was made again.
Replaced = tuple[Rows, Rows]

_usage_at = USAGE_COLUMNS.index
_tools_at = TOOL_COLUMNS.index
_timings_at = TIMING_COLUMNS.index
_TYPES = ("input", "output", "cache_read", "cache_creation", "cache_creation")
_USED = tuple(
    _usage_at(name)
    for name in (
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "cache_creation_5m_tokens",
        "cache_creation_1h_tokens",
        "cost_nano_usd",
    )
)
_CAME_TO = tuple(_tools_at(f"outcome_{name}") for name in OUTCOMES)


def key_of(labels: Labels) -> str:
    """Label values as `CountedTotal.labels` holds them."""
    return json.dumps(labels, ensure_ascii=False, separators=(",", ":"))


def count(family: str, amounts: Mapping[Labels, int]) -> None:
    """Add what happened and cannot be taken back: a run, an error, a notification. Shown at once."""
    rows = [(family, key_of(labels), amount, amount, 0) for labels, amount in amounts.items() if amount]
    _add(rows, ("counted", "exported"))


def _count_change(family: str, amounts: Mapping[Labels, int]) -> None:
    """Add a difference, upwards or downwards; shown after `settle`."""
    rows = [(family, key_of(labels), amount, 0, 0) for labels, amount in amounts.items() if amount]
    _add(rows, ("counted",))


def _add(rows: list[tuple[Any, ...]], columns: tuple[str, ...]) -> None:
    names = ("family", "labels", "counted", "exported", "observed")
    write_rows(CountedTotal, names, sorted(rows), unique=("family", "labels"), add=columns)


def observe(family: str, wholes: Mapping[Labels, int]) -> None:
    """Count by how much each whole changed since it was last looked at."""
    counts = not is_restating()
    for labels, whole in wholes.items():
        row, _ = CountedTotal.objects.get_or_create(family=family, labels=key_of(labels))
        if row.observed != whole:
            row.counted += (whole - row.observed) if counts else 0
            row.observed = whole
            row.save()


def settle() -> None:
    """Show what was counted: every counter stands at the highest it ever was at this moment."""
    CountedTotal.objects.filter(counted__gt=F("exported")).update(exported=F("counted"))


def is_unsettled() -> bool:
    """Whether a run that died counted something that is not shown."""
    return CountedTotal.objects.filter(counted__gt=F("exported")).exists()


def begin_restatement(now: datetime) -> None:
    """From now on facts change without anything being read. Everything read before must be rolled up."""
    observe_lines()
    settle()
    Restatement.objects.create(began_at=now)


def end_restatement() -> None:
    """Facts and rollups are whole again: what is read from now on counts."""
    with transaction.atomic():
        observe_lines()
        Restatement.objects.all().delete()


def is_restating() -> bool:
    return Restatement.objects.exists()


def observe_lines() -> None:
    """Count the lines of transcripts that were read, by what became of them."""
    totals = SourceFile.objects.transcripts().line_totals()
    observe(INGEST_LINES, {(outcome,): totals[f"lines_{outcome}"] for outcome in LINE_OUTCOMES})


def count_run(*, bytes_read: int, failed_files: int, failed: bool) -> None:
    """Count a sync run that ended: what it read, and what went wrong in it."""
    count(INGEST_BYTES, {(): bytes_read})
    count(INGEST_ERRORS, {("file",): failed_files, ("run",): int(failed)})


def count_sessions(ids: Iterable[int]) -> None:
    """Count those of the sessions that have begun and were not counted yet, where they stand now."""
    for chunk in in_chunks(ids):
        _count_sessions(chunk)


def _count_sessions(ids: list[int]) -> None:
    begun = AgentSession.objects.filter(id__in=ids, start_quarter__isnull=False)
    rows = {key: told for key, *told in begun.values_list("id", "project__slug", "agent", "session_type")}
    known = CountedSession.objects.filter(session_id__in=rows).values_list("session_id", flat=True)
    fresh = {key: told for key, told in rows.items() if key not in set(known)}
    if not fresh:
        return
    write_rows(CountedSession, ("session_id",), [(key,) for key in fresh], unique=("session_id",))
    amounts: dict[Labels, int] = {}
    for slug, agent, kind in fresh.values():
        labels = (slug or UNATTRIBUTED, agent, kind)
        amounts[labels] = amounts.get(labels, 0) + 1
    count(SESSIONS, _shown(amounts, project=0))


def count_rollups(usage: Replaced, tools: Replaced, timings: Replaced) -> None:
    """Count the difference that making rollups again made. Callers hold the transaction."""
    if is_restating():
        return
    _count_usage(usage)
    _count_tool_calls(tools)
    _count_timings(timings)


def _count_usage(usage: Replaced) -> None:
    tokens: dict[Labels, int] = {}
    cost: dict[Labels, int] = {}
    for (slug, model), (*used, nano_usd) in _by_project(usage, _usage_at("model"), _usage_at, _USED).items():
        cost[slug, model] = nano_usd
        for kind, amount in zip(_TYPES, used, strict=True):
            tokens[slug, model, kind] = tokens.get((slug, model, kind), 0) + amount
    shown = _shown(tokens, project=0, model=1)
    _count_change(TOKENS, shown)
    _count_change(COST, _shown(cost, project=0, model=1))


def _count_tool_calls(tools: Replaced) -> None:
    changes = _by_project(tools, _tools_at("name"), _tools_at, _CAME_TO)
    calls: dict[Labels, int] = {
        (slug, tool or UNATTRIBUTED, outcome): amount
        for (slug, tool), amounts in changes.items()
        for outcome, amount in zip(OUTCOMES, amounts, strict=True)
        if amount
    }
    _count_change(TOOL_CALLS, _shown(calls, project=0, tool=1))


def _count_timings(timings: Replaced) -> None:
    stretches: dict[Labels, int] = {}
    total_ms: dict[Labels, int] = {}
    told = itemgetter(*(_timings_at(name) for name in ("name", "bound", "calls", "total_ms")))
    for sign, rows in zip((-1, 1), timings, strict=True):
        for name, bound, calls, ms in map(told, rows):
            tool = name or UNATTRIBUTED
            stretches[tool, str(bound)] = stretches.get((tool, str(bound)), 0) + sign * calls
            total_ms[tool,] = total_ms.get((tool,), 0) + sign * ms
    _count_change(TOOL_STRETCHES, _shown(stretches, tool=0))
    _count_change(TOOL_MS, _shown(total_ms, tool=0))


def _by_project(
    replaced: Replaced, value_at: int, at: Any, amounts_at: tuple[int, ...]
) -> dict[tuple[str, str], list[int]]:
    """{(project, value): by how much each amount changed}.

    Differences are taken by session before they go to the session's project, so that a session which moves from
    one project to another takes nothing from the one and adds nothing to the other.
    """
    session_at, project_at = at("session_id"), at("project_id")
    changes: dict[tuple[int, str], list[int]] = {}
    projects: dict[int, int | None] = {}
    for sign, rows in zip((-1, 1), replaced, strict=True):
        for row in rows:
            projects[row[session_at]] = row[project_at]
            change = changes.setdefault((row[session_at], row[value_at]), [0] * len(amounts_at))
            for place, position in enumerate(amounts_at):
                change[place] += sign * (row[position] or 0)
    slugs = dict(Project.objects.filter(id__in=set(projects.values())).values_list("id", "slug"))
    found: dict[tuple[str, str], list[int]] = {}
    for (session, value), change in changes.items():
        if any(change):
            key = slugs.get(projects[session] or 0, UNATTRIBUTED), value
            sums = found.setdefault(key, [0] * len(amounts_at))
            found[key] = [one + other for one, other in zip(sums, change, strict=True)]
    return found


def _shown(amounts: Mapping[Labels, int], **labels: int) -> dict[Labels, int]:
    """The amounts under the values that are shown; `labels` says at which position which label stands."""
    names = {position: _values(amounts, label, position) for label, position in labels.items()}
    found: dict[Labels, int] = {}
    for key, amount in amounts.items():
        shown = tuple(names[at][value] if at in names else value for at, value in enumerate(key))
        found[shown] = found.get(shown, 0) + amount
    return found


def _values(amounts: Mapping[Labels, int], label: str, position: int) -> dict[str, str]:
    sizes: dict[str, int] = {}
    for key, amount in amounts.items():
        sizes[key[position]] = sizes.get(key[position], 0) + amount
    return label_values(label, sizes) if sizes else {}
