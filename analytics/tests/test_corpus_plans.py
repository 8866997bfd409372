"""Real plans beside real transcripts: what is told of them equals what is counted in the files by other means."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from django.core.management import call_command

from analytics.correlation import CorrelationAsked, correlation
from analytics.models import AnalyticsEntry
from analytics.periods import ALL_TIME_END, ALL_TIME_START, BucketKind, Period
from analytics.plan_figures import plan_figures
from analytics.selectors import breakdown, overview
from analytics.series import series
from analytics.sums import Usage
from sessions.models import Project
from sessions.scope import only
from tasks.models import ProjectTask
from tasks.roots import add_manual_root
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db

EVER = Period(ALL_TIME_START, ALL_TIME_END, ZoneInfo("UTC"))
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
COMPLETE = {"completed", "complete", "deferred"}
DATED = ("completed_at", "completed", "completed_on", "completed_date", "date_completed")


@pytest.fixture(scope="module", autouse=True)
def read_once(corpus: Path, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Transcripts and plans, read once for the module and taken out of the database afterwards."""
    with django_db_blocker.unblock():
        sync([corpus / "claude"], now=NOW)
        for plans in sorted((corpus / "plans").iterdir()):
            add_manual_root(str(plans), plans.name)
        sync([corpus / "claude"], now=NOW)
        yield
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(scope="module")
def listed(corpus: Path) -> list[dict[str, Any]]:
    """Every task of the front matter of one project's files, as a YAML reader gives it."""
    found: list[dict[str, Any]] = []
    for path in sorted((corpus / "plans" / "skillmeat").rglob("*.md")):
        parts = path.read_text(encoding="utf-8").split("\n---", 1)
        try:
            front = yaml.safe_load(parts[0].removeprefix("---")) if parts[0].startswith("---") else None
        except yaml.YAMLError:
            continue
        tasks = front.get("tasks") if isinstance(front, dict) else None
        found += [task for task in tasks or [] if isinstance(task, dict)]
    return found


def skillmeat() -> int:
    return Project.objects.get(slug="skillmeat").pk


def monday(day: date) -> str:
    return (day - timedelta(days=day.weekday())).isoformat()


@pytest.mark.parametrize("dimension", ["feature", "phase", "task"])
def test_parts_and_the_rest_are_the_whole(dimension: str) -> None:
    split = breakdown(dimension, EVER)
    assert sum((row.usage or Usage() for row in split.rows), Usage()) == overview(EVER).usage
    for project in Project.objects.filter(features__isnull=False).distinct():
        mine = breakdown(dimension, EVER, projects=only(project.pk))
        assert mine.whole == overview(EVER, projects=only(project.pk)).usage


def test_some_work_is_attributed() -> None:
    rows = {row.name: row.usage or Usage() for row in breakdown("feature", EVER).rows}
    assert len(rows) > 1
    assert rows["(unattributed)"].all_tokens < overview(EVER).usage.all_tokens


def test_a_series_by_feature_adds_up() -> None:
    points = series("session_tokens", EVER, BucketKind.MONTHLY, group_by="feature")
    assert sum(int(point.value or 0) for point in points) == overview(EVER).usage.tokens


def test_correlation_names_every_session() -> None:
    page = correlation(CorrelationAsked(EVER), limit=1000)
    whole = overview(EVER)
    assert len({item.session.pk for item in page.items}) >= whole.session_count
    linked = [item for item in page.items if item.link]
    assert linked
    served = {item.session.pk for item in linked}
    rows = [row.usage or Usage() for row in breakdown("feature", EVER).rows if row.name != "(unattributed)"]
    assert sum((item.usage for item in linked), Usage()) == sum(rows, Usage())
    assert sum(item.session.pk in served and item.link is None for item in page.items) == 0


def test_completion_is_that_of_the_files(corpus: Path, listed: list[dict[str, Any]]) -> None:
    told = json.loads((corpus / "truth.json").read_text())["plans"]["trees"]["skillmeat"]
    complete = sum(told["task_status"][word] for word in COMPLETE)
    figures = plan_figures(EVER, projects=only(skillmeat()))
    assert figures.task_velocity == complete == sum(task.get("status") in COMPLETE for task in listed)
    assert figures.task_completion_pct == 100 * complete / told["tasks"]


def test_weeks_are_those_of_the_files(listed: list[dict[str, Any]]) -> None:
    wanted: Counter[str] = Counter()
    for task in listed:
        given = next((task[name] for name in DATED if task.get(name)), None)
        if given and task.get("status") in COMPLETE:
            wanted[monday(date.fromisoformat(str(given)[:10]))] += 1
    dated = ProjectTask.objects.present().completed().filter(project_id=skillmeat())
    rows = dated.filter(completed_on__isnull=False)
    assert wanted
    assert Counter(monday(task.completed_on) for task in rows.filter(completed_source="task")) == wanted
    weeks = series("task_velocity", EVER, BucketKind.WEEKLY, projects=only(skillmeat()))
    told = {point.bucket.label: point.value for point in weeks if point.value}
    assert told == dict(Counter(monday(task.completed_on) for task in rows))


def test_the_last_value_of_a_stock_is_the_state_of_today() -> None:
    for metric in ("task_completion_pct", "feature_progress"):
        last = series(metric, EVER, BucketKind.MONTHLY)[-1]
        assert last.value == getattr(plan_figures(EVER), metric)


def test_what_is_captured_is_what_is_told() -> None:
    for project in Project.objects.filter(features__isnull=False).distinct():
        entries = AnalyticsEntry.objects.filter(project=project, feature=None)
        stored = dict(entries.values_list("metric", "value"))
        figures = plan_figures(EVER, projects=only(project.pk))
        assert stored["task_completion_pct"] == figures.task_completion_pct
        assert stored["feature_progress"] == pytest.approx(figures.feature_progress)
