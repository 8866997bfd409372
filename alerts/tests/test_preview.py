"""Preview and presets: what is shown before saving is what happens after."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.test import Client

from alerts.models import AlertEvent, AlertRule
from alerts.presets import PRESETS
from alerts.preview import preview
from alerts.representation import number
from alerts.tests.rules import calls, read, rule, spend, tick
from sessions.tests import samples

pytestmark = pytest.mark.django_db

START = samples.START.replace(hour=0)
DAY = timedelta(days=1)
DAYS = 18
HOURLY: dict[str, Any] = {"scope": "rolling", "window_seconds": 3600}
DAILY: dict[str, Any] = {"scope": "daily"}
# One of every kind of window, condition and way of speaking.
RULES: dict[str, dict[str, Any]] = {
    "session": {"threshold": Decimal(5)},
    "session tokens": {"metric": "session_tokens", "threshold": Decimal(300_000)},
    "session calls": {"metric": "tool_call_count", "threshold": Decimal(5)},
    "long session": {"metric": "session_duration", "threshold": Decimal(1000)},
    "hour": {"threshold": Decimal(4), **HOURLY},
    "hour by model": {"threshold": Decimal(3), "group_by": ["model"], **HOURLY},
    "waiting hour": {"threshold": Decimal(2), "for_seconds": 900, "keep_firing_seconds": 1800, **HOURLY},
    "budget": {"threshold": Decimal(10), "steps": [Decimal(5), Decimal(8)], **DAILY},
    "quiet day": {"metric": "session_count", "operator": "<", "threshold": Decimal(2), **DAILY},
    "failing tools": {
        "metric": "tool_error_rate",
        "threshold": Decimal(30),
        "recovery_threshold": Decimal(20),
        "min_samples": 4,
        "group_by": ["tool"],
        **HOURLY,
    },
    "less than usual": {
        "condition": "change",
        "operator": "<",
        "threshold": Decimal(-50),
        "baseline": "median_of_four",
        **DAILY,
    },
    "unusual": {"condition": "anomaly", "threshold": Decimal(4), **DAILY},
    "dear sessions": {"threshold": Decimal(4), "aggregation": "p90", **DAILY},
}


def invented_day(root: Path, day: int, random: Random) -> None:
    """A day of a few sessions, some dear, some with failing calls; every fifth day hardly anything."""
    for n in range(random.randint(2, 4) if day % 5 else 1):
        name, at = f"d{day}n{n}", day * 86_400 + random.randint(-36_000, 36_000)
        for step in range(random.randint(1, 3)):
            spend(root, name, at + 700 * step + 1, random.choice([0.4, 1.5, 3.0]) * (4 if day == 17 else 1))
        calls(root, name, at + 300, *[random.random() > 0.3 for _ in range(random.randint(2, 6))])


def of_events(rule: AlertRule) -> list[tuple[Any, ...]]:
    events = AlertEvent.objects.filter(rule=rule).select_related("instance")
    return sorted(
        (
            *(e.event_time, sorted(e.instance.group.items()), e.instance.subject, e.instance.limit),
            *(e.from_state, e.to_state, e.reason, number(e.value), number(e.threshold)),
        )
        for e in events
    )


def of_preview(rule: AlertRule, end: datetime) -> list[tuple[Any, ...]]:
    changes = preview(rule, START, end, end).transitions
    return sorted(
        (
            *(c.at, sorted(zip(rule.group_by, c.place[0], strict=True)), c.place[1], c.place[2]),
            *(str(c.before), str(c.after), str(c.reason)),
            *(None if c.value is None else float(round(c.value, 6)), float(round(c.threshold, 6))),
        )
        for c in changes
    )


def test_preview_tells_what_living_through_it_told(tmp_path: Path) -> None:
    """Every day is read as it ends, with ticks in between; then all of it is previewed at once."""
    random = Random(11)
    spend(tmp_path, "old", -90_000, 0.1)
    read(tmp_path, START - timedelta(hours=1))
    rules = [rule(name, now=START, **more) for name, more in RULES.items()]
    for day in range(DAYS):
        invented_day(tmp_path, day, random)
        tick(START + day * DAY + timedelta(hours=9, minutes=7))
        read(tmp_path, START + (day + 1) * DAY + timedelta(hours=2))
    end = START + (DAYS + 1) * DAY
    tick(end)
    lived = {each.name: of_events(each) for each in rules}
    assert {each.name: of_preview(each, end) for each in rules} == lived
    assert [name for name, changes in lived.items() if not changes] == []


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


def post(client: Client, body: dict[str, Any]) -> Any:
    return client.post("/api/analytics/alerts/preview", body, content_type="application/json")


DEAR = {"name": "Dear", "metric": "session_cost", "operator": ">", "threshold": 5}


def test_a_preview_by_api_says_how_often_and_suggests(client: Client, tmp_path: Path) -> None:
    for n in range(20):
        spend(tmp_path, f"s{n}", 600 * n, 6.0 if n < 2 else 1.0)
    read(tmp_path)
    asked = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"}
    body = post(client, {"rule": DEAR, **asked}).json()
    assert (body["fired"], body["notifications"], len(body["points"])) == (2, 2, 20)
    assert body["sentence"] == "Cost of a session is above $5.00"
    assert body["suggested"]["p95"] > 1 and body["limits"] == [5]
    assert not AlertRule.objects.exists() and not AlertEvent.objects.exists()
    hourly = post(client, {"rule": DEAR | {"scope": "rolling", "windowSeconds": 3600}, **asked}).json()
    assert [each["toState"] for each in hourly["transitions"]] == ["firing", "ok"]
    assert hourly["firingSeconds"] > 0
    assert {point["limit"] for point in body["points"] + hourly["points"]} == {5.0}
    odd = DEAR | {"scope": "daily", "condition": "anomaly"}
    assert {point["limit"] for point in post(client, {"rule": odd, **asked}).json()["points"]} == {None}


def test_what_cannot_be_previewed_is_refused_by_name(client: Client) -> None:
    errors = post(client, {"rule": DEAR | {"threshold": -1}}).json()["errors"]
    assert list(errors) == ["rule.threshold"]
    long = {"start": "2026-01-01T00:00:00Z", "end": "2026-05-01T00:00:00Z"}
    assert list(post(client, {"rule": DEAR, **long}).json()["errors"]) == ["start"]
    assert post(client, {}).status_code == 400


@pytest.mark.parametrize("preset", PRESETS, ids=[preset.id for preset in PRESETS])
def test_every_preset_can_be_made_and_evaluated(client: Client, preset: Any) -> None:
    made = client.post("/api/analytics/alerts", preset.rule, content_type="application/json")
    assert made.status_code == 201, made.content
    report = tick(samples.START)
    assert report.problems == []
    assert preset.id in [each["id"] for each in client.get("/api/analytics/alerts/presets").json()]
