"""A history in which every page has something to show: the demo, a session with every kind of card, and rules that
were evaluated over both.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from alerts.evaluation import evaluate
from alerts.models import AlertEvent, Channel, Delivery, Silence
from alerts.presets import PRESETS
from sessions.tests import samples as s
from telemetry_site.access.tokens import create_token
from telemetry_site.demo import write_demo
from telemetry_site.models import SavedView
from telemetry_site.pipeline import sync
from telemetry_site.tests.asking import ask
from telemetry_site.tests.test_inspector_browser import one_of_each

NOW = datetime(2026, 3, 20, 14, 5, tzinfo=UTC)
CARDS = s.uid("cards")
# Such as fire on the demo, and one that does not.
RULES: dict[str, dict[str, Any]] = {
    "alert-cost": {"threshold": 1},
    "daily-budget": {"threshold": 2, "steps": [1]},
    "session-tokens": {},
}


def write_and_read_world(folder: Path) -> None:
    """Write everything below the folder, read it, and name something of everything that people name."""
    write_demo(folder / "demo", now=NOW)
    s.append(folder / "claude", s.main_path("cards"), s.lines(s.forked(one_of_each("eyes"), "cards")))
    worker = [s.side(s.prompt("ew1", 15, text="# Look"), "eyes"), s.side(s.reply("ew2", 16), "eyes")]
    s.append(folder / "claude", s.agent_path("eyes", "cards"), s.lines(s.forked(worker, "cards")))
    sync([folder / "demo" / "claude", folder / "claude"], now=NOW)
    _make_rules()
    _name_things()


def _make_rules() -> None:
    bodies = {preset.id: preset.rule for preset in PRESETS}
    for name, more in RULES.items():
        answer = ask("/api/analytics/alerts", method="POST", body=bodies[name] | {"id": name} | more)
        assert answer.status_code == 201, answer.content
    evaluate(NOW)


def _name_things() -> None:
    channel = Channel.objects.create(
        public_id="ops", name="Ops", kind="webhook", target="https://hooks.example.org/a"
    )
    for event in AlertEvent.objects.all()[:2]:
        Delivery.objects.create(
            event=event, channel=channel, created_at=NOW, not_before=NOW, attempts=3, last_error="no route"
        )
    Silence.objects.create(starts_at=NOW, ends_at=NOW + timedelta(days=9999), comment="moving house")
    SavedView.objects.create(name="Failures", query="status=failed", created_at=NOW)
    create_token("laptop", ["read"])
    User.objects.create_user("ada")
