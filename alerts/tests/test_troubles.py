"""Rules that cannot be evaluated or take too long: told once, made up for, and in nobody's way."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection, transaction

from alerts import judging
from alerts.budget import OverBudget, limited
from alerts.models import AlertRule, Channel, Delivery, Notification
from alerts.tests.rules import calls, read, rule, spend, story, tick
from sessions.tests import samples

pytestmark = pytest.mark.django_db

START = samples.START
MINUTE = timedelta(minutes=1)
COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000000) SELECT count(*) FROM n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    spend(tmp_path, "old", 1, 0.5)
    read(tmp_path, START + MINUTE)
    return tmp_path


def fail(*_: object, **__: object) -> None:
    raise ArithmeticError("no such number")


@pytest.mark.parametrize("scope", ["session", "rolling", "daily"])
def test_trouble_is_told_after_three_times_in_a_row_and_once(
    root: Path, monkeypatch: pytest.MonkeyPatch, scope: str
) -> None:
    mail = Channel.objects.create(public_id="c", name="Ops", kind="email", target="ada@example.org")
    window = 3600 if scope == "rolling" else None
    broken = rule("Broken", scope=scope, channels=[mail], window_seconds=window)
    tick(START + 2 * MINUTE)
    with monkeypatch.context() as patched:
        patched.setattr(judging, "session_facts", fail)
        patched.setattr(judging, "replay", fail)
        spend(root, "dear", 600, 6.0)
        for minute in range(20, 26):
            read(root, START + minute * MINUTE)
            tick(START + minute * MINUTE)
            shown = Notification.objects.filter(event__rule=broken)
            assert shown.count() == Delivery.objects.count() == (minute > 20)
    [event] = broken.events.all()
    assert (event.from_state, event.to_state, event.reason) == ("ok", "error", "error")
    assert "3 times in a row" in event.message and "no such number" in event.message
    tick(START + 30 * MINUTE)
    broken.refresh_from_db()
    assert (broken.error, broken.error_count) == ("", 0)
    told = story(broken)
    assert ("01 10:10" if scope == "session" else "01 10:00", "firing", "threshold") in told
    assert told[-1][1:] == ("ok", "recovered") and len(told) == 3


def test_what_takes_too_long_is_stopped_and_the_others_go_on(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = rule("Slow", scope="rolling", window_seconds=86_400, threshold=Decimal(1))
    sound = rule("Sound")
    tick(START + 2 * MINUTE)
    spend(root, "dear", 600, 6.0)
    with monkeypatch.context() as patched:
        patched.setattr(judging, "SECONDS", 0.2)

        def endless(*given: object, **more: object) -> object:
            while True:
                more["check"]()  # type: ignore[operator]

        patched.setattr(judging, "replay", endless)
        report = tick(START + 3 * MINUTE)
        assert report.problems == []
        read(root, START + 20 * MINUTE)
    slow.refresh_from_db()
    assert slow.error == "It took longer than 0.2 s." and len(story(sound)) == 1
    tick(START + 21 * MINUTE)
    assert [state for _, state, _ in story(slow)] == ["firing"]


def count() -> None:
    with connection.cursor() as cursor:
        cursor.execute(COUNT)
        cursor.fetchall()


def count_within(seconds: float) -> None:
    with limited(seconds):
        count()


@pytest.mark.django_db(transaction=True)
def test_a_question_to_the_database_is_stopped_too() -> None:
    with pytest.raises(OverBudget, match=r"longer than 0\.1 s"):
        count_within(0.1)
    assert AlertRule.objects.count() == 0, "the connection can still be asked"
    with pytest.raises(OverBudget), transaction.atomic():
        count_within(0.1)
    with limited(5.0):
        assert AlertRule.objects.count() == 0


def test_tools_are_judged_again_after_trouble(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came while a rule could not be evaluated is judged for the time it belongs to."""
    failing = rule(
        "Tools", metric="tool_error_rate", scope="rolling", window_seconds=1800, threshold=Decimal(20),
        min_samples=4, group_by=["tool"],
    )  # fmt: skip
    tick(START + 2 * MINUTE)
    with monkeypatch.context() as patched:
        patched.setattr(judging, "replay", fail)
        calls(root, "a", 600, False, False, False, True)
        read(root, START + 20 * MINUTE)
    tick(START + 3 * timedelta(hours=1))
    assert [state for _, state, _ in story(failing)] == ["firing", "ok"]
