"""The explorer: whatever is asked, its parts add up to the whole and its numbers are those of the API."""

import json
import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from analytics.charts import Point, Series
from analytics.exploration import DRAWN_GROUPS, drawable, exploration
from analytics.explore_form import VIEWS, ExploreForm
from analytics.links import Links
from analytics.metrics import METRICS, metric
from analytics.periods import ALL_TIME_END, ALL_TIME_START, Period
from analytics.selectors import overview
from analytics.series import period_values
from analytics.tests.ledger import NOW, read, working_session
from sessions.tests import samples
from sessions.tests.samples import START

pytestmark = pytest.mark.django_db

EVER = Period(ALL_TIME_START, ALL_TIME_END, ZoneInfo("UTC"))
MARCH = "start=2026-03-01&end=2026-03-31"


@pytest.fixture
def client() -> Client:
    """A browser on this machine; the gate asks every request for its host."""
    return Client(headers={"host": "localhost"})


def explored(**asked: str) -> Any:
    form = ExploreForm({"period": "all", **asked}, now=NOW)
    question = form.question()
    return exploration(question, question.asked.period, Links(question.asked.period))


def two_models(folder: Path) -> None:
    read(folder, working_session("a"), working_session("b", 3, model="claude-opus-4-6"))


def test_groups_add_up_to_the_whole(tmp_path: Path) -> None:
    two_models(tmp_path)
    found = explored(metric="session_cost", by="model")
    assert len(found.rows) == 2
    assert found.whole.value == overview(EVER).usage.cost_usd
    assert sum(row.value for row in found.rows) == found.whole.value
    assert sum(row.share for row in found.rows) == pytest.approx(100)
    assert [row.value for row in found.rows] == sorted((row.value for row in found.rows), reverse=True)


def test_a_ratio_of_the_period_is_no_average_of_its_days(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"), working_session("b", 3), working_session("c", 3))
    assert period_values("tool_success_rate", EVER) == {"": 50}
    assert period_values("tool_success_rate", EVER, group_by="tool") == {"Bash": 100, "Edit": 0}


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_is_explored_by_each_of_its_dimensions(
    name: str, tmp_path: Path, client: Client
) -> None:
    two_models(tmp_path)
    views = [("", view) for view in VIEWS] + [(by, "stacked") for by in metric(name).series_dimensions]
    for by, view in views:
        response = client.get(f"/explore?metric={name}&by={by}&view={view}&{MARCH}")
        assert response.status_code == 200, (by, view)


def test_the_week_holds_every_hour_of_a_flow(tmp_path: Path) -> None:
    two_models(tmp_path)
    found = explored(metric="session_tokens", view="heat", tz="Asia/Kolkata")
    cells = [(row.weekday, cell) for row in found.heat for cell in row.cells]
    assert len(cells) == 7 * 24
    assert sum(cell.value or 0 for _, cell in cells) == found.whole.value
    begun = [(START + timedelta(days=day)).astimezone(ZoneInfo("Asia/Kolkata")) for day in (0, 3)]
    assert {(day, cell.hour) for day, cell in cells if cell.value} == {(f"{at:%A}", at.hour) for at in begun}


def test_what_was_before_is_laid_over_what_is(tmp_path: Path) -> None:
    two_models(tmp_path)
    form = ExploreForm({"start": "2026-03-04", "end": "2026-03-06", "compare": "1"}, now=NOW)
    question = form.question()
    found = exploration(question, question.asked.period, Links(question.asked.period))
    assert found.chart is not None
    assert [dataset["label"] for dataset in found.chart["datasets"]] == ["Cost", "preceding period"]
    assert found.whole.change is not None
    assert found.whole.change.title.endswith("in the preceding period")


def test_small_groups_are_drawn_as_one_where_they_add_up() -> None:
    def groups(name: str) -> list[Series]:
        return [Series(metric(name), (Point(START, "2026-03-01", i),), f"g{i}") for i in range(10, 0, -1)]

    drawn, hidden = drawable(groups("session_tokens"))
    assert ([s.group for s in drawn][-1], drawn[-1].points[0].value, hidden) == ("other", 3 + 2 + 1, 0)
    drawn, hidden = drawable(groups("tool_success_rate"))
    assert (len(drawn), hidden) == (DRAWN_GROUPS, 3)


def test_what_cannot_be_is_said_and_the_nearest_shown(tmp_path: Path, client: Client) -> None:
    two_models(tmp_path)
    page = unescape(client.get("/explore?metric=nope&by=moon&step=never&view=cake").content.decode())
    for given in ("nope", "moon", "never", "cake"):
        assert f"“{given}” is no" in page
    page = unescape(client.get("/explore?metric=tool_success_rate&view=stacked").content.decode())
    assert "Tool success rate does not add up, so it is shown as lines." in page
    page = unescape(client.get("/explore?metric=session_cost&by=tool").content.decode())
    assert "Cost cannot be split by tool; shown whole." in page


def test_the_api_call_gives_the_same_numbers(tmp_path: Path, client: Client) -> None:
    two_models(tmp_path)
    page = client.get(f"/explore?metric=session_tokens&by=model&step=daily&{MARCH}").content.decode()
    drawn = json.loads(re.findall(r'<script id="chart-explore"[^>]*>(.*?)</script>', page, re.DOTALL)[0])
    address = unescape(re.findall(r'href="(/api/analytics/series[^"]*)"', page)[0])
    told = client.get(address).json()
    sums = {dataset["label"]: sum(dataset["data"]) for dataset in drawn["datasets"]}
    assert sum(sums.values()) == sum(item["value"] for item in told["items"]) > 0
    assert set(sums) == {item["metadata"]["model"] for item in told["items"]}


def test_an_empty_period_leads_to_the_latest_data(tmp_path: Path, client: Client) -> None:
    two_models(tmp_path)
    page = unescape(client.get("/explore?start=2025-01-01&end=2025-01-07").content.decode())
    assert "Nothing was recorded in this period." in page
    there = re.findall(r'href="(/explore\?[^"]*)"[^>]*>Show', page)[0]
    assert "Nothing was recorded" not in client.get(there).content.decode()


def test_without_any_session_it_says_so(client: Client) -> None:
    assert "Nothing has been read yet" in client.get("/explore").content.decode()


def test_recent_data_needs_no_words(tmp_path: Path, client: Client) -> None:
    read(tmp_path, working_session("a", (timezone.now() - samples.START).days - 1))
    assert "Nothing was recorded" not in client.get("/explore").content.decode()


def test_days_of_ones_own_are_a_click_from_a_preset(tmp_path: Path, client: Client) -> None:
    two_models(tmp_path)
    page = client.get("/explore?period=all&by=model").text
    address = unescape(re.search(r'id="period-custom" href="([^"]+)"', page)[1])  # type: ignore[index]
    assert 'id="start"' not in page
    there = client.get(address).text
    assert re.search(r'id="period-custom"[^>]* aria-current="true"', there)
    assert f'name="start" value="{START:%Y-%m-%d}"' in there
    assert '<option value="model" selected>' in there


def test_cost_per_task_without_a_task_lacks_no_price(tmp_path: Path, client: Client) -> None:
    two_models(tmp_path)
    for address in ("/explore?metric=cost_per_completed_task&period=all", "/explore/compare"):
        page = client.get(address).text
        assert "there is nothing to divide by" in page and ">unpriced<" not in page
