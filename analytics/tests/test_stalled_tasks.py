"""Tasks that stand still: under way for seven days without a change of status or a session that worked on them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics.periods import BucketKind, Period
from analytics.series import series
from analytics.stalled_tasks import stalled_spells
from analytics.tests.planned import document, feature, link, read_sessions, task
from sessions.models import AgentSession
from sessions.scope import only
from tasks.models import ProjectTask, StatusChange

pytestmark = pytest.mark.django_db

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MONTH = Period(FIRST, FIRST + 30 * DAY, ZoneInfo("UTC"))


def turn(of: ProjectTask, day: int, status: str) -> None:
    StatusChange.objects.create(
        project=of.project,
        task=of,
        status=status,
        changed_at=FIRST + day * DAY,
        source="git",
        confidence="high",
    )


def stalled() -> list[object]:
    return [point.value for point in series("stalled_tasks", MONTH, BucketKind.DAILY)]


@pytest.fixture
def engine(tmp_path: Path) -> dict[str, AgentSession]:
    return read_sessions(tmp_path, "first", "second")


def test_a_task_stands_still_from_a_week_after_the_last_work_until_the_next(
    engine: dict[str, AgentSession],
) -> None:
    begun = task(feature(), document(), "T-1", "in-progress")
    turn(begun, 2, "in-progress")
    turn(begun, 20, "done")
    session = engine["first"]
    AgentSession.objects.filter(pk=session.pk).update(
        started_at=FIRST + 4 * DAY, ended_at=FIRST + 5 * DAY, source_missing=False
    )
    link(session, feature=begun.feature, task=begun)
    assert stalled() == [0] * 12 + [1] * 8 + [0] * 10
    [spell] = stalled_spells(None)
    assert (spell.begins_at, spell.ends_at) == (FIRST + 12 * DAY, FIRST + 20 * DAY)


def test_work_in_between_ends_a_spell_and_a_link_that_a_person_denied_does_not(
    engine: dict[str, AgentSession],
) -> None:
    begun = task(feature(), document(), "T-1", "review")
    turn(begun, 0, "in-progress")
    turn(begun, 9, "review")
    AgentSession.objects.update(started_at=FIRST + 18 * DAY, ended_at=FIRST + 18 * DAY)
    link(engine["first"], feature=begun.feature, task=begun)
    link(engine["second"], feature=begun.feature, task=begun, state="unlinked")
    assert [(each.begins_at - FIRST).days for each in stalled_spells(None)] == [7, 16, 25]
    assert stalled() == [0] * 7 + [1] * 2 + [0] * 7 + [1] * 2 + [0] * 7 + [1] * 5


def test_what_is_not_begun_or_is_done_does_not_stand_still(engine: dict[str, AgentSession]) -> None:
    for n, status in enumerate(("backlog", "blocked", "done", "deferred")):
        of = task(feature(f"f{n}"), document(f"docs/{n}.md"), f"T-{n}", status)
        turn(of, 0, status)
    assert stalled_spells(None) == [] and stalled() == [0] * 30


def test_by_feature_and_for_the_projects_asked_for(engine: dict[str, AgentSession]) -> None:
    begun = task(feature("ovens"), document(), "T-1", "in-progress")
    turn(begun, 0, "in-progress")
    points = series("stalled_tasks", MONTH, BucketKind.MONTHLY, group_by="feature")
    assert [(point.group, point.value) for point in points] == [("ovens", 1)]
    assert len(stalled_spells(only(begun.project_id))) == 1
    assert stalled_spells(only(begun.project_id + 1)) == []
