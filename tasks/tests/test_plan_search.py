"""What can be found of plans."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessions.models import SearchItem
from sessions.search.filling import empty_index
from sessions.search.finding import NEWEST, Filters, find
from sessions.search.query import parsed
from tasks.ingest import rebuild_plans
from tasks.plan_index import fill_plans
from tasks.plan_results import plan_results
from tasks.tests.plans import LATER, NOW, add, progress_file, sync, write

pytestmark = pytest.mark.django_db
PATH = "docs/project_plans/implementation_plans/features/oven-v1.md"


def found(query: str, **filters: object) -> list[tuple[str, str]]:
    asked = parsed(query)
    page = find(asked, Filters(**filters), sort=NEWEST, now=datetime(2026, 4, 1, tzinfo=UTC))  # type: ignore[arg-type]
    results = plan_results(page.hits, asked)
    return sorted((results[hit.id].kind, results[hit.id].title) for hit in page.hits)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plan = progress_file("OVEN-1 done", "OVEN-2 todo", title="Oven", feature_slug="oven-v1")
    write(tmp_path, {PATH: f"{plan}\n\nPreheat to a moderate warmth.\n"})
    add(tmp_path)
    sync()
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_documents_features_and_tasks_are_found() -> None:
    assert [kind for kind, _ in found("moderate warmth")] == ["document"]
    assert ("task", "Do OVEN-1") in found('"do oven-1"')
    assert "feature" in [kind for kind, _ in found("oven-v1")]


def test_changed_plans_are_found_as_they_are(folder: Path) -> None:
    write(
        folder, {PATH: (folder / PATH).read_text().replace("moderate", "gentle").replace("OVEN-2", "OVEN-9")}
    )
    sync(LATER)
    assert found('"moderate warmth"') == []
    assert [kind for kind, _ in found('"gentle warmth"')] == ["document"]
    assert ("task", "Do OVEN-2") not in found('"do oven-2"')
    assert ("task", "Do OVEN-9") in found('"do oven-9"')


def test_vanished_plans_are_found_no_more(folder: Path) -> None:
    (folder / PATH).unlink()
    sync(LATER)
    assert found("oven") == []


def test_an_unchanged_plan_is_not_indexed_again(folder: Path) -> None:
    before = set(SearchItem.objects.values_list("id", flat=True))
    (folder / PATH).touch()
    sync(LATER)
    rebuild_plans(NOW)
    assert set(SearchItem.objects.values_list("id", flat=True)) == before


@pytest.mark.usefixtures("folder")
def test_plans_read_before_the_index_are_filled_in() -> None:
    empty_index()
    assert found("oven") == []
    fill_plans()
    assert [kind for kind, _ in found("moderate warmth")] == ["document"]
