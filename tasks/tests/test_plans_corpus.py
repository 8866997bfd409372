"""Real plans of three projects, held against counts that were made without this program."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sessions.models import Project
from sessions.scope import only
from tasks import selectors
from tasks.models import Document, Feature, PlanProblem, ProjectTask
from tasks.tests.plans import LATER, add, sync
from telemetry_site.tests.filled import Kept

pytestmark = pytest.mark.django_db

NAMES = ("skillmeat", "cipher-box", "agentv")


@pytest.fixture
def truth(corpus: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((corpus / "truth.json").read_text())["plans"]
    return found


@pytest.fixture(scope="class")
def all_read(request: pytest.FixtureRequest, kept: Kept, corpus: Path) -> None:
    def fill(_: Path) -> None:
        for name in NAMES:
            add(corpus / "plans" / name, name)
        sync()

    kept.fill(request, fill)


@pytest.fixture
def projects(all_read: None, db: None) -> dict[str, int]:
    """{name: project}, all three read."""
    return dict(Project.objects.filter(name__in=NAMES).values_list("name", "id"))


def test_documents_and_their_statuses_are_those_of_the_truth(
    projects: dict[str, int], truth: dict[str, Any]
) -> None:
    for name, project_id in projects.items():
        told = truth["trees"][name]
        documents = Document.objects.present().filter(project_id=project_id)
        assert documents.count() == told["md"]
        assert documents.filter(has_front_matter=True).count() == told["with_frontmatter"]
        statuses = documents.status_counts()
        statuses.pop("", None)
        assert statuses == told["status"]


def test_tasks_are_those_of_the_truth(projects: dict[str, int], truth: dict[str, Any]) -> None:
    told = truth["trees"]["skillmeat"]
    tasks = ProjectTask.objects.present().filter(project_id=projects["skillmeat"])
    assert (tasks.count(), told["tasks"]) == (993, 993)
    assert tasks.values("document").distinct().count() == told["files_with_tasks"] == 131
    assert tasks.raw_status_counts() == told["task_status"]
    per_file: dict[str, list[list[str]]] = {}
    for path, raw_id, status in tasks.order_by("document", "position").values_list(
        "document__path", "raw_id", "status_raw"
    ):
        per_file.setdefault(f"skillmeat/{path}", []).append([raw_id, status])
    assert per_file == {path: said["tasks"] for path, said in truth["per_file"].items() if said["tasks"]}


def test_completed_complete_and_deferred_are_terminal(projects: dict[str, int]) -> None:
    counts = selectors.task_counts(only(projects["skillmeat"]))
    assert counts.completed == 648 + 23 + 15
    assert counts.percent == pytest.approx(100 * 686 / 993)
    assert selectors.unknown_statuses(only(projects["skillmeat"]))[0][:2] == ("deviated", 1)


def test_broken_front_matter_is_listed_and_kept(projects: dict[str, int]) -> None:
    found = PlanProblem.objects.filter(reason__in=("broken_yaml", "merge_conflict"))
    assert [
        (p.root.project.name, p.line, p.document is not None) for p in found.order_by("root", "path")
    ] == [
        ("skillmeat", 2, True),
        ("cipher-box", 21, True),
        ("cipher-box", 14, True),
        ("cipher-box", 14, True),
        ("cipher-box", 29, True),
        ("cipher-box", 19, True),
    ]
    kept = Document.objects.get(path__endswith="marketplace-embedded-artifacts-v1.md")
    assert (kept.status_raw, kept.feature and kept.feature.slug) == (
        "completed",
        "marketplace-embedded-artifacts-v1",
    )


def test_plans_with_a_summary_are_done(projects: dict[str, int], corpus: Path) -> None:
    """Counted from the names of the files alone."""
    steps: dict[tuple[str, str], set[str]] = {}
    for path in (corpus / "plans/cipher-box").rglob("*.md"):
        if found := re.match(r"(\d[\d.]*?)(?:-(\d+))?-(PLAN|SUMMARY)(?:-(\d+))?\.md$", path.name):
            steps.setdefault((path.parent.name, f"{found[1]}-{found[2] or found[4]}"), set()).add(found[3])
    counts = selectors.task_counts(only(projects["cipher-box"]))
    assert counts.total == len(steps) == 97
    assert counts.done == sum("SUMMARY" in kinds for kinds in steps.values()) == 93
    assert counts.by_status["backlog"] == 4


def test_phases_of_the_roadmap_are_features(projects: dict[str, int], corpus: Path) -> None:
    lines = (corpus / "plans/cipher-box/.planning/ROADMAP.md").read_text()
    told = {token: mark == "x" for mark, token in re.findall(r"^- \[(.)\] \*\*Phase ([\d.]+):", lines, re.M)}
    features = Feature.objects.present().filter(project_id=projects["cipher-box"])
    phases = {phase.token: phase.feature.status for f in features for phase in f.phases.all()}
    assert {token for token, done in told.items() if done} <= {t for t, s in phases.items() if s == "done"}
    assert {token for token, done in told.items() if not done} <= {
        t for t, s in phases.items() if s == "backlog"
    }


def test_check_list_items_are_tasks_where_nothing_else_is(
    projects: dict[str, int], truth: dict[str, Any]
) -> None:
    told = truth["trees"]["agentv"]
    counts = selectors.task_counts(only(projects["agentv"]))
    assert (counts.total, counts.done) == (told["checkboxes_open"], told["checkboxes_done"])
    assert selectors.checklist_choice(projects["agentv"]).counted
    assert not selectors.checklist_choice(projects["skillmeat"]).counted


def front_matter_completions(folder: Path) -> Iterator[date]:
    """Days on which finished tasks were finished, by lines: a task's own day, else that of its file."""
    for path in folder.rglob("*.md"):
        front = re.match(r"---\n(.*?)\n---\n", path.read_text(encoding="utf-8", errors="replace"), re.S)
        if not front or not (block := re.search(r"^tasks:\n((?:[ -].*\n|\n)*)", front[1] + "\n", re.M)):
            continue
        whole = re.search(r"^completed(?:_at)?: ['\"]?(\d{4}-\d\d-\d\d)", front[1], re.M)
        for item in re.split(r"^(?= *- (?:\{ ?)?\"?id\"?:)", block[1], flags=re.M):
            if not re.search(r"\bstatus\"?: *[\"']?(?:completed|complete)\b", item):
                continue
            own = re.search(r"\bcompleted(?:_at|_date)?\"?: *['\"]?(\d{4}-\d\d-\d\d)", item)
            if day := own or whole:
                yield date.fromisoformat(day[1])


