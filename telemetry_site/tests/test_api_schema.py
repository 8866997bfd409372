"""The API's description: complete, and every answer is what it describes."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from analytics.rollups import roll_up
from analytics.tests import passkey_plans as planned
from sessions.tests import samples as s
from tasks.linking import link_all
from tasks.models import Document
from tasks.roots import add_manual_root
from telemetry_site.api import urlpatterns
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db

ONE = f"sessions/{s.uid('a')}"
ASKED = {
    "health": "health",
    "sessions": "sessions?include_subagents=true",
    "sessions/{session_id}": ONE,
    "sessions/{session_id}/entries": f"{ONE}/entries",
    "sessions/{session_id}/raw": f"{ONE}/raw?seq=1",
    "sessions/{session_id}/tree": f"{ONE}/tree",
    "sessions/{session_id}/files": f"{ONE}/files",
    "sessions/{session_id}/tools": f"{ONE}/tools",
    "projects": "projects",
    "ingest/status": "ingest/status",
    "analytics/overview": "analytics/overview?start=2026-03-01&end=2026-03-01",
    "analytics/series": "analytics/series?metric=session_cost&group_by=model",
    "analytics/breakdown": "analytics/breakdown?dimension=tool",
    "analytics/correlation": "analytics/correlation",
    "sessions/{session_id}/linked-features": f"{ONE}/linked-features",
    "tasks": "tasks",
    "tasks/{task_id}": "tasks/PK-001",
    "features": "features",
    "features/{feature_id}": "features/passkey-login-v1",
    "features/{feature_id}/linked-sessions": "features/passkey-login-v1/linked-sessions",
    "documents": "documents?doc_type=progress",
    "documents/{document_id}": "documents/{document}",
}


@pytest.fixture
def client() -> Client:
    """Names the host it asks for, which is checked before everything."""
    return Client(headers={"host": "localhost"})


@pytest.fixture
def described(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(client.get("/api/schema").content)
    return found


@pytest.fixture
def work(tmp_path: Path) -> None:
    """A session with a call, a subagent, and a model without a price; and plans that it served."""
    edit = s.call("toolu_1", "Edit", file_path=f"{s.CWD}/pump.py")
    main = [
        s.prompt("p", 0, text=planned.command(1)),
        s.reply("r", 1, blocks=[edit]),
        s.answer("x", 2, "toolu_1", detail={"structuredPatch": [{"lines": ["+a"]}]}),
        s.reply("y", 3, model="acme-coder-1"),
    ]
    side = [s.side(s.prompt("sp", 1), "abc"), s.side(s.reply("sr", 2), "abc")]
    s.write(tmp_path, {s.main_path(): s.lines(main), s.agent_path("abc"): s.lines(side)})
    sync([tmp_path], now=planned.NOW)
    add_manual_root(str(planned.write_plans(tmp_path)), "engine")
    sync([tmp_path], now=planned.NOW)
    link_all()
    roll_up()


def address(route: str) -> str:
    """Where a route is asked; a document has no name of its own, only its key."""
    return ASKED[route].format(document=Document.objects.values_list("pk", flat=True).first())


def test_every_endpoint_is_described_once(described: dict[str, Any]) -> None:
    routes = {re.sub(r"<str:(\w+)>", r"{\1}", str(pattern.pattern)) for pattern in urlpatterns}
    bare = {route for route in routes if not route.endswith("/")}
    assert {path.removeprefix("/api/") for path in described["paths"]} >= bare
    assert not [path for path in described["paths"] if path.endswith("/")]
    assert bare >= set(ASKED)


@pytest.mark.parametrize("route", ASKED)
def test_answers_are_what_is_described(
    client: Client, described: dict[str, Any], work: None, route: str
) -> None:
    response = client.get(f"/api/{address(route)}")
    assert response.status_code == 200, response.content
    answer = described["paths"][f"/api/{route}"]["get"]["responses"]["200"]
    schema = answer["content"]["application/json"]["schema"] | {"components": described["components"]}
    problems = [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}"
        for e in Draft202012Validator(schema).iter_errors(response.json())
    ]
    assert problems == []


@pytest.mark.parametrize("route", ASKED)
def test_no_answer_has_fields_that_are_not_described(
    client: Client, described: dict[str, Any], work: None, route: str
) -> None:
    answer = described["paths"][f"/api/{route}"]["get"]["responses"]["200"]
    name = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    known = described["components"]["schemas"][name]["properties"]
    body = client.get(f"/api/{address(route)}").json()
    assert set(body) == set(known)
    item = known.get("items", {}).get("items", {}).get("$ref", "")
    if item and body["items"]:
        fields = described["components"]["schemas"][item.rpartition("/")[2]]["properties"]
        assert set(body["items"][0]) <= set(fields)
