"""What older clients ask for: bare arrays of the same figures, and trends that are real."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from analytics.headlines import headlines, trend
from analytics.periods import ALL_TIME_END, ALL_TIME_START, Period
from analytics.tests import passkey_plans
from analytics.tests.ledger import read, working_session
from analytics.tests.test_api import client, get, refused  # noqa: F401  (client is a fixture)

pytestmark = pytest.mark.django_db

METRICS, TRENDS, SERIES = (f"/api/analytics/{name}" for name in ("metrics", "trends", "series"))
EVER = Period(ALL_TIME_START, ALL_TIME_END, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("recent", "before", "told"),
    [
        (2, 1, "up"),
        (1, 2, "down"),
        (Decimal("1.009"), 1, "stable"),
        (1.02, 1.0, "up"),
        (0, 0, "stable"),
        (1, 0, "up"),
        (0, 5, "down"),
        (None, 5, "stable"),
        (5, None, "stable"),
    ],
)
def test_a_trend_is_a_change_of_more_than_a_hundredth(recent: Any, before: Any, told: str) -> None:
    assert trend(recent, before) == told


def test_figures_are_those_of_the_overview_under_the_old_names(client: Client, tmp_path: Path) -> None:  # noqa: F811
    passkey_plans.project_with_plans(tmp_path)
    body = get(client, METRICS)
    kpis = get(client, "/api/analytics/overview")["kpis"]
    assert [(item["name"], item["unit"]) for item in body] == [
        ("Total Cost", "$"),
        ("Total Tokens", "tokens"),
        ("Sessions", "count"),
        ("Tasks Done", "count"),
        ("Completion", "%"),
    ]
    names = ("sessionCost", "sessionTokens", "sessionCount", "taskVelocity", "taskCompletionPct")
    assert [item["value"] for item in body] == [kpis[name] for name in names]
    assert body[3]["value"] == 3
    assert {item["trend"] for item in body} <= {"up", "down", "stable"}


def test_what_is_not_known_is_null(client: Client, tmp_path: Path) -> None:  # noqa: F811
    assert [item["value"] for item in get(client, METRICS)] == [0, 0, 0, None, None]
    read(tmp_path, working_session("a", model="acme-coder-1"))
    assert [item["value"] for item in get(client, METRICS)] == [None, 156, 1, None, None]


def test_trends_compare_the_last_thirty_days_with_those_before(tmp_path: Path) -> None:
    # The samples begin on 1 March: two sessions in the last 30 days before 31 March, one on 10 April.
    read(tmp_path, working_session("a"), working_session("b", day=1), working_session("c", day=40))
    at = {day: datetime(2026, *day, 12, tzinfo=UTC) for day in ((3, 20), (4, 20), (6, 1))}
    sessions = {day: headlines(EVER, now)[2].trend for day, now in at.items()}
    assert sessions == {(3, 20): "up", (4, 20): "down", (6, 1): "down"}
    until_march = Period(ALL_TIME_START, datetime(2026, 3, 31, tzinfo=UTC), ZoneInfo("UTC"))
    assert headlines(until_march, at[6, 1])[2].trend == "up"
    assert headlines(until_march, at[6, 1])[2].value == 2


def test_trends_are_the_points_of_the_series(client: Client, tmp_path: Path) -> None:  # noqa: F811
    read(tmp_path, working_session("a"), working_session("b", day=2))
    asked = {"metric": "session_cost", "period": "daily", "start": "2026-03-01", "end": "2026-03-04"}
    body = get(client, TRENDS, **asked)
    assert body == get(client, SERIES, **asked)["items"]
    assert [point["value"] for point in body] == pytest.approx([0.002328, 0, 0.002328, 0])
    assert get(client, TRENDS, **asked, offset=1, limit=2) == body[1:3]


def test_trends_are_held_to_the_same_rules_as_series(client: Client) -> None:  # noqa: F811
    for asked in ({}, {"metric": "x"}, {"metric": "session_cost", "period": "yearly"}):
        assert refused(client, TRENDS, **asked) == refused(client, SERIES, **asked)
    assert list(refused(client, METRICS, start="soon")) == ["start"]
    assert list(refused(client, METRICS, metric="session_cost")) == ["metric"]
    assert refused(client, METRICS, 404, project="nowhere") == {}
