"""Clients written for the contract alone understand every answer, whatever was read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from telemetry_site.pipeline import sync
from telemetry_site.tests import reference_client as client
from telemetry_site.tests.asking import ask
from telemetry_site.tests.ledger import write_and_read

pytestmark = pytest.mark.django_db

LISTS = {
    "sessions?limit=200&include_subagents=true": client.page_of(client.SESSION | {"logs": [dict]}),
    "tasks?limit=200": client.page_of(client.TASK),
    "features?limit=200": client.page_of(client.FEATURE),
    "documents?limit=200": client.page_of(client.DOCUMENT),
    "projects?limit=200": client.page_of(client.PROJECT),
    "ingest/status?limit=200": client.INGEST,
    "analytics/overview": client.OVERVIEW,
    "analytics/overview?start=2026-03-01&end=2026-03-31&tz=Asia/Kolkata": client.OVERVIEW,
    "analytics/series?metric=session_cost": client.SERIES,
    "analytics/series?metric=tool_success_rate&period=weekly&group_by=tool": client.SERIES,
    "analytics/series?metric=total_tokens&period=hourly&start=2026-03-01&end=2026-03-03": client.SERIES,
    "analytics/correlation?limit=200": client.CORRELATION,
    "analytics/metrics": client.OLD_METRICS,
    "analytics/trends?metric=session_tokens": client.SERIES["items"],
    **{
        f"analytics/breakdown?dimension={by}": client.BREAKDOWN
        for by in ("model", "model_family", "session_type", "tool", "agent", "skill", "feature")
    },
}


def asked(address: str) -> Any:
    response = ask(f"/api/{address}")
    assert response.status_code == 200, (address, response.content[:500])
    return response.json()


@pytest.fixture(scope="module", params=["invented", "corpus"])
def read(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    with django_db_blocker.unblock():
        if request.param == "corpus":
            folder: Path = request.getfixturevalue("corpus")
            sync([folder / "claude"])
        else:
            write_and_read(tmp_path_factory.mktemp("read"))
        yield
        call_command("flush", interactive=False, verbosity=0)


@pytest.mark.parametrize("address", LISTS)
def test_lists_and_numbers(read: None, address: str) -> None:
    assert client.misfits(asked(address), LISTS[address])[:20] == []


def test_sessions_and_their_parts(read: None) -> None:
    for item in asked("sessions?limit=12&include_subagents=true&sort_by=tokens")["items"]:
        session = asked(f"sessions/{item['id']}")
        assert client.misfits(session, client.SESSION)[:20] == []
        timeline = asked(
            f"analytics/series?metric=session_tokens&period=point&session_id={item['id']}&limit=1000"
        )
        assert client.misfits(timeline, client.page_of(client.STEP))[:20] == []
        if timeline["items"] and timeline["total"] <= 1000:
            assert timeline["items"][-1]["value"] == session["tokensIn"] + session["tokensOut"]
        linked = asked(f"sessions/{item['id']}/linked-features")
        assert client.misfits(linked, client.page_of(client.LINKED_FEATURE))[:20] == []


def test_features_and_their_parts(read: None) -> None:
    for item in asked("features")["items"]:
        feature = asked(f"features/{item['key']}")
        assert (
            client.misfits(feature, client.FEATURE | {"phases": [client.PHASE | {"tasks": [client.TASK]}]})
            == []
        )
        sessions = asked(f"features/{item['key']}/linked-sessions")
        assert client.misfits(sessions, client.page_of(client.LINKED_SESSION))[:20] == []


def test_a_shape_finds_what_does_not_fit() -> None:
    """A check that cannot fail would be none."""
    shape = {"a": int, "b": [str | None], "c": client.text_of("x")}
    assert client.misfits({"a": 1, "b": [None, "t"], "c": "x"}, shape) == []
    faults = client.misfits({"a": True, "b": [1]}, shape)
    assert [fault.split(" is ")[0] for fault in faults] == ["answer has no c", "answer.a", "answer.b[0]"]
