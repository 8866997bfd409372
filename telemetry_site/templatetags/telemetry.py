"""What templates of this project may say beyond Django's own words: icons, moments, small drawings, page lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from html import escape
from typing import Any, Protocol

from django import template
from django.core.paginator import Page
from django.utils.html import format_html
from django.utils.safestring import SafeString

from analytics.formatting import count
from telemetry_site import drawing
from telemetry_site.icons import ICONS

register = template.Library()

CELL = 13
TOP = 16
LEFT = 28


@register.simple_tag
@cache
def icon(name: str, css_class: str = "") -> SafeString:
    """An inline icon that takes the size and colour of the text around it.

    Hidden from screen readers: the word beside it, visible or `.visually-hidden`, says what it means.
    An unknown name raises KeyError, so that a typing mistake fails in the first test that renders it.
    """
    return format_html(
        '<svg class="icon{}" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d="{}"/></svg>',
        f" {css_class}" if css_class else "",
        ICONS[name],
    )


@register.simple_tag
def moment(value: datetime | None, style: str = "datetime") -> SafeString:
    """A time in UTC that times.js turns into the reader's zone; `style`: datetime, date, time or relative."""
    if value is None:
        return format_html('<span class="unknown">{}</span>', "unknown")
    utc = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" data-local="{}">{}</time>',
        utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        style,
        f"{utc.day} {utc:%b %Y %H:%M} UTC",
    )


@register.simple_tag
def sparkline(values: Sequence[float | int | None]) -> str:
    """The course of a figure as a small line; nothing when fewer than two values are known.

    It decorates a figure whose number and change stand beside it as text, so screen readers skip it.
    """
    shape = drawing.spark(values)
    if not shape.line:
        return ""
    return format_html(
        '<svg class="sparkline" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="sparkline-area" d="{}"/><path class="sparkline-line" d="{}"/></svg>',
        shape.area,
        shape.line,
    )


@register.inclusion_tag("telemetry_site/_share_bar.html")
def share_bar(parts: Iterable[tuple[str, float | int | None]], label: str) -> dict[str, Any]:
    """One bar split into `(label, value)` parts, in the order and colours of series 1 to 8."""
    return {"shares": drawing.shares(parts), "label": label}


class CalendarDay(Protocol):
    """What `{% calendar %}` needs of a day: its date, its value, the value in words, and where it leads."""

    @property
    def day(self) -> date: ...
    @property
    def value(self) -> float | int | None: ...
    @property
    def text(self) -> str: ...
    @property
    def href(self) -> str: ...


@register.inclusion_tag("telemetry_site/_calendar.html")
def calendar(days: Sequence[CalendarDay]) -> dict[str, Any]:
    """A heat map of days, one column a week, from the first to the last of `days`.

    Screen readers and keyboards skip it, so the same days must be in a table nearby.
    """
    if not days:
        return {"cells": []}
    by_day = {entry.day: entry for entry in days}
    shape = drawing.calendar(min(by_day), max(by_day), {day: entry.value for day, entry in by_day.items()})
    return {
        "width": LEFT + shape.weeks * CELL,
        "height": TOP + 7 * CELL,
        "cells": [_cell(cell, by_day.get(cell.day)) for cell in shape.cells],
        "months": [{"x": LEFT + month.column * CELL, "day": month.first_day} for month in shape.months],
        "weekdays": [
            {"y": TOP + row * CELL + 9, "name": name} for row, name in ((0, "Mon"), (2, "Wed"), (4, "Fri"))
        ],
    }


def _cell(cell: drawing.DayCell, entry: CalendarDay | None) -> SafeString:
    """A day of the calendar. A year has hundreds of them: as a template they would take longer than all their data."""
    text = escape(entry.text) if entry else "nothing recorded"
    title = f"<title>{cell.day:%a} {cell.day.day} {cell.day:%b %Y}: {text}</title>"
    x, y = LEFT + cell.column * CELL, TOP + cell.row * CELL
    square = f'<rect class="heat-{cell.level}" x="{x}" y="{y}" width="11" height="11">{title}</rect>'
    if entry is None or not entry.href:
        return SafeString(square)
    return SafeString(f'<a href="{escape(entry.href)}" tabindex="-1">{square}</a>')


@register.inclusion_tag("_pagination.html")
def pagination(page: Page[Any], noun: str = "results", target: str = "") -> dict[str, Any]:
    """Links to the other pages of a list; with `target` (an element's id) htmx swaps only that element.

    They keep the rest of the query string, so a page that uses this is rendered with its request.
    """
    return {
        "page": page,
        "noun": noun,
        "counted": _counted(page.paginator.count, noun),
        "first": count(page.start_index()),
        "last": count(page.end_index()),
        "numbers": list(page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)),
        "target": target,
    }


def _counted(number: int, plural: str) -> str:
    """A number of things: "1 entry", "6 entries"."""
    singular = f"{plural[:-3]}y" if plural.endswith("ies") else plural.removesuffix("s")
    return f"{count(number)} {singular if number == 1 else plural}"
