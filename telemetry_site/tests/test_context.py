"""The frame of a page costs little and says what the data is."""

from pathlib import Path

import pytest
from django.db import connection
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from analytics.tests.ledger import read, working_session
from sessions.models import Project
from telemetry_site.context import SiteState, program_version

pytestmark = pytest.mark.django_db


def site() -> SiteState:
    return SiteState(RequestFactory().get("/"))


def test_what_is_not_named_costs_nothing() -> None:
    with CaptureQueriesContext(connection) as captured:
        state = site()
        text = Template("{{ s.mode }} {{ s.version }}").render(Context({"s": state}))
    assert text == f"local {program_version()}"
    assert len(captured) == 0


def test_demo_and_freshness_are_asked_for_once(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    names = "{{ s.has_demo }}{{ s.sync_running }}{{ s.synced_at }}{{ s.data_until }}" * 2
    with CaptureQueriesContext(connection) as captured:
        Template(names).render(Context({"s": site()}))
    assert len(captured) == 2


def test_demo_is_told_by_its_projects(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    assert not site().has_demo
    Project.objects.update(is_demo=True)
    assert site().has_demo


def test_folders_are_told_with_whether_they_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", f"{tmp_path},{tmp_path / 'gone'}")
    assert [(Path(str(f["path"])).name, f["exists"]) for f in site().folders] == [
        (tmp_path.name, True),
        ("gone", False),
    ]
