"""Two sides compared: each side's figures are those that series and overview tell, and unknown stays unknown."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.comparison import Side, comparison
from analytics.links import Links
from analytics.periods import Period
from analytics.selectors import overview
from analytics.series import period_values
from analytics.tests.ledger import read, working_session
from analytics.tests.passkey_plans import project_with_plans
from sessions.models import AgentSession

pytestmark = pytest.mark.django_db

OPUS = "claude-opus-4-5-20251101"
FIRST = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC), ZoneInfo("UTC"))
SECOND = Period(FIRST.end_at, FIRST.end_at + timedelta(days=2), FIRST.zone)
DATES = "a_start=2026-03-01&a_end=2026-03-01&b_start=2026-03-02&b_end=2026-03-03"


@pytest.fixture
def here() -> Client:
    return Client(headers={"host": "localhost"})


def compared(first: Side, second: Side) -> dict[str, Any]:
    found = comparison(first, second, links=Links(FIRST))
    return {row.metric.id: row for row in found.rows}


def test_each_side_has_the_figures_of_its_period(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"), working_session("b", 1), working_session("c", 2))
    rows = compared(Side(FIRST), Side(SECOND))
    for period, side in ((FIRST, "first"), (SECOND, "second")):
        figures = overview(period)
        assert getattr(rows["session_cost"], side) == figures.usage.cost_usd
        assert getattr(rows["session_count"], side) == figures.session_count
        assert getattr(rows["tool_success_rate"], side) == figures.tools.success_rate
    assert rows["session_count"].change.text == "+100\N{NO-BREAK SPACE}%"
    assert rows["session_count"].change.title == "from 1 to 2"


def test_two_models_of_one_period(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"), working_session("b", 0, model=OPUS))
    model = AgentSession.objects.exclude(model=OPUS).get().model
    rows = compared(Side(FIRST, model), Side(FIRST, OPUS))
    costs = period_values("session_cost", FIRST, group_by="model")
    assert (rows["session_cost"].first, rows["session_cost"].second) == (costs[model], costs[OPUS])
    assert "task_velocity" not in rows
    absent = compared(Side(FIRST, "no-such-model"), Side(FIRST, OPUS))
    assert absent["session_tokens"].first == 0
    assert absent["cache_hit_rate"].first is None


def test_more_sessions_are_no_more_queries(tmp_path: Path) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            comparison(Side(FIRST), Side(SECOND), links=Links(FIRST))
        return len(asked)

    read(tmp_path, working_session("a"), working_session("b", 1))
    few = queries()
    read(tmp_path, *(working_session(f"m{n}", n % 3, model=OPUS) for n in range(9)))
    assert queries() == few


def test_the_page_says_what_was_not_understood_and_what_differs(here: Client, tmp_path: Path) -> None:
    read(tmp_path, working_session("a"), working_session("b", 1))
    page = here.get(f"/explore/compare?{DATES}").text
    assert "different length, 1 and 2 days" in page
    assert "notice-warning" in here.get("/explore/compare?a_start=soon").text
    models = here.get(f"/explore/compare?b_model={OPUS}").text
    assert len(set(re.findall(r'_start" value="([\d-]+)"', models))) == 1


def test_sessions_and_the_features_they_served(here: Client, tmp_path: Path) -> None:
    project_with_plans(tmp_path)
    page = here.get("/explore/correlation", {"period": "all"}).text
    told = here.get("/api/analytics/correlation", {"limit": "50"}).json()
    assert page.count("<tr>") - 1 == told["total"] > 1
    sure = here.get("/explore/correlation", {"period": "all", "sure": "0.75"}).text
    surer = here.get("/api/analytics/correlation", {"min_confidence": "0.75"}).json()
    assert sure.count("<tr>") - 1 == surer["total"] < told["total"]
    address = re.findall(r'href="(/api/analytics/correlation[^"]*)"', sure)[0].replace("&amp;", "&")
    assert here.get(address).json()["total"] == surer["total"]


def test_without_links_it_is_said_where_plans_are(here: Client) -> None:
    assert "No session of this period" in here.get("/explore/correlation").text
    assert "Nothing has been read yet" in here.get("/explore/compare").text
