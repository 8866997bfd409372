"""What the page of the session list says beside its rows: columns to sort by, active filters, addresses."""

from collections.abc import Collection
from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse

from sessions.forms import SessionFilterForm
from sessions.list_columns import COLUMNS, TITLE

LABELS = {
    "q": "says",
    "project": "project",
    "status": "status",
    "model": "model",
    "model_provider": "provider",
    "model_family": "family",
    "model_version": "version",
    "branch": "branch",
    "tool": "tool",
    "skill": "skill",
    "agent": "agent",
    "feature": "served",
    "task": "task",
    "has_errors": "errors",
    "include_subagents": "subagents",
    "include_inactive": "without activity",
    "root_session_id": "started from",
    "start_date": "from",
    "end_date": "to",
    "created_start": "created from",
    "created_end": "created to",
    "completed_start": "ended from",
    "completed_end": "ended to",
    "updated_start": "last active from",
    "updated_end": "last active to",
    "min_duration": "longer than",
    "max_duration": "shorter than",
    "min_cost": "cost from",
    "max_cost": "cost to",
}
_UNITS = {"min_duration": "{} s", "max_duration": "{} s", "min_cost": "${}", "max_cost": "${}"}
_ALIASES = {
    "created_at": "started_at",
    "updated_at": "ended_at",
    "total_cost": "cost",
    "duration_seconds": "duration",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A heading of the table and where a click on it leads."""

    heading: str
    is_number: bool
    href: str
    sorted: str  # ascending, descending or ""


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter and the address without it."""

    label: str
    value: str
    href: str


def columns(form: SessionFilterForm, query: QueryDict, names: Collection[str]) -> list[Column]:
    """The table's headings, those of the named columns, for the order asked for."""
    asked = form.filters()
    sort_by = _ALIASES.get(asked["sort_by"], asked["sort_by"])
    found = []
    for column in (TITLE, *(column for column in COLUMNS if column.name in names)):
        now = asked["sort_order"] if column.sort and column.sort == sort_by else ""
        way = {"asc": "desc", "desc": "asc"}.get(now, column.first_way)
        href = (
            address(query, sort_by=column.sort, sort_order=way, page=None, offset=None) if column.sort else ""
        )
        told = {"asc": "ascending", "desc": "descending"}.get(now, "")
        found.append(Column(column.heading, column.is_number, href, told))
    return found


def chips(form: SessionFilterForm, query: QueryDict) -> list[Chip]:
    """The filters that are set, each with the way to take it off."""
    return [
        Chip(
            LABELS[name],
            _UNITS.get(name, "{}").format(query[name]),
            address(query, **{name: None}, page=None),
        )
        for name in LABELS
        if query.get(name, "").strip() and name not in form.errors
    ]


def file_addresses(form: SessionFilterForm, query: QueryDict) -> list[tuple[str, str]]:
    """(format, address) of the files with everything that the filters let through, in the order of the list."""
    # A filter that is wrong is left out of the list, and so out of its file.
    dropped = dict.fromkeys([name for name in query if name not in form.fields or name in form.errors])
    kept = {**dropped, "offset": None, "limit": None}
    return [
        (label, reverse("api-sessions") + address(query, **kept, format=name))
        for label, name in (("CSV", "csv"), ("NDJSON", "ndjson"))
    ]


def address(query: QueryDict, **changes: str | int | None) -> str:
    """The query with some parameters changed, or dropped where None; empty ones are left out."""
    changed = query.copy()
    for name, value in changes.items():
        changed.pop(name, None)
        if value is not None:
            changed[name] = str(value)
    for name in [name for name, value in changed.items() if not str(value).strip()]:
        del changed[name]
    return f"?{changed.urlencode()}" if changed else "?"


def page_number(text: str | None) -> int:
    """The number of a page; the first where it is none."""
    is_number = text is not None and text.isascii() and text.isdecimal() and len(text) < 8
    return max(1, int(text)) if text and is_number else 1
