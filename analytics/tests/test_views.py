"""The dashboard as a browser gets it: true figures, an honest range, every state a link."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.formatting import money, tokens
from analytics.period_parameters import parse_period
from analytics.selectors import overview
from analytics.tests.ledger import NOW, read, working_session
from sessions.models import Project, SyncRun
from sessions.tests import samples

pytestmark = pytest.mark.django_db

MARCH = "/?start=2026-03-01&end=2026-03-31"


@pytest.fixture
def client() -> Client:
    """A browser on this machine; the gate asks every request for its host."""
    return Client(headers={"host": "localhost"})


def text_of(response: Any) -> str:
    """What a reader sees, without tags and runs of blanks."""
    body = re.sub(r"<script.*?</script>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def seen(client: Client, address: str, **more: Any) -> str:
    response = client.get(address, **more)
    assert response.status_code == 200
    return text_of(response)


def links_in(client: Client, address: str) -> list[str]:
    return [unescape(href) for href in re.findall(r'href="([^"]+)"', client.get(address).content.decode())]


def test_the_figures_are_those_of_the_overview(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"), working_session("b", 3))
    period = parse_period(now=NOW, default_zone=ZoneInfo("UTC"), start="2026-03-01", end="2026-03-31")
    figures = overview(period)
    page = client.get(MARCH).content.decode()
    assert figures.session_count == 2
    assert figures.tools.success_rate == 50
    assert f'value="{figures.usage.cost_usd}"' in page
    assert str(money(figures.usage.cost_usd)) in page
    assert f'value="{figures.usage.tokens}" title="{tokens(figures.usage.tokens).exact}"' in page


def test_the_default_range_shows_the_last_days_of_data_and_says_so(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"), working_session("b", 3))
    page = seen(client, "/")
    assert "Nothing was recorded in the last 30 days. Shown instead are the last 30 days of data." in page
    assert "3 Feb 2026 – 4 Mar 2026" in page
    assert "Work on b" in page


def test_recent_data_is_shown_without_a_word_about_the_range(client: Client, tmp_path: Path) -> None:
    days = (timezone.now() - samples.START).days - 1
    read(tmp_path, working_session("a", days))
    page = seen(client, "/")
    assert "Nothing was recorded" not in page
    assert "Work on a" in page


def test_an_empty_range_leads_to_the_latest_data_in_one_click(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    address = "/?start=2026-04-01&end=2026-04-07"
    assert "Nothing was recorded in this period. The latest data is of 1 Mar 2026." in seen(client, address)
    there = next(
        link for link in links_in(client, address) if "end=2026-03-01" in link and "2026-02-23" in link
    )
    assert "Work on a" in seen(client, there)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("start=yesterday", "is no ISO date"),
        ("start=2026-03-02&end=2026-03-01", "The end must be after the start."),
        ("period=fortnight", "is no period"),
        ("period=7d&start=2026-03-01", "Choose either"),
        ("tz=Mars/Olympus", "is no IANA time zone"),
        ("project=nowhere", "There is no project “nowhere”"),
        ("start=%00&end=%F0%9F%98%80", "is no ISO date"),
        (f"project={'9' * 30}", "There is no project"),
    ],
)
def test_what_is_not_understood_is_said(client: Client, tmp_path: Path, query: str, sentence: str) -> None:
    read(tmp_path, working_session("a"))
    page = seen(client, f"/?{query}")
    assert sentence in page
    assert "Work on a" in page


def test_nothing_read_yet_names_the_folders(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "projects").mkdir(parents=True)
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", f"{tmp_path / 'here'},{tmp_path / 'gone'}")
    page = seen(client, "/")
    assert f"{tmp_path / 'here' / 'projects'} exists" in page
    assert f"{tmp_path / 'gone'} does not exist" in page
    assert "manage.py demo" in page


def test_a_project_narrows_every_figure(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    project = Project.objects.get()
    assert "Work on a" in seen(client, f"{MARCH}&project={project.slug}")
    assert "Work on a" in seen(client, f"{MARCH}&project={project.pk}")
    other = Project.objects.create(key="other", slug="other", name="Other")
    page = seen(client, f"{MARCH}&project={other.slug}")
    assert "Nothing is known of Other" in page
    assert "Work on a" not in page


def test_htmx_gets_the_panels_alone(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    whole, part = client.get(MARCH), client.get(MARCH, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert 'id="panels"' in part.content.decode()
    assert "Work on a" in text_of(part)
    assert "HX-Request" in whole["Vary"]
    assert "HX-Request" in part["Vary"]


def test_a_model_without_a_price_is_marked_beside_the_money(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a", model="house-model-1"))
    page = seen(client, MARCH)
    assert "Cost, API-equivalent unpriced" in page
    assert re.search(r"[\d ]+ tokens unpriced", page)
    assert "house-model-1 no price" in page


def test_lower_bounds_are_marked(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a", stop=None), working_session("b"))
    page = seen(client, MARCH)
    assert "Output is a lower bound in 50 % of responses" in page.replace("\xa0", " ")


def test_figures_are_partial_while_a_run_is_reading(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    now = timezone.now()
    run = SyncRun.objects.create(started_at=now, heartbeat_at=now)
    assert "the figures so far are partial" in seen(client, MARCH)
    run.heartbeat_at = now - timedelta(minutes=10)
    run.save()
    assert "partial" not in seen(client, MARCH)


def test_a_failed_run_and_unread_lines_are_said(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    assert "could not be read" not in seen(client, MARCH)
    samples.append(tmp_path, samples.main_path("a"), b'{"type": broken}\n')
    read(tmp_path)
    SyncRun.objects.create(
        started_at=NOW, heartbeat_at=NOW, state="failed", report={"error": "the disk is full"}
    )
    page = client.get(MARCH)
    assert "1 line could not be read" in text_of(page)
    assert "The last reading failed" in text_of(page)
    assert "the disk is full" in page.content.decode()


def test_figures_lead_to_the_sessions_behind_them(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    links = links_in(client, MARCH)
    behind = [link for link in links if "start_date=2026-03-01&end_date=2026-03-31" in link]
    for sort in ("cost", "tokens", "tool_errors", "active"):
        assert any(f"sort_by={sort}" in link for link in behind), sort
    assert client.get(next(link for link in behind if "sort_by=cost" in link)).status_code == 200


def test_every_chart_has_its_numbers_as_a_table(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    page = client.get(MARCH).content.decode()
    drawn = re.findall(r'data-chart="([\w-]+)"', page)
    assert drawn
    for name in drawn:
        after = page[page.index(f'data-chart="{name}"') :]
        assert f'id="{name}"' in after
        assert "<details" in after[: after.index("</figure>")]
        assert after[: after.index("</figure>")].count('<th scope="row">') == 31


def test_text_from_transcripts_is_only_text(client: Client, tmp_path: Path) -> None:
    path, lines = working_session("a")
    attack = "<img src=x onerror=alert(1)>"
    lines = [line | {"gitBranch": attack, "cwd": f"/home/ada/{attack}"} for line in lines]
    lines[0]["message"]["content"] = f"{attack}</script><script>alert(1)</script>"
    read(tmp_path, (path, lines))
    page = client.get(MARCH).content.decode()
    assert attack not in page
    assert "<script>alert" not in page
    assert "&lt;img src=x" in page


def test_days_are_those_of_the_zone_asked_for(client: Client, tmp_path: Path) -> None:
    read(tmp_path, (samples.main_path("a"), [samples.prompt("p", 0), samples.reply("r", 13.9 * 3600)]))
    assert "Nothing was recorded" in seen(client, "/?start=2026-03-02&end=2026-03-02")
    page = seen(client, "/?start=2026-03-02&end=2026-03-02&tz=Asia/Tokyo")
    assert "2 Mar 2026, days of Asia/Tokyo" in page
    assert "Nothing was recorded" not in page


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_number_of_queries_does_not_grow(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    queries_of(client, MARCH)
    few = queries_of(client, MARCH)
    others = [
        working_session(f"s{n}", n % 20, folder=f"-home-ada-engine{n}", model=f"claude-opus-4-{n}")
        for n in range(25)
    ]
    read(tmp_path, *others)
    assert queries_of(client, MARCH) == few
    assert few <= 45


def test_demo_data_is_labelled(client: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    assert "Demo data." not in seen(client, MARCH)
    Project.objects.update(is_demo=True)
    assert "Demo data." in seen(client, MARCH)


def test_other_methods_are_refused(client: Client) -> None:
    assert client.post("/").status_code == 405
