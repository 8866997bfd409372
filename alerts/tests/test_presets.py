"""Presets about what is missing: each is silent while all is well, fires when it is not, and says so once."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.editing import create_rule
from alerts.models import AlertRule, Notification
from alerts.presets import PRESETS
from alerts.rule_input import rule_values
from alerts.serializers import RuleInput
from alerts.tests.rules import read, spend, story, tick
from analytics.models import ReadingLevel
from analytics.periods import quarter_of
from analytics.tests.planned import document, feature, task
from sessions.tests import samples
from tasks.models import StatusChange

pytestmark = pytest.mark.django_db

START = samples.START
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def made(preset: str, now: datetime = START - 30 * DAY) -> AlertRule:
    """The rule a preset makes, as the API reads it."""
    [found] = [each for each in PRESETS if each.id == preset]
    body = RuleInput(data=found.rule)
    assert body.is_valid(), body.errors
    values, _ = rule_values(dict(body.validated_data))
    return create_rule(values, [], now=now)


def looked(at: datetime, **levels: Any) -> None:
    """That somebody looked at the end of the quarter before a moment."""
    ReadingLevel.objects.create(
        quarter=quarter_of(at) - 1, observed_at=at, **{"lag_seconds": 0, "at_risk": 0} | levels
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    spend(tmp_path, "old", 1, 0.5)
    read(tmp_path, START + MINUTE)
    return tmp_path


def test_a_share_without_a_price_fires_above_a_twentieth(root: Path) -> None:
    rule = made("unpriced")
    # The priced session has some 33,000 tokens.
    for n, (tokens, fires) in enumerate(((500, False), (5_000, True))):
        used = samples.usage(tokens, input=0, read=0)
        reply = samples.reply(f"n{n}", 60 + n, "new", tokens=used, model="acme-unheard-of-1")
        samples.append(root, samples.main_path("new"), samples.lines([reply]))
        read(root, START + (20 + 20 * n) * MINUTE)
        assert (story(rule) != []) is fires
    [event] = rule.events.all()
    assert event.value is not None and 13 < event.value < 15
    assert "unpriced share" in event.message and event.evidence["contributors"]


def test_transcripts_that_wait_or_go_fire_and_end_when_they_are_read(root: Path) -> None:
    late, lost = made("sync-not-fresh"), made("transcripts-at-risk")
    looked(START + 15 * MINUTE)
    tick(START + 16 * MINUTE)
    assert story(late) == [] == story(lost)
    looked(START + 30 * MINUTE, lag_seconds=3_700, at_risk=2)
    tick(START + 31 * MINUTE)
    tick(START + 32 * MINUTE)
    assert story(late) == [("01 10:15", "firing", "threshold")] == story(lost)
    # An evaluation that comes before somebody looked says nothing of the quarter, and the next one makes up for it.
    tick(START + 46 * MINUTE)
    looked(START + 46 * MINUTE)
    tick(START + 47 * MINUTE)
    assert story(late)[1:] == [("01 10:30", "ok", "recovered")] == story(lost)[1:]
    tick(START + 5 * HOUR)
    assert len(story(late)) == 2, "that nobody looks is no news"
    assert Notification.objects.filter(event__rule=lost).count() == 2


def test_a_task_that_stands_still_fires_for_its_feature_and_ends_when_it_is_done(root: Path) -> None:
    rule = made("stalled-task")
    begun = task(feature("ovens"), document(), "T-1", "in-progress")
    for days, status in ((0, "in-progress"), (9, "done")):
        StatusChange.objects.create(
            project=begun.project,
            task=begun,
            status=status,
            changed_at=START + days * DAY,
            source="git",
            confidence="high",
        )
    tick(START + 6 * DAY)
    assert story(rule) == []
    tick(START + 7 * DAY + HOUR)
    assert story(rule) == [("08 10:00", "firing", "threshold")]
    assert "ovens" in rule.events.get().message
    tick(START + 9 * DAY + HOUR)
    assert story(rule)[1:] == [("10 10:00", "ok", "recovered")]
