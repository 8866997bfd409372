"""The API's description: complete, and every answer is what it describes."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from alerts.editing import create_rule
from alerts.models import Channel, Silence
from analytics.rollups import roll_up
from analytics.tests import passkey_plans as planned
from sessions.tests import samples as s
from tasks.linking import link_all
from tasks.models import Document
from tasks.roots import add_manual_root
from telemetry_site.api import urlpatterns
from telemetry_site.pipeline import sync
from telemetry_site.tests.filled import filled
from telemetry_site.tests.test_api_description import DESCRIBED

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("work")]
FORMATS = FormatChecker(("date", "uuid"))

# What is asked beside the bare address: what an endpoint needs, and what brings more kinds of answers out.
QUERIES = {
    "/api/sessions": ["", "include_subagents=true"],
    "/api/sessions/{session_id}/raw": ["seq=1"],
    "/api/analytics/overview": ["", "start=2026-03-01&end=2026-03-01"],
    "/api/analytics/series": [
        "metric=session_cost&group_by=model",
        f"metric=session_tokens&session_id={s.uid('a')}",
        "metric=cost_per_completed_task&period=monthly",
    ],
    "/api/analytics/breakdown": ["", "dimension=tool", "dimension=task"],
    "/api/responses": ["", "format=json"],
    "/api/tool-calls": ["", "outcome=ok"],
    "/api/analytics/trends": ["metric=session_tokens&end=2026-03-20&group_by=model"],
    "/api/documents": ["", "doc_type=progress"],
    "/api/search": ["q=reply", "q=passkey&sort=newest", "q=pro*+-nothing+->&kind=prompt"],
}
READ = sorted(
    (path, query)
    for path, methods in DESCRIBED["paths"].items()
    if "get" in methods and "application/json" in methods["get"]["responses"]["200"]["content"]
    for query in QUERIES.get(path, [""])
)


@pytest.fixture
def client() -> Client:
    """Names the host it asks for, which is checked before everything."""
    return Client(headers={"host": "localhost"})


@pytest.fixture(scope="module")
def work(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    with filled(django_db_blocker, lambda: fill(tmp_path_factory.mktemp("work"))):
        yield


def fill(folder: Path) -> None:
    """A session with a call, a subagent, and a model without a price; and plans that it served."""
    edit = s.call("toolu_1", "Edit", file_path=f"{s.CWD}/pump.py")
    main = [
        s.prompt("p", 0, text=planned.command(1)),
        s.reply("r", 1, blocks=[edit]),
        s.answer("x", 2, "toolu_1", detail={"structuredPatch": [{"lines": ["+a"]}]}),
        s.reply("y", 3, model="acme-coder-1"),
    ]
    side = [s.side(s.prompt("sp", 1), "abc"), s.side(s.reply("sr", 2), "abc")]
    s.write(folder, {s.main_path(): s.lines(main), s.agent_path("abc"): s.lines(side)})
    sync([folder], now=planned.NOW)
    add_manual_root(str(planned.write_plans(folder)), "engine")
    sync([folder], now=planned.NOW)
    link_all()
    roll_up()
    rule = {"metric": "session_cost", "aggregation": "sum", "threshold": Decimal(5)}
    Channel.objects.create(public_id="ops", name="Ops", kind="email", target="ada@example.org")
    Silence.objects.create(starts_at=planned.NOW, ends_at=planned.NOW + timedelta(days=1))
    create_rule({"public_id": "alert-cost", "name": "Dear", **rule}, [], now=planned.NOW)


def address(path: str, query: str) -> str:
    """Where an operation is asked; a document has no name of its own, only its key."""
    named = {
        "session_id": s.uid("a"),
        "feature_id": "passkey-login-v1",
        "task_id": "PK-001",
        "alert_id": "alert-cost",
        "notification_id": "1",
        "channel_id": "ops",
        "delivery_id": "1",
        "silence_id": Silence.objects.values_list("pk", flat=True).first(),
        "document_id": Document.objects.values_list("pk", flat=True).first(),
    }
    return f"{path.format_map(named)}?{query}"


def strict(schema: Any) -> Any:
    """The schema, with objects that have no field it does not name."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema else {}
    return {**{name: strict(part) for name, part in schema.items()}, **closed}


COMPONENTS = strict(DESCRIBED["components"])


def faults(path: str, method: str, code: int, body: Any) -> list[str]:
    """Where an answer is not what the operation describes."""
    answer = DESCRIBED["paths"][path][method]["responses"][str(code)]
    schema = answer["content"]["application/json"]["schema"] | {"components": COMPONENTS}
    checked = Draft202012Validator(schema, format_checker=FORMATS).iter_errors(body)
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in checked]


def test_every_endpoint_is_described_once() -> None:
    routes = {re.sub(r"<str:(\w+)>", r"{\1}", str(pattern.pattern)) for pattern in urlpatterns}
    bare = {f"/api/{route}" for route in routes if not route.endswith("/")}
    assert set(DESCRIBED["paths"]) == bare


def test_nothing_is_left_to_guess(capsys: pytest.CaptureFixture[str]) -> None:
    """The generator says where it had to guess a type or to invent a name."""
    described = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    assert described["openapi"].startswith("3.1")
    validate_schema(described)  # type: ignore[no-untyped-call]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("path", "query"), READ, ids=[f"{path}?{query}" for path, query in READ])
def test_answers_are_what_is_described(client: Client, path: str, query: str) -> None:
    response = client.get(address(path, query))
    assert response.status_code == 200, response.content
    assert faults(path, "get", 200, response.json()) == []


@pytest.mark.parametrize("path", [path for path in DESCRIBED["paths"] if "get" in DESCRIBED["paths"][path]])
def test_a_parameter_that_is_not_known_is_refused_by_name(client: Client, path: str) -> None:
    response = client.get(address(path, "flavour=sweet"))
    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["flavour"]
    assert faults(path, "get", 400, response.json()) == []


@pytest.mark.parametrize("path", DESCRIBED["paths"])
def test_other_methods_are_refused_and_the_right_ones_named(client: Client, path: str) -> None:
    known = {method.upper() for method in DESCRIBED["paths"][path]}
    known |= {"OPTIONS"} | ({"HEAD"} if "GET" in known else set())
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - known:
        for place in (address(path, ""), address(path, "").replace("?", "/?")):
            response = client.generic(method, place, "{}", "application/json")
            assert response.status_code == 405, (method, place)
            assert {name.strip() for name in response.headers["Allow"].split(",")} == known
            assert set(response.json()) == {"detail", "errors"}


@pytest.mark.parametrize(("path", "query"), READ, ids=[f"{path}?{query}" for path, query in READ])
def test_head_says_the_same_without_a_body(client: Client, path: str, query: str) -> None:
    response = client.head(address(path, query))
    assert (response.status_code, b"".join(response)) == (200, b"")


@pytest.mark.parametrize(("path", "query"), READ, ids=[f"{path}?{query}" for path, query in READ])
def test_a_slash_at_the_end_changes_nothing(client: Client, path: str, query: str) -> None:
    assert client.get(address(f"{path}/", query)).status_code == 200


@pytest.mark.parametrize("path", DESCRIBED["paths"])
@pytest.mark.parametrize("query", ["", "format=csv", "format=markdown"])
def test_what_may_be_asked_is_told_in_json(client: Client, path: str, query: str) -> None:
    """Whatever format the address answers in, and whatever one is asked for."""
    response = client.options(address(path, query))
    assert response.status_code in (200, 400, 404), response.content
    assert isinstance(response.json(), dict)
