"""The flow of planned work: durations that plans tell, what stands still, and what no task explains."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.models import SessionUsage
from analytics.plans.flow import cycle_days, flow
from analytics.selectors import overview
from analytics.tests.passkey_plans import NOW, project_with_plans
from analytics.tests.test_plan_series import EVER
from tasks.models import Feature, ProjectTask

pytestmark = pytest.mark.django_db


def test_a_day_of_work_takes_a_day_and_nothing_ends_before_it_begins() -> None:
    march = [date(2026, 3, day) for day in range(1, 6)]
    pairs = [
        (march[0], march[0]),
        (march[0], march[4]),
        (march[1], march[0]),
        (None, march[0]),
        (march[0], None),
    ]
    assert cycle_days(pairs) == [1, 5]


def test_durations_are_of_those_whose_plans_tell_both_dates(tmp_path: Path) -> None:
    project_with_plans(tmp_path)
    begun = {"started_on": date(2026, 2, 27), "started_confidence": "high", "started_source": "task"}
    never = {"started_on": None, "started_at": None, "started_confidence": "", "started_source": ""}
    ProjectTask.objects.filter(raw_id="PK-001").update(completed_on=date(2026, 3, 1), **begun)
    ProjectTask.objects.filter(raw_id="PK-002").update(**never)
    _, tasks = flow(NOW).cycle_times
    assert (tasks.told, tasks.untold, tasks.median, tasks.low) == (1, 1, 3, None)


def test_what_no_task_explains_and_all_of_it(tmp_path: Path) -> None:
    project_with_plans(tmp_path)
    taskless, unplanned, whole = flow(NOW).spent
    assert whole.work.usage.cost_usd == overview(EVER).usage.cost_usd
    assert whole.share == 100
    assert (unplanned.share or 0) <= (taskless.share or 0) <= 100


def test_work_for_a_task_of_no_feature_is_planned(tmp_path: Path) -> None:
    project_with_plans(tmp_path)
    before = flow(NOW).spent[1].work.usage
    of_a_feature = SessionUsage.objects.exclude(feature=None)
    assert of_a_feature.update(feature=None, task=ProjectTask.objects.get(raw_id="PK-001"))
    assert flow(NOW).spent[1].work.usage == before


def test_tasks_that_stand_still_are_named_since_when(tmp_path: Path) -> None:
    project_with_plans(tmp_path)
    late = datetime.now(UTC) + timedelta(days=30)
    found = flow(late)
    assert [task.raw_id for task, _ in found.stalled] == ["PK-004"]
    assert found.stalled_count == 1
    ProjectTask.objects.filter(raw_id="PK-004").update(status="blocked")
    Feature.objects.update(status="blocked")
    found = flow(late)
    assert [task.raw_id for task in found.blocked.tasks] == ["PK-004"]
    assert len(found.blocked_features) == 1


def test_the_page_says_it_in_sentences_and_queries_do_not_grow(tmp_path: Path, client: Client) -> None:
    here = {"host": "localhost"}
    assert "Flow of work" in client.get("/features/flow", headers=here).text
    project_with_plans(tmp_path)
    with CaptureQueriesContext(connection) as few:
        page = client.get("/features/flow", headers=here).text
    assert "No plan says that something is blocked" in page and "Spent without a task" in page
    first = ProjectTask.objects.get(raw_id="PK-001")
    for n in range(40):
        first.pk, first.raw_id = None, f"MORE-{n}"
        first.save(force_insert=True)
    with CaptureQueriesContext(connection) as many:
        client.get("/features/flow", headers=here)
    assert len(many) == len(few)