def test_weekly_velocity_is_what_the_files_say(projects: dict[str, int], corpus: Path) -> None:
    told = Counter(_monday(day) for day in front_matter_completions(corpus / "plans/skillmeat"))
    found: Counter[date] = Counter()
    for day, count in selectors.completions_by_day(projects=only(projects["skillmeat"])):
        found[_monday(day)] += count
    assert found == told
    assert sum(told.values()) > 300


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def test_a_second_sync_writes_nothing_and_opens_no_file(
    projects: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("tasks.reading.parse", lambda _layout, path, *_: opened.append(path))
    with CaptureQueriesContext(connection) as queries:
        tally = sync(LATER)
    assert [q["sql"] for q in queries if not q["sql"].startswith("SELECT")] == []
    assert tally.documents_json() == {"seen": 542, "created": 0, "updated": 0, "removed": 0}
    assert opened == []
    # As many as there are roots and projects, and not one for each of 542 documents.
    assert len(queries) < 100


def test_a_task_deleted_from_a_copy_lowers_the_count(corpus: Path, tmp_path: Path) -> None:
    source = corpus / "plans/skillmeat/.claude/progress/PRD-001-confidence-scoring"
    copy = tmp_path / ".claude/progress/PRD-001-confidence-scoring"
    shutil.copytree(source, copy, copy_function=shutil.copyfile)
    root = add(tmp_path, "copy")
    sync()
    before = selectors.task_counts(only(root.project_id))
    path = copy / "phase-0-spike-progress.md"
    path.chmod(0o644)
    text = path.read_text()
    path.write_text(re.sub(r"^tasks:\n(?:[ -].*\n)*", "tasks: []\n", text, flags=re.M))
    tally = sync(LATER)
    after = selectors.task_counts(only(root.project_id))
    assert (before.total - after.total, before.completed - after.completed) == (1, 1)
    assert tally.tasks["removed"] == 1
