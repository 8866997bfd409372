"""Cost against completed tasks: the sums are those of the two metrics, and what plans do not tell is said."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from analytics.periods import BucketKind, Period
from analytics.plans.velocity import cost_and_velocity
from analytics.selectors import overview
from analytics.series import series
from analytics.tests.ledger import read, working_session
from analytics.tests.passkey_plans import project_with_plans

pytestmark = pytest.mark.django_db

FIVE_DAYS = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC), ZoneInfo("UTC"))
ASKED = "?period=custom&start=2026-03-01&end=2026-03-05"


def test_the_two_courses_add_up_to_the_figures_of_the_period(tmp_path: Path) -> None:
    project_with_plans(tmp_path)
    found, figures = cost_and_velocity(FIVE_DAYS), overview(FIVE_DAYS)
    assert found.cost_usd == figures.usage.cost_usd
    assert found.completed == figures.task_velocity == 2
    assert found.cost_usd is not None and found.cost_per_task == found.cost_usd / 2
    money, tasks = found.drawn.chart["datasets"]
    assert tasks["data"] == [point.value for point in series("task_velocity", FIVE_DAYS, BucketKind.DAILY)]
    assert (money["axis"], money["unit"]) == ("left", "USD")
    assert (tasks["axis"], tasks["unit"], tasks["type"]) == ("right", "count", "line")


def test_without_plans_velocity_is_unknown_not_zero(tmp_path: Path, client: Client) -> None:
    read(tmp_path, working_session("a"))
    found = cost_and_velocity(FIVE_DAYS)
    assert found.completed is None and found.cost_per_task is None
    page = client.get(f"/features/velocity{ASKED}", headers={"host": "localhost"}).text
    assert "nothing says how much was completed" in page and "<canvas" not in page


def test_a_period_without_completions_says_so(tmp_path: Path, client: Client) -> None:
    project_with_plans(tmp_path)
    quiet = Period(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 3, tzinfo=UTC), ZoneInfo("UTC"))
    found = cost_and_velocity(quiet)
    assert (found.completed, found.cost_per_task) == (0, None)
    asked = f"?period=custom&start={date(2026, 5, 1)}&end={date(2026, 5, 2)}"
    page = client.get(f"/features/velocity{asked}", headers={"host": "localhost"})
    assert "No task was completed in this period" in page.text


def test_the_dashboard_leads_to_it(tmp_path: Path, client: Client) -> None:
    project_with_plans(tmp_path)
    page = client.get(f"/{ASKED}", headers={"host": "localhost"}).text
    assert 'hx-get="/features/velocity?period=custom' in page
    region = client.get(
        f"/features/velocity{ASKED}", headers={"HX-Request": "true", "host": "localhost"}
    ).text
    assert "Cost per task" in region and "<html" not in region
