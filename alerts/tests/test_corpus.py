"""Rules over the corpus of real transcripts: exactly the sessions that cost more than the threshold, once each."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from alerts.evaluation import evaluate
from alerts.models import AlertEvent, Delivery, Notification
from alerts.tests.rules import rule
from sessions.models import AgentSession
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db

# After the last line of the corpus: what is still to come is not judged yet.
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def test_dear_sessions_fire_exactly_once(corpus: Path) -> None:
    dear = rule(threshold=Decimal(5))
    told = sync([corpus / "claude"], now=NOW).alerts
    above = AgentSession.objects.filter(cost_nano_usd__gt=5 * 10**9)
    expected = set(above.values_list("public_id", flat=True))
    fired = AlertEvent.objects.filter(rule=dear).firings()
    subjects = list(fired.values_list("instance__subject", flat=True))
    assert expected and sorted(subjects) == sorted(expected)
    assert told == {"evaluated": 1, "fired": len(expected)}
    for event in fired.select_related("instance__session"):
        session = event.instance.session
        assert session is not None and session.cost_nano_usd is not None
        assert event.value == round(Decimal(session.cost_nano_usd) / 10**9, 6)
        assert session.started_at and session.ended_at
        assert session.started_at <= event.event_time <= session.ended_at
        assert event.is_backfilled, "what is read for the first time is history"
    assert not Notification.objects.unread().exists() and not Delivery.objects.exists()
    before = AlertEvent.objects.count()
    assert sync([corpus / "claude"], now=NOW).alerts["fired"] == 0
    assert evaluate(NOW).fired == 0
    assert AlertEvent.objects.count() == before
