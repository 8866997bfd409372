"""The API's answers about documents: what they are, what they say, and what could not be understood in them."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions.models import ArchiveSegment
from tasks.models import Document
from tasks.roots import add_manual_root
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db

PLAN = """---
title: Cool the pump
doc_type: implementation_plan
feature_slug: cool-pump
status: in progress
updated: 2026-03-02
owner: ada
---
# Cool the pump

- [x] Measure
- [ ] Cool
"""
PROGRESS = """---
type: progress
feature_slug: cool-pump
phase: 1
tasks:
  - {id: C-1, title: Measure, status: completed}
  - {id: C-2, title: Cool, status: simmering}
---
"""
PLAN_PATH = "docs/project_plans/implementation_plans/cool-pump.md"


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


@pytest.fixture(autouse=True)
def plans(tmp_path: Path) -> None:
    for name, text in {PLAN_PATH: PLAN, ".claude/progress/cool-pump/phase-1-progress.md": PROGRESS}.items():
        path = tmp_path / "repo" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    add_manual_root(str(tmp_path / "repo"), "engine")
    sync([tmp_path / "claude"])


def get(client: Client, path: str, **asked: Any) -> Any:
    response = client.get(f"/api/{path}", asked)
    assert response.status_code == 200, response.content
    return response.json()


def one(client: Client, doc_type: str) -> Any:
    [found] = get(client, "documents", doc_type=doc_type)["items"]
    return get(client, f"documents/{found['id']}")


def test_the_last_updated_document_comes_first(client: Client) -> None:
    titles = [(d["docType"], d["updatedAt"]) for d in get(client, "documents")["items"]]
    assert titles[0] == ("implementation_plan", "2026-03-02")
    assert len(titles) == 2


def test_a_document_is_placed(client: Client) -> None:
    plan = one(client, "implementation_plan")
    assert (plan["title"], plan["filePath"], plan["owner"]) == ("Cool the pump", PLAN_PATH, "ada")
    assert (plan["status"], plan["statusRaw"]) == ("in-progress", "in progress")
    assert plan["featureId"] == "cool-pump"
    assert plan["hasFrontmatter"] is True


def test_its_text_is_the_file(client: Client) -> None:
    plan = one(client, "implementation_plan")
    assert plan["content"] == PLAN
    assert [(item["text"], item["isDone"]) for item in plan["checklist"]] == [
        ("Measure", True),
        ("Cool", False),
    ]


def test_its_tasks_and_unknown_words_are_told(client: Client) -> None:
    progress = one(client, "progress")
    assert [(t["rawId"], t["status"], t["statusRaw"]) for t in progress["tasks"]] == [
        ("C-1", "done", "completed"),
        ("C-2", "backlog", "simmering"),
    ]
    assert (progress["totalTasks"], progress["completedTasks"], progress["progress"]) == (2, 1, 50.0)
    assert progress["unknownStatuses"] == [{"word": "simmering", "where": "task", "count": 1}]


def test_a_text_that_the_archive_lost_is_unknown(client: Client) -> None:
    plan = Document.objects.get(doc_type="implementation_plan")
    ArchiveSegment.objects.filter(source=plan.source).update(data=b"not compressed")
    assert get(client, f"documents/{plan.pk}")["content"] is None


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"q": "cool pump"}, 2),
        ({"q": "warm"}, 0),
        ({"feature": "cool-pump", "phase": "1"}, 1),
        ({"status": "in-progress", "doc_type": "implementation_plan"}, 1),
        ({"include_progress": "false"}, 1),
        ({"owner": "ada"}, 1),
        ({"limit": 1, "offset": 1}, 2),
    ],
)
def test_filters(client: Client, asked: dict[str, Any], count: int) -> None:
    assert get(client, "documents", **asked)["total"] == count


@pytest.mark.parametrize("path", ["documents?status=ready", "documents?colour=red", "documents?limit=1001"])
def test_bad_filters_are_refused(client: Client, path: str) -> None:
    assert client.get(f"/api/{path}").status_code == 400


@pytest.mark.parametrize("key", ["0", "plan", "99999999999999999999"])
def test_an_unknown_document_is_not_found(client: Client, key: str) -> None:
    assert client.get(f"/api/documents/{key}").status_code == 404


def test_a_file_that_is_gone_is_listed_no_more(client: Client, tmp_path: Path) -> None:
    plan = Document.objects.get(doc_type="implementation_plan")
    (tmp_path / "repo" / PLAN_PATH).unlink()
    sync([tmp_path / "claude"])
    assert get(client, "documents")["total"] == 1
    assert get(client, f"documents/{plan.pk}")["removedAt"] is not None


def test_the_number_of_queries_is_fixed(client: Client, tmp_path: Path) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            get(client, "documents")
        return len(seen)

    few = queries()
    for n in range(4):
        (tmp_path / "repo" / f"docs/project_plans/implementation_plans/more-{n}.md").write_text(PLAN)
    sync([tmp_path / "claude"])
    assert queries() == few
