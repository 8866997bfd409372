"""Numbers in templates: short for reading, exact on hover and when copied, and a dash for what is not known."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from analytics import formatting
from analytics.metrics import Metric, Unit

register = template.Library()


# A page has a thousand at most. More would be kept for nothing: figures move, and every server process keeps its own.
@register.simple_tag
@lru_cache(maxsize=2048, typed=True)
def figure(value: formatting.Number | None, unit: str, css_class: str = "") -> SafeString:
    """A value in one of the units of the metric catalogue, such as `{% figure usage.tokens "tokens" %}`.

    None is "unpriced" for money and a dash for everything else: never 0. An unknown unit raises ValueError, so
    that a typing mistake fails in the first test that renders it.
    """
    kind = Unit(unit)
    if value is None:
        text, title = ("unpriced", "no price is known") if kind is Unit.USD else ("–", "unknown")
        return format_html('<span class="unknown {}" title="{}">{}</span>', css_class, title, text)
    shown = formatting.figure(value, kind)
    text = escape(shown.text)
    title = escape(shown.exact) if shown.exact else text
    # A page has a thousand of these: three escapes of short texts instead of format_html's five of anything.
    return SafeString(f'<data class="num {escape(css_class)}" value="{value}" title="{title}">{text}</data>')


@register.simple_tag
def measured(value: formatting.Number | None, metric: Metric, css_class: str = "") -> SafeString:
    """A value of a metric of the catalogue. A ratio of money that is not known may lack what it is divided by."""
    if value is None and not metric.adds_up:
        money = metric.unit is Unit.USD
        title = "there is nothing to divide by, or no price is known" if money else "unknown"
        return format_html('<span class="unknown {}" title="{}">–</span>', css_class, title)
    return figure(value, metric.unit, css_class)
