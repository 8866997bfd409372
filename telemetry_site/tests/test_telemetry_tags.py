from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.core.paginator import Paginator
from django.template import Context, RequestContext, Template
from django.test import RequestFactory

from analytics.charts import CalendarDay
from telemetry_site.icons import ICONS


def rendered(source: str, **context: Any) -> str:
    return Template("{% load telemetry %}" + source).render(Context(context))


def rendered_for(address: str, source: str, **context: Any) -> str:
    request = RequestFactory().get(address)
    return Template("{% load telemetry %}" + source).render(RequestContext(request, context))


def test_icon_is_hidden_from_screen_readers_and_takes_a_class() -> None:
    markup = rendered('{% icon "check" "big" %}')
    assert 'class="icon big"' in markup
    assert 'aria-hidden="true"' in markup


def test_unknown_icon_fails() -> None:
    with pytest.raises(KeyError):
        rendered('{% icon "chekc" %}')


@pytest.mark.parametrize("name", ICONS)
def test_icons_are_paths_on_the_square(name: str) -> None:
    assert ICONS[name].startswith("M")
    assert set(ICONS[name]) <= set("MmLlHhVvCcSsAaZz0123456789.- ")


def test_moment_is_utc_for_readers_without_scripts() -> None:
    in_kathmandu = datetime(2026, 8, 14, 2, 15, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    assert rendered("{% moment at 'relative' %}", at=in_kathmandu) == (
        '<time datetime="2026-08-13T20:30:00Z" data-local="relative">13 Aug 2026 20:30 UTC</time>'
    )


def test_moment_that_is_not_known_says_so() -> None:
    assert "unknown" in rendered("{% moment at %}", at=None)


def test_sparkline_needs_two_known_values() -> None:
    assert rendered("{% sparkline values %}", values=[None, 4]) == ""
    assert rendered("{% sparkline values %}", values=[2, 4]).count("<path") == 2


def test_share_bar_escapes_the_names_of_its_parts() -> None:
    markup = rendered('{% share_bar parts "Shares" %}', parts=[("<b>", 1), ("x", 3)])
    assert "<title>&lt;b&gt;: 25.0 %</title>" in markup
    assert 'width="75.00"' in markup


def test_calendar_says_what_a_day_holds_and_leads_there() -> None:
    at = datetime(2026, 8, 14, tzinfo=UTC).date()
    markup = rendered("{% calendar days %}", days=[CalendarDay(at, 3.0, "$3.00", "/?day=1")])
    assert "Fri 14 Aug 2026: $3.00" in markup
    assert 'href="/?day=1"' in markup
    assert 'tabindex="-1"' in markup


def test_calendar_without_days_is_nothing() -> None:
    assert rendered("{% calendar days %}", days=[]).strip() == ""


def test_pagination_keeps_the_filters_and_targets_the_list() -> None:
    page = Paginator(range(1234), 100).page(2)
    tag = '{% pagination page "sessions" "results" %}'
    markup = rendered_for("/sessions?model=opus&page=2", tag, page=page)
    assert "101–200 of 1\N{NARROW NO-BREAK SPACE}234 sessions" in markup
    assert (
        markup.count('href="?model=opus&amp;page=3"') == markup.count('hx-get="?model=opus&amp;page=3"') == 2
    )
    assert 'hx-target="#results"' in markup
    assert '<span aria-current="page">2</span>' in markup


def test_pagination_of_one_page_only_counts() -> None:
    page = Paginator(range(3), 10).page(1)
    markup = rendered_for("/sessions", '{% pagination page "sessions" %}', page=page)
    assert ">3 sessions<" in markup
    assert "<ul" not in markup
