"""Sessions of projects without plans cost linking nothing."""

from pathlib import Path

import pytest

from sessions.models import AgentSession
from sessions.tests.samples import append, line, main_path, prompt, reply
from tasks.linking import link_due, mark_due
from tasks.models import LinkDue
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db


def test_sessions_without_plans_are_settled_unlooked_at(tmp_path: Path) -> None:
    append(tmp_path, main_path(), line(prompt("p", 1)) + line(reply("r", 2)))
    sync([tmp_path])
    mark_due(AgentSession.objects.values_list("id", flat=True))
    assert link_due().sessions == 0
    assert not LinkDue.objects.exists()
