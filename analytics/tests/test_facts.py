"""The rows behind the numbers: they add up to the numbers, say where they stand, and leave whole as files."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.rollups import roll_up
from analytics.tests import passkey_plans as planned
from sessions.tests import samples as s
from tasks.linking import link_all
from tasks.roots import add_manual_root
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db

DAY = 86_400


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


@pytest.fixture
def work(tmp_path: Path) -> None:
    """Two days: a session with calls and a subagent, then one of a model without a price."""
    calls = [s.call("t1"), s.call("t2", "Edit", file_path="/a")]
    first = [
        s.prompt("p", 0),
        s.reply("r", 1, blocks=calls),
        s.answer("x", 2, "t1"),
        s.answer("y", 3, "t2", is_error=True),
    ]
    aside = [s.side(s.prompt("sp", 1), "abc"), s.side(s.reply("sr", 2), "abc")]
    second = [s.prompt("q", DAY, "b"), s.reply("u", DAY + 1, "b", model="acme-coder-1")]
    files = {s.main_path(): first, s.agent_path("abc"): aside, s.main_path("b"): second}
    s.write(tmp_path, {path: s.lines(records) for path, records in files.items()})
    sync([tmp_path])


def rows(client: Client, address: str) -> list[dict[str, Any]]:
    response: Any = client.get(f"/api/{address}{'&' if '?' in address else '?'}format=ndjson")
    assert response.status_code == 200, response.content
    lines = b"".join(response.streaming_content).decode().splitlines()
    return [json.loads(line, parse_float=Decimal) for line in lines]


def test_a_row_can_be_opened(client: Client, work: None) -> None:
    row = client.get("/api/responses", {"session": s.uid("a")}).json()["items"][0]
    assert (row["id"], row["lineNumber"], row["file"]) == ("msg_r", 2, s.main_path())
    line = client.get(f"/api/sessions/{row['entrySessionId']}/raw", {"seq": row["seq"]}).json()
    assert (line["file"], "msg_r" in line["text"]) == (row["file"], True)
    call = client.get("/api/tool-calls?tool=Bash").json()["items"][0]
    assert (call["id"], call["tool"], call["lineNumber"], call["model"]) == ("t1", "Bash", 2, s.MODEL)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["msg_r", "msg_sr", "msg_u"]),
        (f"session={s.uid('a')}", ["msg_r"]),
        ("model=acme-coder-1", ["msg_u"]),
        ("model=acme", []),
        ("project=engine&start=2026-03-01&end=2026-03-01", ["msg_r", "msg_sr"]),
        ("start=2026-03-02&tz=Asia/Kolkata", ["msg_u"]),
        ("start=2026-03-03", []),
    ],
)
def test_responses_are_found(client: Client, work: None, query: str, ids: list[str]) -> None:
    page = client.get(f"/api/responses?{query}").json()
    assert ([row["id"] for row in page["items"]], page["total"]) == (ids, len(ids))
    assert [row["id"] for row in rows(client, f"responses?{query}")] == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [("", ["t1", "t2"]), ("tool=Edit", ["t2"]), ("outcome=ok", ["t1"]), ("model=acme-coder-1", [])],
)
def test_calls_are_found(client: Client, work: None, query: str, ids: list[str]) -> None:
    assert sorted(row["id"] for row in client.get(f"/api/tool-calls?{query}").json()["items"]) == ids
    assert sorted(row["id"] for row in rows(client, f"tool-calls?{query}")) == ids


@pytest.mark.parametrize(
    ("address", "status", "named"),
    [
        ("responses?session=nobody", 404, None),
        ("responses?project=nobody", 404, None),
        ("responses?tool=Edit", 400, "tool"),
        ("tool-calls?outcome=odd", 400, "outcome"),
        ("tool-calls?start=then", 400, "start"),
    ],
)
def test_what_is_wrong_is_said(client: Client, address: str, status: int, named: str | None) -> None:
    response = client.get(f"/api/{address}")
    assert (response.status_code, list(response.json()["errors"])) == (status, [named] if named else [])


def test_unknown_money_is_null_and_pages_follow_one_another(client: Client, work: None) -> None:
    pages = [client.get(f"/api/responses?limit=1&offset={n}").json() for n in range(3)]
    assert [page["items"][0]["id"] for page in pages] == ["msg_r", "msg_sr", "msg_u"]
    assert pages[2]["items"][0]["cost"] is None
    assert [row["cost"] for row in rows(client, "responses")] == [Decimal("0.000189000")] * 2 + [None]


def test_queries_do_not_grow_with_rows(client: Client, work: None, tmp_path: Path) -> None:
    def asked(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    few = [asked(f"/api/{name}") for name in ("responses", "tool-calls")]
    more = [s.reply(f"m{n}", n, "c", blocks=[s.call(f"c{n}")]) for n in range(30)]
    s.write(tmp_path, {s.main_path("c"): s.lines(more)})
    sync([tmp_path])
    assert [asked(f"/api/{name}") for name in ("responses", "tool-calls")] == few


def test_rows_say_what_they_were_for(client: Client, tmp_path: Path) -> None:
    s.write(tmp_path, {s.main_path(): s.lines([s.prompt("p", 0, text=planned.command(1)), s.reply("r", 1)])})
    sync([tmp_path], now=planned.NOW)
    add_manual_root(str(planned.write_plans(tmp_path)), "engine")
    sync([tmp_path], now=planned.NOW)
    link_all()
    roll_up()
    served = rows(client, "responses")[0]
    assert served["featureId"] == "passkey-login-v1"
    features = {row["id"]: row for row in rows(client, "features")}
    assert features["passkey-login-v1"]["cost"] == served["cost"] is not None
    tasks, listed = rows(client, "tasks"), client.get("/api/tasks").json()["items"]
    assert [task["rawId"] for task in tasks] == [task["rawId"] for task in listed] != []
    documents = rows(client, "documents")
    assert [row["id"] for row in documents] == [
        row["id"] for row in client.get("/api/documents").json()["items"]
    ]
