"""The session list by what sessions served."""

from pathlib import Path

import pytest

from analytics.tests.passkey_plans import project_with_plans
from sessions.tests.samples import uid
from tasks.models import Feature, Link, ProjectTask
from telemetry_site.tests.asking import ask

pytestmark = pytest.mark.django_db
FEATURE = "passkey-login-v1"


@pytest.fixture
def served(tmp_path: Path) -> None:
    """Session a carries out both phases of the feature; session b serves nothing planned."""
    project_with_plans(tmp_path)


def listed(query: str) -> list[str]:
    response = ask(f"/api/sessions?{query}")
    assert response.status_code == 200, response.content
    return [item["id"] for item in response.json()["items"]]


def test_by_feature(served: None) -> None:
    key = Feature.objects.get(slug=FEATURE).pk
    assert len(listed("")) == 2
    assert listed(f"feature={FEATURE}") == listed(f"feature={key}") == [uid("a")]
    Link.objects.filter(feature=key).update(state=Link.State.UNLINKED, is_primary=False)
    assert listed(f"feature={FEATURE}") == []


def test_by_task(served: None) -> None:
    link = Link.objects.filter(task__isnull=False).select_related("task").first()
    task = link.task if link else ProjectTask.objects.get(raw_id="PK-001")
    assert task is not None
    expected = [uid("a")] if link else []
    assert listed(f"task={task.pk}") == listed(f"task={task.raw_id}") == expected


@pytest.mark.parametrize(
    "query", ["feature=no-such-thing", "task=XX-404", "task=99999999", "project=nowhere"]
)
def test_what_does_not_exist_is_an_error(served: None, query: str) -> None:
    assert ask(f"/api/sessions?{query}").status_code == 404
