"""The state of plans, kept per day: written once, brought up to date, and left alone when nothing changed."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from analytics.capture import capture, is_captured
from analytics.models import AnalyticsEntityLink, AnalyticsEntry
from analytics.tests.ledger import read as read_sessions
from analytics.tests.ledger import working_session
from analytics.tests.passkey_plans import NOW, PLANS, project_with_plans, write_plans
from sessions.models import Project
from tasks.models import Feature, ProjectTask
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db

PHASE_2 = ".claude/progress/passkey-login-v1/phase-2-progress.md"


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    project_with_plans(tmp_path)
    return tmp_path


def values(feature: Feature | None = None) -> dict[str, float]:
    return dict(AnalyticsEntry.objects.filter(feature=feature).values_list("metric", "value"))


def entities(metric: str, feature: Feature | None = None) -> set[tuple[str, int]]:
    links = AnalyticsEntityLink.objects.filter(entry__metric=metric, entry__feature=feature)
    return set(links.values_list("entity_type", "entity_id"))


def test_a_sync_writes_down_where_plans_are(plans: Path) -> None:
    wanted = {"open_tasks": 1, "task_completion_pct": 75, "feature_progress": 75}
    assert values() == values(Feature.objects.get()) == wanted
    assert set(AnalyticsEntry.objects.values_list("day", "captured_at")) == {(NOW.date(), NOW)}


def test_entries_say_what_was_counted(plans: Path) -> None:
    told = AnalyticsEntry.objects.get(metric="open_tasks", feature=None).metadata
    assert told == {"tasks": 4, "complete": 3, "statuses": {"deferred": 1, "done": 2, "in-progress": 1}}
    progress = AnalyticsEntry.objects.get(metric="feature_progress", feature=None).metadata
    assert progress == {"features": 1, "finished": 0}


def test_entries_are_linked_to_what_they_are_about(plans: Path) -> None:
    project, feature = Project.objects.get(), Feature.objects.get()
    opened = ("task", ProjectTask.objects.get(raw_id="PK-004").pk)
    assert entities("open_tasks") == {("project", project.pk), opened}
    assert entities("open_tasks", feature) == {("project", project.pk), ("feature", feature.pk), opened}
    assert entities("task_completion_pct") == {("project", project.pk)}


def test_a_second_sync_writes_nothing(plans: Path) -> None:
    before = list(AnalyticsEntry.objects.values_list())
    with CaptureQueriesContext(connection) as seen:
        sync([plans / "claude"], now=NOW + timedelta(hours=1))
    assert [q["sql"] for q in seen if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))] == []
    assert capture(NOW + timedelta(hours=1)) == 0
    assert list(AnalyticsEntry.objects.values_list()) == before


def test_a_change_on_the_same_day_has_the_last_word(plans: Path) -> None:
    keys = set(AnalyticsEntry.objects.values_list("pk", flat=True))
    write_plans(plans, {PHASE_2: PLANS[PHASE_2].replace("in_progress", "completed")})
    later = NOW + timedelta(hours=1)
    sync([plans / "claude"], now=later)
    assert values()["open_tasks"] == 0
    assert values()["task_completion_pct"] == 100
    assert entities("open_tasks") == {("project", Project.objects.get().pk)}
    assert set(AnalyticsEntry.objects.values_list("pk", flat=True)) == keys
    assert set(AnalyticsEntry.objects.values_list("captured_at", flat=True)) == {later}


def test_another_day_has_entries_of_its_own(plans: Path) -> None:
    tomorrow = NOW + timedelta(days=1)
    assert not is_captured(tomorrow)
    assert capture(tomorrow) == 6
    assert is_captured(tomorrow)
    assert AnalyticsEntry.objects.count() == 12


def test_what_left_the_plans_leaves_the_day(plans: Path) -> None:
    ProjectTask.objects.update(feature=None)
    capture(NOW)
    assert values(Feature.objects.get()) == {}
    assert values() == {"open_tasks": 1, "task_completion_pct": 75}


def test_without_plans_nothing_is_kept(tmp_path: Path) -> None:
    read_sessions(tmp_path, working_session())
    assert not AnalyticsEntry.objects.exists()


def test_an_entry_has_metadata(plans: Path) -> None:
    entry = AnalyticsEntry.objects.first()
    assert entry is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        AnalyticsEntry.objects.filter(pk=entry.pk).update(metadata={})


def test_a_project_has_one_entry_a_day(plans: Path) -> None:
    for entry in AnalyticsEntry.objects.filter(metric="open_tasks"):
        entry.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            entry.save()


def test_an_entry_is_linked_to_a_thing_once(plans: Path) -> None:
    link = AnalyticsEntityLink.objects.first()
    assert link is not None
    link.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        link.save()
