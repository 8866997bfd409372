"""Every promise the tables make is one the database keeps."""

from datetime import date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from sessions.models import Project, SourceFile
from tasks.models import (
    ChecklistItem,
    Document,
    Feature,
    Phase,
    PlanRoot,
    ProjectTask,
    StatusChange,
    UnknownStatus,
)
from tasks.tests.plans import NOW

pytestmark = pytest.mark.django_db


class Rows:
    """One row of everything, and ways to add another."""

    def __init__(self) -> None:
        self.project = Project.objects.create(key="k", slug="k", name="k")
        self.root = PlanRoot.objects.create(project=self.project, path="/p")
        self.source = SourceFile.objects.create(path="/p/a.md", root="/p", relative_path="a.md", kind="plan")
        self.document = self.add_document()
        self.feature = self.add_feature()
        self.phase = Phase.objects.create(feature=self.feature, token="1")
        self.task = self.add_task()

    def add_document(self, **more: Any) -> Document:
        given = {"path": "a.md", "source": self.source} | more
        known: dict[str, Any] = {"project": self.project, "root": self.root, "doc_type": "prd"}
        return Document.objects.create(**known, **given, first_seen_at=NOW, changed_at=NOW)

    def add_feature(self, **more: Any) -> Feature:
        given = {"project": self.project, "slug": "export"} | more
        return Feature.objects.create(**given, canonical_slug="export", first_seen_at=NOW)

    def add_task(self, **more: Any) -> ProjectTask:
        given = {"project": self.project, "document": self.document, "raw_id": "T1"} | more
        return ProjectTask.objects.create(**given, first_seen_at=NOW)

    def add_change(self, **more: Any) -> StatusChange:
        given: dict[str, Any] = {"status": "done", "changed_at": NOW, "source": "seen", "confidence": "low"}
        return StatusChange.objects.create(project=self.project, **given | more)


@pytest.fixture
def rows() -> Rows:
    return Rows()


def refused(constraint: str, make: Any, **values: Any) -> None:
    """The database, not the code around it, refuses the row. SQLite names columns where it is a unique key."""
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        make(**values)
    said = str(error.value)
    assert constraint in said or "UNIQUE constraint failed" in said


def test_a_root_is_once_in_a_project(rows: Rows) -> None:
    refused("plan_root_once_per_project", PlanRoot.objects.create, project=rows.project, path="/p")


def test_a_document_is_once_in_a_root(rows: Rows) -> None:
    refused("document_once_per_root", rows.add_document, path="b.md")
    other = SourceFile.objects.create(path="/p/b.md", root="/p", relative_path="b.md", kind="plan")
    refused("document_path_once_per_root", rows.add_document, source=other)
    assert rows.add_document(source=other, removed_at=NOW).pk  # one that is gone is in nobody's way


def test_a_slug_is_once_in_a_project_and_not_empty(rows: Rows) -> None:
    refused("feature_slug_once_per_project", rows.add_feature)
    refused("feature_has_a_slug", rows.add_feature, slug="")
    other = Project.objects.create(key="o", slug="o", name="o")
    assert rows.add_feature(project=other).pk


def test_a_phase_is_once_in_a_feature_and_its_progress_a_percentage(rows: Rows) -> None:
    refused("phase_once_per_feature", Phase.objects.create, feature=rows.feature, token="1")
    for wrong in (-1, 101):
        values = {"feature": rows.feature, "token": "2", "claimed_progress": wrong}
        refused("phase_progress_is_a_percentage", Phase.objects.create, **values)


def test_a_task_is_once_at_its_place_and_has_an_id(rows: Rows) -> None:
    refused("task_once_per_place_in_document", rows.add_task)
    refused("task_has_an_id", rows.add_task, raw_id="")
    assert rows.add_task(occurrence=1).pk


def test_dates_of_a_task_say_how_sure_they_are(rows: Rows) -> None:
    day = date(2026, 1, 1)
    refused("task_completion_says_how_sure", rows.add_task, raw_id="T2", completed_on=day)
    refused("task_completion_says_how_sure", rows.add_task, raw_id="T2", completed_confidence="high")
    refused("task_start_says_how_sure", rows.add_task, raw_id="T2", started_on=day)
    moment = datetime.combine(day, NOW.timetz())
    refused("task_completion_time_has_a_day", rows.add_task, raw_id="T2", completed_at=moment)


def test_a_change_is_of_one_thing_and_told_once(rows: Rows) -> None:
    refused("status_change_of_one_thing", rows.add_change)
    refused("status_change_of_one_thing", rows.add_change, task=rows.task, feature=rows.feature)
    rows.add_change(task=rows.task)
    refused("status_change_once_per_task_moment", rows.add_change, task=rows.task)
    rows.add_change(feature=rows.feature)
    refused("status_change_once_per_feature_moment", rows.add_change, feature=rows.feature)


def test_details_of_a_document_are_once_at_their_place(rows: Rows) -> None:
    item = {"document": rows.document, "position": 0, "line": 1, "text": "x", "is_done": False}
    ChecklistItem.objects.create(**item)
    refused("checklist_item_once_per_place", ChecklistItem.objects.create, **item)
    word = {"document": rows.document, "where": "task", "word": "odd"}
    refused("unknown_status_was_seen", UnknownStatus.objects.create, **word, count=0)
    UnknownStatus.objects.create(**word, count=1)
    refused("unknown_status_once_per_word", UnknownStatus.objects.create, **word, count=2)
