"""Reading plans again and again: what is new, changed, moved or gone, and that nothing else is touched."""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions.models import ArchiveSegment, Project, SourceFile
from tasks import reading
from tasks.discovery import survey_plans
from tasks.ingest import rebuild_plans
from tasks.models import (
    ChecklistItem,
    Document,
    Feature,
    PlanProblem,
    PlanRoot,
    ProjectTask,
    StatusChange,
    UnknownStatus,
)
from tasks.roots import choose_checklists
from tasks.tests.plans import LATER, NOW, add, copied, progress_file, sync, write
from telemetry_site.verification import verify

pytestmark = pytest.mark.django_db

PROGRESS = ".claude/progress/export-orders/phase-1-progress.md"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The sample of requirements and progress files, as a project of which everything was read."""
    folder = copied("prd_progress", tmp_path)
    add(folder)
    sync()
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1_000_000))


def present() -> list[str]:
    rows = ProjectTask.objects.present().order_by("document__path", "position")
    return list(rows.values_list("raw_id", flat=True))


def digest(folder: Path) -> str:
    """Names, contents, and all times and modes of a tree."""
    found = sha256()
    for path in sorted(folder.rglob("*")):
        info = path.stat()
        body = path.read_bytes() if path.is_file() else b""
        told = (str(path), body, info.st_mtime_ns, info.st_ctime_ns, info.st_mode, info.st_ino)
        found.update(repr(told).encode())
    return found.hexdigest()


def test_everything_is_read_once(tree: Path) -> None:
    assert Document.objects.present().count() == 7
    assert present() == ["TASK-1.1", "TASK-1.2", "TASK-1.3", "TASK-1.1", "TASK-2.2", "DARK-1"]
    task = ProjectTask.objects.get(raw_id="TASK-1.1", phase__token="1")
    assert (task.completed_on, str(task.completed_at)) == (date(2026, 1, 13), "2026-01-14 04:30:00+00:00")
    assert (task.owner, task.estimate_hours, task.assigned_model) == ("python-engineer", 2.0, "sonnet")
    assert (task.feature and task.feature.slug, task.document.project_path) == ("export-orders-v1", PROGRESS)
    assert ChecklistItem.objects.count() == 2
    assert [(u.word, u.where, u.count) for u in UnknownStatus.objects.all()] == [("deviated", "task", 1)]
    assert PlanRoot.objects.get().layout == "prd-progress"


def test_reading_touches_no_file(tmp_path: Path) -> None:
    folder = copied("gsd", tmp_path)
    before = digest(folder)
    add(folder)
    sync()
    sync(LATER)
    assert digest(folder) == before


def test_an_unchanged_tree_is_neither_opened_nor_written(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "open", _refuse, raising=False)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        tally = sync(LATER)
    assert [q["sql"] for q in queries if not q["sql"].startswith("SELECT")] == []
    assert (tally.documents_json(), tally.problems) == (
        {"seen": 7, "created": 0, "updated": 0, "removed": 0},
        [],
    )


def _refuse(*_: object, **__: object) -> None:
    raise AssertionError("A file was opened.")


def test_a_touched_file_with_the_same_bytes_changes_no_document(tree: Path) -> None:
    os.utime(tree / PROGRESS)
    assert sync(LATER).documents["updated"] == 0
    assert survey_plans(LATER).is_empty


def test_a_changed_task_changes_and_its_history_grows(tree: Path) -> None:
    path = tree / ".claude/progress/export-orders/phase-2-progress.md"
    edit(path, "status: blocked", "status: completed")
    tally = sync(LATER)
    assert tally.documents_json() == {"seen": 7, "created": 0, "updated": 1, "removed": 0}
    assert tally.tasks_json() == {"seen": 6, "created": 0, "updated": 1, "removed": 0}
    task = ProjectTask.objects.get(raw_id="TASK-1.1", phase__token="2")
    changes = task.status_changes.values_list("status", "source", "confidence", "changed_at")
    assert list(changes) == [("blocked", "seen", "low", NOW), ("done", "seen", "medium", LATER)]


def test_a_written_date_dates_the_change(tree: Path) -> None:
    edit(tree / ".claude/progress/export-orders/phase-2-progress.md",
         "status: blocked", "status: completed, completed_at: 2026-02-14")  # fmt: skip
    sync(LATER)
    change = StatusChange.objects.filter(task__phase__token="2", task__raw_id="TASK-1.1").latest("id")
    assert (change.changed_at.date(), change.has_time) == (date(2026, 2, 14), False)
    assert (change.source, change.confidence) == ("task", "high")


def test_a_deleted_task_is_history_and_no_longer_counted(tree: Path) -> None:
    edit(tree / PROGRESS, "- id: TASK-1.3\n  title: Excel as well\n  status: deferred\n", "")
    assert sync(LATER).tasks_json() == {"seen": 5, "created": 0, "updated": 0, "removed": 1}
    gone = ProjectTask.objects.get(raw_id="TASK-1.3")
    assert (gone.removed_at, gone.status) == (LATER, "deferred")


def test_a_task_that_comes_back_is_the_same(tree: Path) -> None:
    text = (tree / PROGRESS).read_text()
    first = ProjectTask.objects.get(raw_id="TASK-1.3").pk
    edit(tree / PROGRESS, "- id: TASK-1.3\n  title: Excel as well\n  status: deferred\n", "")
    sync(LATER)
    (tree / PROGRESS).write_text(text)
    sync(LATER + timedelta(hours=1))
    again = ProjectTask.objects.get(raw_id="TASK-1.3")
    assert (again.pk, again.removed_at) == (first, None)


def test_a_deleted_file_takes_its_tasks_out_of_the_counts(tree: Path) -> None:
    (tree / ".claude/progress/quick-features/dark-header.md").unlink()
    tally = sync(LATER)
    assert (tally.documents["removed"], tally.tasks["removed"]) == (1, 1)
    assert Feature.objects.get(slug="dark-header").removed_at == LATER
    assert SourceFile.objects.get(path__endswith="dark-header.md").missing_since == LATER
    assert survey_plans(LATER).is_empty


def test_a_file_that_comes_back_is_the_same_document(tree: Path) -> None:
    path = tree / PROGRESS
    first, text = Document.objects.get(project_path=PROGRESS).pk, path.read_text()
    path.unlink()
    sync(LATER)
    path.write_text(text)
    sync(LATER)
    again = Document.objects.get(project_path=PROGRESS)
    assert (again.pk, again.removed_at) == (first, None)
    assert len(present()) == 6


@pytest.mark.parametrize("how", ["renamed", "renamed and edited", "copied and deleted"])
def test_a_renamed_file_keeps_its_identity(tree: Path, how: str) -> None:
    before = Document.objects.get(project_path=PROGRESS)
    tasks = set(before.tasks.values_list("pk", flat=True))
    old, new = tree / PROGRESS, tree / ".claude/progress/export-orders/phase-1-writer-progress.md"
    if how == "copied and deleted":
        new.write_bytes(old.read_bytes())
        old.unlink()
    else:
        old.rename(new)
    if how == "renamed and edited":
        edit(new, "title: Excel as well", "title: Excel too")
    tally = sync(LATER)
    assert tally.documents_json() == {"seen": 7, "created": 0, "updated": 1, "removed": 0}
    after = Document.objects.get(pk=before.pk)
    assert after.path.endswith("phase-1-writer-progress.md")
    assert set(ProjectTask.objects.present().filter(document=after).values_list("pk", flat=True)) == tasks
    assert after.source.previous_paths == [str(old)]


def test_another_file_on_a_freed_inode_is_another_document(tree: Path) -> None:
    old = tree / PROGRESS
    text = progress_file("OTHER-1 done", title="Something else")
    old.rename(tree / ".claude/progress/export-orders/phase-7-progress.md")
    (tree / ".claude/progress/export-orders/phase-7-progress.md").write_text(text)
    assert sync(LATER).documents_json() == {"seen": 7, "created": 1, "updated": 0, "removed": 1}


def test_two_files_that_change_names_keep_their_own_tasks(tree: Path) -> None:
    one, other = tree / PROGRESS, tree / ".claude/progress/export-orders/phase-2-progress.md"
    aside = tree / "aside"
    one.rename(aside)
    other.rename(one)
    aside.rename(other)
    sync(LATER)
    assert Document.objects.present().count() == 7
    assert len(present()) == 6


def test_a_renamed_feature_folder_is_the_same_feature(tmp_path: Path) -> None:
    folder = write(tmp_path / "p", {".claude/progress/old-name/phase-1-progress.md": progress_file("A done")})
    add(folder)
    sync()
    first = Feature.objects.get().pk
    (folder / ".claude/progress/old-name").rename(folder / ".claude/progress/new-name")
    sync(LATER)
    feature = Feature.objects.get()
    assert (feature.pk, feature.slug, feature.removed_at) == (first, "new-name", None)


def test_a_vanished_root_takes_nothing_away(tree: Path) -> None:
    """A disk that is not there says nothing about what is on it."""
    tree.rename(tree.with_name("elsewhere"))
    sync(LATER)
    assert PlanRoot.objects.get().missing_since == LATER
    assert len(present()) == 6
    assert survey_plans(LATER).is_empty
    tree.with_name("elsewhere").rename(tree)
    sync(LATER)
    assert PlanRoot.objects.get().missing_since is None


def test_projects_never_collide(tmp_path: Path) -> None:
    for name in ("one", "two"):
        add(copied("prd_progress", tmp_path / name), name)
    sync()
    assert sorted(Project.objects.values_list("name", flat=True)) == ["one", "two"]
    for project in Project.objects.all():
        assert project.tasks.count() == 6
        assert project.features.count() == 2


def test_a_broken_file_is_kept_and_listed(tmp_path: Path) -> None:
    broken = "---\nstatus: done\nnote: `tick`\ntasks:\n- id: A\n  status: done\n---\n"
    add(write(tmp_path / "p", {".claude/progress/x-work/phase-1-progress.md": broken}))
    sync()
    problem = PlanProblem.objects.get()
    assert (problem.path, problem.line, problem.reason) == (
        ".claude/progress/x-work/phase-1-progress.md",
        3,
        "broken_yaml",
    )
    assert (Document.objects.get().status, present()) == ("done", ["A"])
    edit(tmp_path / "p/.claude/progress/x-work/phase-1-progress.md", "note: `tick`", "note: tick")
    sync(LATER)
    assert not PlanProblem.objects.exists()


def test_a_file_that_cannot_be_read_is_tried_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(tree / PROGRESS, "status: deferred", "status: done")
    with monkeypatch.context() as patch:
        patch.setattr(reading, "open", _denied, raising=False)
        tally = sync(LATER)
    assert "could not be read: Permission denied" in tally.problems[0]
    assert sync(LATER).documents["updated"] == 1


def _denied(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_huge_file_is_known_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 20)
    add(write(tmp_path / "p", {"docs/plans/huge.md": "x" * 21}))
    sync()
    assert (Document.objects.get().title, PlanProblem.objects.get().reason) == ("huge", "too_long")


def test_the_choice_about_check_lists_is_followed(tmp_path: Path) -> None:
    root = add(copied("plain", tmp_path))
    sync()
    assert len(present()) == 3
    choose_checklists(root.project_id, "never")
    assert sync(LATER).tasks["removed"] == 3
    assert survey_plans(LATER).is_empty


def test_bytes_are_in_the_archive_and_everything_derives_from_it(tree: Path) -> None:
    assert ArchiveSegment.objects.count() == 7
    assert verify() == []
    before = _rows()
    Document.objects.update(facts={}, title="", facts_version=0)
    ProjectTask.objects.update(title="", status="backlog")
    for path in tree.rglob("*.md"):
        path.unlink()
    assert rebuild_plans(NOW) == 7
    assert _rows() == before


def _rows() -> list[Any]:
    documents = Document.objects.order_by("id").values_list("title", "status", "facts", "feature__slug")
    tasks = ProjectTask.objects.order_by("id").values_list("title", "status", "completed_on", "phase__token")
    return [*documents, *tasks]


def test_a_killed_run_leaves_a_project_as_it_was(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(tree / PROGRESS, "status: deferred", "status: done")
    with monkeypatch.context() as patch:
        patch.setattr("tasks.ingest.derive_project", _killed)
        with pytest.raises(KeyboardInterrupt):
            sync(LATER)
    assert ProjectTask.objects.get(raw_id="TASK-1.3").status == "deferred"
    assert sync(LATER).tasks["updated"] == 1


def _killed(*_: object) -> Iterator[None]:
    raise KeyboardInterrupt
