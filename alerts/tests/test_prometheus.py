"""What a scrape says of alerts."""

from pathlib import Path

import pytest
from django.test import Client

from alerts.models import Channel
from alerts.tests.rules import NOW, read, rule, spend
from sessions.tests import samples

pytestmark = pytest.mark.django_db


def test_a_scrape_counts_what_fires_and_what_waits(tmp_path: Path) -> None:
    spend(tmp_path, "old", 1, 0.5)
    read(tmp_path, samples.START)
    mail = Channel.objects.create(
        public_id="c", name="Ops", kind="email", target="ada@example.org", consecutive_failures=2
    )
    rule(channels=[mail], severity="critical")
    spend(tmp_path, "a", 600, 6.0)
    read(tmp_path, NOW.replace(hour=11))
    told = Client(headers={"host": "localhost"}).get("/metrics").text
    assert 'agent_ledger_alert_instances{severity="critical",state="firing"} 1.0' in told
    assert 'agent_ledger_alert_deliveries{channel="email",state="waiting"} 1.0' in told
    assert "agent_ledger_alert_channels_failing 1.0" in told
