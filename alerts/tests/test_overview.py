"""What fires now: the gravest first however much fires, each with what its last firing said."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts import overview
from alerts.checking import firing_now
from alerts.overview import firing_rows
from alerts.tests.fired import FIRED_AT, fire, fired_rule

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def test_what_is_grave_is_shown_however_much_fired_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MOST_FIRING", 3)
    rule = fired_rule("budget")
    for n, severity in enumerate(["critical", "info", "warning", "info", "warning"]):
        fire(rule, subject=f"session-{n}", at=FIRED_AT + n * MINUTE, severity=severity)
    shown = [(row.instance.severity, row.instance.subject) for row in firing_rows()]
    assert shown == [("critical", "session-0"), ("warning", "session-4"), ("warning", "session-2")]
    assert [each.severity for each in firing_now()] == ["critical", *["warning"] * 3, *["info"] * 2]


def test_each_says_what_its_last_firing_said_and_reads_no_other() -> None:
    rule = fired_rule("budget")
    for n in range(1, 20):
        fire(rule, at=FIRED_AT + n * MINUTE, message=f"the {n}th time")
    with CaptureQueriesContext(connection) as asked:
        [row] = firing_rows()
    assert row.message == "the 19th time" == firing_now()[0].message
    assert len(asked) == 2
