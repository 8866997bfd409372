"""What fires now: the gravest first however much fires, each with what its last firing said."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts import overview
from alerts.checking import firing_now
from alerts.overview import firing_rows, rule_rows
from alerts.tests.fired import FIRED_AT, fire, fired_rule
from alerts.tests.rules import read, rule, spend
from sessions.tests import samples

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def test_what_is_grave_is_shown_however_much_fired_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MOST_FIRING", 3)
    budget = fired_rule("budget")
    for n, severity in enumerate(["critical", "info", "warning", "info", "warning"]):
        fire(budget, subject=f"session-{n}", at=FIRED_AT + n * MINUTE, severity=severity)
    shown = [(row.instance.severity, row.instance.subject) for row in firing_rows()]
    assert shown == [("critical", "session-0"), ("warning", "session-4"), ("warning", "session-2")]
    assert [each.severity for each in firing_now()] == ["critical", *["warning"] * 3, *["info"] * 2]


def test_each_says_what_its_last_firing_said_and_reads_no_other() -> None:
    budget = fired_rule("budget")
    for n in range(1, 20):
        fire(budget, at=FIRED_AT + n * MINUTE, message=f"the {n}th time")
    with CaptureQueriesContext(connection) as asked:
        [row] = firing_rows()
    assert row.message == "the 19th time" == firing_now()[0].message
    assert len(asked) == 2


def test_a_rule_shows_how_its_figure_went_for_two_weeks(tmp_path: Path) -> None:
    """A value a day, the last of them now: of sessions the worst, of windows what was judged, unknown as a gap."""
    for day, dollars in ((0, 3.0), (0, 4.5), (12, 1.5)):
        spend(tmp_path, f"s{day}{dollars}", day * 86_400 + dollars, dollars)
    read(tmp_path, samples.START + timedelta(days=13))
    scopes: dict[str, dict[str, Any]] = {
        "session": {},
        "day": {"scope": "daily"},
        "week": {"scope": "rolling", "window_seconds": 7 * 86_400},
        "by model": {"scope": "daily", "group_by": ["model"]},
        "durations": {"metric": "tool_duration_p95", "scope": "rolling", "window_seconds": 3600},
    }
    made = {name: rule(name, **more) for name, more in scopes.items()}
    now = samples.START + timedelta(days=13, hours=1)
    with CaptureQueriesContext(connection) as asked:
        told = {row.rule.name: row.course for row in rule_rows(list(made.values()), now)}
    assert len(asked) < 15
    assert told["session"] == [4.5, *[None] * 11, 1.5, None]
    assert told["day"] == [7.5, *[0] * 11, 1.5, 0]
    assert told["week"] == [*[7.5] * 7, *[0] * 5, 1.5, 1.5]
    assert told["by model"] == told["day"]
    assert told["durations"] == []
