"""The API's answers about features and tasks: names, filters, pages, refusals, and what each one cost."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.tests.passkey_plans import NOW, project_with_plans, write_plans
from sessions.tests import samples as s
from tasks.models import Feature, Link, Phase, ProjectTask
from tasks.roots import add_manual_root
from telemetry_site.pipeline import sync
from telemetry_site.tests.filled import Kept

pytestmark = pytest.mark.django_db

SLUG = "passkey-login-v1"


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


@pytest.fixture(autouse=True, scope="class")
def plans(request: pytest.FixtureRequest, kept: Kept) -> Path:
    return kept.fill(request, project_with_plans)


@pytest.fixture
def second_project(plans: Path, tmp_path: Path) -> None:
    """The same plans again under another project."""
    add_manual_root(str(write_plans(tmp_path / "other")), "pump")
    sync([plans / "claude"], now=NOW)


def get(client: Client, path: str, **asked: Any) -> Any:
    response = client.get(f"/api/{path}", asked)
    assert response.status_code == 200, response.content
    return response.json()


def raw_ids(client: Client, **asked: Any) -> list[str]:
    return [task["rawId"] for task in get(client, "tasks", **asked)["items"]]


def test_tasks_in_the_order_of_their_plans(client: Client) -> None:
    assert raw_ids(client) == ["PK-001", "PK-002", "PK-003", "PK-004"]


def test_a_task_has_one_status_and_the_word_of_its_plan(client: Client) -> None:
    told = [(task["status"], task["statusRaw"]) for task in get(client, "tasks")["items"]]
    assert told == [
        ("done", "completed"),
        ("done", "done"),
        ("deferred", "deferred"),
        ("in-progress", "in_progress"),
    ]


def test_a_task_tells_its_dates_and_how_sure_they_are(client: Client) -> None:
    first, _, third, _ = get(client, "tasks")["items"]
    assert first["completedAt"] == "2026-03-01"
    assert first["dates"]["completedAt"] == {"value": "2026-03-01", "confidence": "high", "source": "task"}
    assert (third["completedAt"], third["dates"]["completedAt"]) == (None, None)
    assert (first["featureId"], first["phase"], first["owner"]) == (SLUG, "1", "ada")


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"status": "done"}, ["PK-001", "PK-002"]),
        ({"feature": SLUG, "phase": "2"}, ["PK-003", "PK-004"]),
        ({"feature": "nothing"}, []),
        ({"owner": "BEN"}, ["PK-004"]),
        ({"q": "keys delete"}, ["PK-003"]),
        ({"completed_start": "2026-03-02"}, ["PK-002"]),
        ({"completed_start": "2026-03-01", "completed_end": "2026-03-01"}, ["PK-001"]),
        ({"project": "engine", "kind": "task", "offset": 3}, ["PK-004"]),
        ({"limit": 1}, ["PK-001"]),
    ],
)
def test_filters_of_tasks(client: Client, asked: dict[str, Any], wanted: list[str]) -> None:
    assert raw_ids(client, **asked) == wanted


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("tasks", {"status": "finished"}, 400),
        ("tasks", {"completed_start": "soon"}, 400),
        ("tasks", {"completed_start": "2026-03-02", "completed_end": "2026-03-01"}, 400),
        ("tasks", {"colour": "red"}, 400),
        ("tasks", {"project": "nowhere"}, 404),
        ("tasks", {"limit": "0"}, 400),
        ("tasks/nothing", {}, 404),
        ("tasks/99999999999999999999", {}, 404),
        ("features", {"status": "completed"}, 400),
        ("features/nothing", {}, 404),
        ("features/nothing/linked-sessions", {}, 404),
        ("sessions/nobody/linked-features", {}, 404),
    ],
)
def test_what_cannot_be_is_refused(client: Client, path: str, asked: dict[str, str], status: int) -> None:
    response = client.get(f"/api/{path}", asked)
    assert response.status_code == status, response.content
    assert set(response.json()) == {"detail", "errors"}


def test_a_task_by_its_id_or_its_name(client: Client) -> None:
    task = ProjectTask.objects.get(raw_id="PK-001")
    by_id, by_name = get(client, f"tasks/{task.pk}"), get(client, "tasks/PK-001")
    assert by_id == by_name
    last = by_id["statusHistory"][-1]
    assert (last["status"], last["changedAt"], last["source"]) == ("done", "2026-03-01", "task")


def test_a_name_that_several_tasks_have_is_asked_by_id(client: Client, second_project: None) -> None:
    assert client.get("/api/tasks/PK-001").status_code == 400
    assert get(client, "tasks/PK-001", project="pump")["project"]["slug"] == "pump"


def test_features_with_phases_and_documents(client: Client) -> None:
    [feature] = get(client, "features")["items"]
    counted = ("totalTasks", "completedTasks", "deferredTasks", "progress")
    assert [feature[name] for name in counted] == [4, 3, 1, 75.0]
    phases = [(phase["phase"], phase["totalTasks"], phase["progress"]) for phase in feature["phases"]]
    assert phases == [("1", 2, 100.0), ("2", 2, 50.0)]
    assert {doc["docType"] for doc in feature["linkedDocs"]} == {"implementation_plan", "progress"}
    assert (feature["tokens"], feature["sessionCount"]) == (156, 1)


@pytest.mark.parametrize(
    ("asked", "count"),
    [({"q": "passkey"}, 1), ({"q": "billing"}, 0), ({"status": "in-progress"}, 1), ({"status": "done"}, 0)],
)
def test_filters_of_features(client: Client, asked: dict[str, str], count: int) -> None:
    assert get(client, "features", **asked)["total"] == count


def test_a_feature_with_its_tasks(client: Client) -> None:
    feature = get(client, f"features/{SLUG}")
    tasks = [[task["rawId"] for task in phase["tasks"]] for phase in feature["phases"]]
    assert tasks == [["PK-001", "PK-002"], ["PK-003", "PK-004"]]
    assert feature["tasksWithoutPhase"] == []
    assert [phase["outputTokens"] for phase in feature["phases"]] == [100, 50]
    assert feature == get(client, f"features/{feature['key']}")


def test_a_slug_of_several_projects_needs_one(client: Client, second_project: None) -> None:
    assert "project" in client.get(f"/api/features/{SLUG}").json()["errors"]
    assert get(client, f"features/{SLUG}", project="pump")["tokens"] == 0


def test_tasks_whose_phase_is_gone_are_still_told(client: Client) -> None:
    Phase.objects.filter(token="2").update(removed_at=NOW)
    feature = get(client, f"features/{SLUG}")
    assert [task["rawId"] for task in feature["tasksWithoutPhase"]] == ["PK-003", "PK-004"]


def test_sessions_of_a_feature_and_features_of_a_session(client: Client) -> None:
    [served] = get(client, f"features/{SLUG}/linked-sessions")["items"]
    assert (served["sessionId"], served["isPrimaryLink"], served["isSubthread"]) == (s.uid("a"), True, False)
    assert "command_path" in served["reasons"]
    assert served["tokens"] == served["tokensIn"] + served["tokensOut"]
    [feature] = get(client, f"sessions/{s.uid('a')}/linked-features")["items"]
    assert (feature["featureId"], feature["totalTasks"], feature["completedTasks"]) == (SLUG, 4, 3)
    assert feature["confidence"] == served["confidence"]
    assert get(client, f"sessions/{s.uid('b')}/linked-features")["items"] == []


@pytest.mark.parametrize(
    "path", ["tasks", "features", "features/passkey-login-v1/linked-sessions", "analytics/correlation"]
)
def test_the_number_of_queries_is_fixed(client: Client, path: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            get(client, path)
        return len(seen)

    few = queries()
    feature, task = Feature.objects.get(), ProjectTask.objects.first()
    assert task is not None
    for n in range(5):
        task.pk, task.raw_id = None, f"X-{n}"
        task.save()
        Feature.objects.create(
            project=feature.project, slug=f"f{n}", name=f"F{n}", first_seen_at=feature.first_seen_at
        )
        _link_another_session(n)
    assert queries() == few


def _link_another_session(n: int) -> None:
    """To what the linked session is linked to."""
    link = Link.objects.filter(feature__isnull=False, phase=None, task=None, commit="").first()
    assert link is not None
    session = link.session
    session.pk, session.public_id, session.native_id = 1000 + n, f"more-{n}", f"more-{n}"
    session.save()
    link.pk, link.session, link.is_primary = 1000 + n, session, False
    link.save()
