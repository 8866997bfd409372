"""Rules over what was read: when they fire, what they tell, and that looking again tells nothing more."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts.editing import change_rule
from alerts.models import AlertEvent, AlertInstance, AlertRule, EvaluationMark, Notification
from alerts.session_rules import session_facts
from alerts.tests.rules import LONG_AGO, NOW, calls, read, rule, spend, story, tick
from sessions.models import AgentSession, SyncRun
from sessions.tests import samples
from telemetry_site import pipeline

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
START = samples.START
HOURLY: dict[str, Any] = {"scope": "rolling", "window_seconds": 3600}
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(autouse=True)
def begun(root: Path) -> None:
    """An installation that has read before: what comes now is no first import."""
    spend(root, "old", 1, 0.5)
    pipeline.sync([root], now=START + MINUTE)


def test_a_dear_session_fires_once_at_the_response_that_passed_the_threshold(root: Path) -> None:
    dear = rule()
    for seconds in (600, 1200, 1800):
        spend(root, "a", seconds, 2.0)
    assert read(root, START + 40 * MINUTE) == {"evaluated": 1, "fired": 1}
    [event] = AlertEvent.objects.all()
    assert (event.from_state, event.to_state, event.reason) == ("ok", "firing", "threshold")
    assert event.event_time == START + 30 * MINUTE
    cost = AgentSession.objects.get(native_id=samples.uid("a")).cost_nano_usd
    assert cost and event.value == cost / Decimal(10**9)
    assert (event.threshold, event.rule_version, event.is_backfilled) == (5, 1, False)
    assert event.evidence["sessions"][0]["id"] == samples.uid("a")
    assert Client(headers={"host": "localhost"}).get(event.evidence["sessions"][0]["href"]).status_code == 200
    assert "$6.00" in event.message and "Go on" not in event.message
    assert Notification.objects.unread().count() == 1
    spend(root, "a", 2400, 2.0)
    assert read(root, START + 50 * MINUTE)["fired"] == 0
    tick(START + 50 * MINUTE)
    assert story(dear) == [("01 10:30", "firing", "threshold")]


def test_it_resolves_when_the_session_has_been_silent_and_does_not_fire_again(root: Path) -> None:
    dear = rule()
    spend(root, "a", 600, 6.0)
    read(root, START + 20 * MINUTE)
    tick(START + 69 * MINUTE)
    assert len(story(dear)) == 1
    tick(START + 2 * HOUR)
    spend(root, "a", 9000, 6.0)
    read(root, START + 3 * HOUR)
    tick(NOW)
    assert story(dear) == [("01 10:10", "firing", "threshold"), ("01 11:10", "ok", "session_ended")]


def test_a_sync_of_nothing_new_evaluates_nothing_and_writes_nothing(root: Path) -> None:
    rule()
    spend(root, "a", 600, 6.0)
    read(root)
    tick(NOW)
    with CaptureQueriesContext(connection) as queries:
        assert read(root) == {"evaluated": 0, "fired": 0}
    assert [q["sql"] for q in queries if q["sql"].lstrip().startswith(WRITES)] == []


def test_rules_of_a_project_see_its_sessions_alone(root: Path) -> None:
    spend(root, "a", 600, 6.0)
    samples.append(
        root,
        samples.main_path("b", "-home-ada-mill"),
        samples.lines(
            [
                samples.reply("b", 700, "b", tokens=samples.usage(500_000), cwd="/home/ada/mill"),
            ]
        ),
    )
    read(root)
    mill = rule("Mill", project="mill")
    every = rule("Every")
    tick(NOW)
    subjects = AlertInstance.objects.filter(rule=mill).values_list("subject", flat=True)
    assert list(subjects) == [samples.uid("b")]
    assert AlertInstance.objects.filter(rule=every).count() == 2


def test_history_is_recorded_and_not_announced(root: Path) -> None:
    spend(root, "a", 600, 6.0)
    read(root)
    late = rule(now=NOW)
    assert tick(NOW).fired == 1
    event = AlertEvent.objects.filter(rule=late).firings().get()
    assert event.is_backfilled
    assert not Notification.objects.unread().exists()
    assert Notification.objects.filter(is_read=True).exists()


def test_what_a_first_import_brings_is_history_however_young_it_is(tmp_path: Path) -> None:
    SyncRun.objects.all().delete()
    rule()
    spend(tmp_path, "a", 600, 6.0)
    assert read(tmp_path, START + 20 * MINUTE) == {"evaluated": 1, "fired": 1}
    assert AlertEvent.objects.get().is_backfilled


def test_a_day_passes_its_steps_and_ends_at_midnight(root: Path) -> None:
    budget = rule(
        "Budget", scope="daily", threshold=Decimal(10), steps=[Decimal(5), Decimal(8)], notify_resolved=False
    )
    for seconds, now in ((600, 15), (1500, 30), (2400, 45)):
        spend(root, "a", seconds, 4.0)
        read(root, START + now * MINUTE)
    tick(START + 14 * HOUR + 5 * MINUTE)
    assert [each[:2] for each in story(budget)] == [
        ("01 10:15", "firing"),
        ("01 10:15", "firing"),
        ("01 10:30", "firing"),
        ("02 00:00", "ok"),
        ("02 00:00", "ok"),
        ("02 00:00", "ok"),
    ]
    fired = AlertEvent.objects.firings().order_by("threshold")
    assert [(event.threshold, event.severity) for event in fired] == [
        (5, "warning"),
        (8, "warning"),
        (10, "warning"),
    ]
    assert fired[0].evidence["contributors"][0]["id"] == samples.uid("a")
    # At 10:30 there were 8.50 of 10 dollars, all of them in the last three hours.
    assert fired[0].message.endswith("; at this pace $10.00 will be passed at about 11:01")
    assert "pace" not in fired[2].message


def test_a_failing_tool_is_told_apart_from_one_that_works(root: Path) -> None:
    failing = rule(
        "Errors",
        metric="tool_error_rate",
        threshold=Decimal(20),
        group_by=["tool"],
        recovery_threshold=Decimal(10),
        **HOURLY,
    )
    calls(root, "a", 60, *[True] * 10, *[False] * 12)
    calls(root, "b", 60, *[True] * 30, tool="Read")
    calls(root, "c", 60, *[False] * 5, tool="Edit")
    read(root, START + 20 * MINUTE)
    [event] = AlertEvent.objects.all()
    assert event.instance.group == {"tool": "Bash"}
    assert (round(event.value or 0, 1), event.samples) == (Decimal("54.5"), 22)
    assert "tool Bash" in event.message
    tick(START + 2 * HOUR)
    assert story(failing) == [("01 10:00", "firing", "threshold"), ("01 11:00", "ok", "recovered")]
    assert Notification.objects.count() == 2, "its end is told as well"


def test_a_share_of_a_session_is_judged_once_it_is_over_without_another_line(root: Path) -> None:
    """Only the clock tells that it is: nothing is read meanwhile."""
    failing = rule("Failing", metric="tool_error_rate", threshold=Decimal(20))
    calls(root, "a", 600, *[False] * 20)
    assert read(root, START + 15 * MINUTE)["fired"] == 0
    assert tick(START + HOUR).fired == 0, "it may go on, and do better"
    assert tick(START + 2 * HOUR).fired == 1
    assert [told[1:] for told in story(failing)] == [("firing", "threshold"), ("ok", "session_ended")]
    assert tick(START + 3 * HOUR).evaluated == 0


def test_late_data_from_before_a_rule_was_made_counts_in_its_windows(root: Path) -> None:
    now = START + 2 * HOUR + 7 * MINUTE
    hourly = rule(now=now, **HOURLY)
    spend(root, "a", 7260, 4.0)
    read(root, now)
    assert story(hourly) == []
    spend(root, "b", 6600, 4.0)
    read(root, now + MINUTE)
    assert [state for _, state, _ in story(hourly)] == ["firing"]


def test_data_that_comes_late_is_judged_for_the_time_it_belongs_to(root: Path) -> None:
    hourly = rule("Hour", threshold=Decimal(5), **HOURLY)
    spend(root, "a", 600, 1.0)
    read(root, START + 20 * MINUTE)
    tick(START + 6 * HOUR)
    assert story(hourly) == []
    spend(root, "b", 3 * 3600, 6.0)
    assert read(root, START + 8 * HOUR)["fired"] == 1
    assert story(hourly) == [("01 13:00", "firing", "threshold"), ("01 14:00", "ok", "recovered")]
    assert set(AlertEvent.objects.values_list("is_late", flat=True)) == {True}
    assert AlertInstance.objects.get().state == "ok"
    assert read(root, START + 8 * HOUR)["fired"] == 0
    EvaluationMark.objects.create(kind="quarter", key=int((START + 3 * HOUR).timestamp()) // 900)
    assert tick(START + 9 * HOUR).fired == 0


def test_a_changed_rule_starts_afresh(root: Path) -> None:
    dear = rule()
    spend(root, "a", 600, 6.0)
    spend(root, "b", 700, 4.0)
    read(root, START + 20 * MINUTE)
    change_rule(dear, {"threshold": Decimal(3)}, None, now=START + 25 * MINUTE)
    tick(START + 26 * MINUTE)
    assert [(state, reason) for _, state, reason in story(dear)] == [
        ("firing", "threshold"),
        ("firing", "threshold"),
        ("firing", "threshold"),
        ("ok", "rule_changed"),
    ]
    assert AlertInstance.objects.firing().count() == 2
    spend(root, "c", 1800, 4.0)
    read(root, START + 40 * MINUTE)
    assert AlertEvent.objects.filter(is_backfilled=False, to_state="firing").count() == 2


def test_a_rule_that_is_off_is_not_looked_at(root: Path) -> None:
    rule(is_active=False)
    spend(root, "a", 600, 6.0)
    assert read(root) == {"evaluated": 0, "fired": 0}
    assert not EvaluationMark.objects.exists()


def test_a_rule_that_cannot_be_evaluated_says_so_and_the_others_go_on(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = rule("Broken", metric="session_tokens", threshold=Decimal(10)), rule("Sound")

    def fail(definition: Any, *given: Any, **more: Any) -> Any:
        if definition.metric == "session_tokens":
            raise ArithmeticError("no such number")
        return session_facts(definition, *given, **more)

    spend(root, "a", 600, 6.0)
    with monkeypatch.context() as patched:
        patched.setattr("alerts.judging.session_facts", fail)
        report = pipeline.sync([root], now=START + 20 * MINUTE)
    sentence = "The alert rule “Broken” could not be evaluated: ArithmeticError: no such number"
    assert report.problems == [sentence]
    broken.refresh_from_db()
    assert (broken.error, broken.error_count) == ("ArithmeticError: no such number", 1)
    assert len(story(sound)) == 1
    tick(START + 21 * MINUTE)
    broken.refresh_from_db()
    assert broken.error == ""


def test_a_kill_before_evaluation_is_made_up_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dear = rule()
    tick(START + MINUTE)
    spend(root, "a", 600, 6.0)

    def die(*args: object, **more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "evaluate", die)
        with pytest.raises(KeyboardInterrupt):
            read(root, START + 20 * MINUTE)
    assert story(dear) == []
    assert read(root, START + 21 * MINUTE)["fired"] == 1
    assert not EvaluationMark.objects.exists()


def test_many_rules_read_shared_data_once(root: Path) -> None:
    def queries_of(count: int) -> int:
        AlertRule.objects.all().delete()
        for n in range(count):
            rule(f"Day {n}", scope="daily", threshold=Decimal(100 + n), now=LONG_AGO)
        tick(START + HOUR)
        spend(root, f"s{count}", 3700 + count, 1.0)
        with CaptureQueriesContext(connection) as queries:
            assert read(root, START + HOUR + 10 * MINUTE)["evaluated"] == count
        return len([query for query in queries if '"sum_cost_nano_usd"' in query["sql"]])

    assert queries_of(6) == queries_of(2) == 1
