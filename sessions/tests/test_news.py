"""News of a session: what came since, answers to calls that waited, and how often it is worth asking."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sessions.models import AgentSession
from sessions.selectors.news import pace
from sessions.tests.samples import answer, call, prompt, reply, uid
from sessions.tests.test_views import HTMX, client, page
from sessions.tests.transcripts import found, read

__all__ = ["client"]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "seconds"),
    [
        (timedelta(seconds=5), 1),
        (timedelta(minutes=11), 5),
        (timedelta(hours=2), 30),
        (timedelta(days=2), None),
        (timedelta(seconds=-30), 1),
    ],
)
def test_old_sessions_are_asked_for_less_often(age: timedelta, seconds: int | None) -> None:
    assert pace(NOW - age, now=NOW) == seconds
    assert pace(None, now=NOW) is None


@pytest.mark.django_db
def test_only_the_end_of_a_recent_session_asks_for_news(client: Client, tmp_path: Path) -> None:
    read(tmp_path, a=[prompt(f"a{n}", n) for n in range(130)])
    assert "/news" not in page(client, "session-detail", uid("a"))
    AgentSession.objects.update(ended_at=timezone.now())
    assert "/news" not in page(client, "session-detail", uid("a"))
    assert "news?after=130&amp;every=1" in page(client, "session-detail", uid("a"), query="?at=end")


@pytest.mark.django_db
def test_news_are_the_lines_behind_and_the_calls_they_answer(client: Client, tmp_path: Path) -> None:
    started = reply("a2", 1, blocks=[call("t1", "Bash", command="make")])
    read(tmp_path, a=[prompt("a1", 0), started, answer("a3", 2, "t1", content="made"), reply("a4", 3)])
    html = page(client, "session-news", uid("a"), query="?after=2&every=1", **HTMX)
    assert "Reply a4" in html
    assert 'id="entry-2" hx-swap-oob="innerHTML" data-outcome="ok"' in html
    assert "made" in html
    assert "Do it" not in html
    assert "<html" not in html
    # An answer that comes with its call is shown with it, not twice.
    assert 'hx-swap-oob="innerHTML"' not in page(client, "session-news", uid("a"), query="?after=1", **HTMX)


@pytest.mark.django_db
def test_nothing_new_is_said_cheaply(
    client: Client, tmp_path: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    read(tmp_path, a=[prompt("a1", 0)])
    AgentSession.objects.filter(pk=found().pk).update(ended_at=timezone.now())
    address = reverse("session-news", args=[uid("a")])
    with django_assert_num_queries(2):
        assert client.get(f"{address}?after=1&every=1", headers=HTMX).status_code == 204
    # The pace slows down, and in the end nothing is asked any more.
    AgentSession.objects.filter(pk=found().pk).update(ended_at=timezone.now() - timedelta(days=3))
    html = page(client, "session-news", uid("a"), query="?after=1&every=1", **HTMX)
    assert "The end of the transcript." in html
    assert "hx-get" not in html
    assert client.get(reverse("session-news", args=["nobody"]) + "?after=1", headers=HTMX).status_code == 404
    assert client.get(f"{address}?after=x", headers=HTMX).status_code == 302
    assert client.get(f"{address}?after=1").status_code == 302
