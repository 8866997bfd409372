"""Rows as files: what stands in a cell, what a download says of itself, and which state of the data it shows."""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from sessions.exporting.definition import Export
from sessions.exporting.downloads import file_name, written
from sessions.exporting.writing import FORMATS
from sessions.tests.samples import prompt, reply, uid
from sessions.tests.transcripts import read
from telemetry_site.settings import SQLITE_OPTIONS

FORMULAS = ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


def export(*rows: dict[str, Any], columns: tuple[str, ...] = ("name", "cost")) -> Export:
    return Export("things", columns, lambda: iter(rows), lambda: len(rows))


def text(of: Export, form: str) -> str:
    return "".join(FORMATS[form](of, of.items()))


def table(of: Export) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(of, "csv"), newline="")))


def sent(client: Client, address: str, **headers: str) -> tuple[Any, str]:
    response = client.get(address, headers=headers)
    content = getattr(response, "streaming_content", None)
    return response, (b"".join(content) if content else response.content).decode()


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_starts_a_formula(formula: str) -> None:
    assert table(export({"name": formula, "cost": None}))[0]["name"] == f"'{formula}"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n,";'), max_size=40))
def test_every_text_comes_back_out_of_its_cell(name: str) -> None:
    cell = table(export({"name": name, "cost": None}))[0]["name"]
    assert cell.removeprefix("'") == name.removeprefix("'")
    assert not cell.startswith(("=", "+", "-", "@"))


def test_money_has_all_its_places_and_unknown_is_none_of_it() -> None:
    rows: list[dict[str, Any]] = [
        {"name": "a", "cost": Decimal("0.000000001")},
        {"name": "b", "cost": None},
        {"name": "c", "cost": -5},
    ]
    things = export(*rows)
    assert text(things, "csv") == "name,cost\r\na,0.000000001\r\nb,\r\nc,-5\r\n"
    lines = [json.loads(line, parse_float=Decimal) for line in text(things, "ndjson").splitlines()]
    assert lines == rows
    assert json.loads(text(things, "json"), parse_float=Decimal) == {"items": rows, "total": 3}
    assert text(export(), "json") and json.loads(text(export(), "json")) == {"items": [], "total": 0}


def test_objects_are_columns_in_a_table_and_objects_in_json() -> None:
    rows: list[dict[str, Any]] = [
        {"project": {"slug": "a", "id": 1}, "tools": ["x"], "left": 1},
        {"project": None, "tools": []},
    ]
    things = export(*rows, columns=("project.slug", "project.id", "tools"))
    assert text(things, "csv") == 'project.slug,project.id,tools\r\na,1,"[""x""]"\r\n,,[]\r\n'
    assert json.loads(text(things, "ndjson").splitlines()[0]) == {k: rows[0][k] for k in ("project", "tools")}


def test_cells_move_no_cursor() -> None:
    assert "\x1b" not in text(export({"name": "\x1b[2Jgone", "cost": None}), "csv")


def test_names_of_files_are_names_everywhere() -> None:
    things = Export("things", (), lambda: iter(()), lambda: 0, ("../../etc", 'a"b\r\nc', "", "x" * 500))
    assert file_name(things, "csv") == f"agent-ledger-things-etc-a-b-c-{'x' * 60}.csv"


@pytest.mark.django_db
def test_the_list_of_sessions_is_given_whole(client: Client, tmp_path: Path) -> None:
    letters = "abcdefgh"
    read(
        tmp_path,
        **{x: [prompt(f"{x}1", n, x, "=cmd()"), reply(f"{x}2", n + 1, x)] for n, x in enumerate(letters)},
    )
    response, body = sent(client, "/api/sessions?format=csv&start_date=2026-03-01&sort_order=asc")
    rows = list(csv.DictReader(io.StringIO(body, newline="")))
    assert [row["id"] for row in rows] == [uid(x) for x in letters]
    assert {row["title"] for row in rows} == {"'=cmd()"}
    assert response["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert (
        response["Content-Disposition"] == 'attachment; filename="agent-ledger-sessions-from-2026-03-01.csv"'
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    policy = response["Content-Security-Policy"]
    assert policy.startswith("sandbox") and "frame-ancestors 'none'" in policy
    assert "Accept" in response["Vary"]
    _, lines = sent(client, "/api/sessions", accept="application/x-ndjson")
    items = client.get("/api/sessions").json()["items"]
    for line, item in zip(map(json.loads, lines.splitlines()), items, strict=True):
        assert line == {name: item[name] for name in line}


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["text/csv", "*/*"])
@pytest.mark.parametrize(
    ("query", "named"),
    [("format=xml", "format"), ("format=csv&limit=5", "limit"), ("format=csv&status=odd", "status")],
)
def test_what_is_wrong_is_said_in_the_one_shape(client: Client, query: str, named: str, accept: str) -> None:
    response = client.get(f"/api/sessions?{query}", headers={"accept": accept})
    assert (response.status_code, response["Content-Type"]) == (400, "application/json")
    assert list(response.json()["errors"]) == [named]


@pytest.mark.django_db
def test_a_list_and_its_file_have_their_own_versions(client: Client, tmp_path: Path) -> None:
    read(tmp_path, a=[prompt("a1", 0, "a"), reply("a2", 1, "a")])
    tag = client.get("/api/sessions", headers={"accept": "application/json"})["ETag"]
    response, body = sent(client, "/api/sessions", **{"accept": "text/csv", "if-none-match": tag})
    assert (response.status_code, uid("a") in body) == (200, True)


@pytest.fixture
def two_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """Two connections to one database as the program has it: on SQLite that is a file, not the tests' memory."""
    one, two = connection.copy(), connection.copy()
    if connection.vendor == "sqlite":
        for user in (one, two):
            user.settings_dict |= {"NAME": tmp_path / "shared.sqlite3", "OPTIONS": SQLITE_OPTIONS}
        monkeypatch.setattr("sessions.exporting.snapshot.connection", one)
    else:
        one = connection
    with two.cursor() as cursor:
        cursor.execute("CREATE TABLE counted (n integer)")
    yield one, two
    one.close()
    with two.cursor() as cursor:
        cursor.execute("DROP TABLE counted")
    two.close()


@pytest.mark.django_db(transaction=True)
def test_a_file_shows_one_state_while_others_write(two_users: tuple[Any, Any]) -> None:
    one, two = two_users

    def add() -> None:
        with two.cursor() as cursor:
            cursor.execute("INSERT INTO counted VALUES (1)")

    def count() -> dict[str, Any]:
        with one.cursor() as cursor:
            return {"name": cursor.execute("SELECT count(*) FROM counted").fetchone()[0]}

    def rows() -> Iterator[dict[str, Any]]:
        for _ in range(3):
            yield count()
            add()

    file = Export("things", ("name",), rows, lambda: 3)
    assert "".join(written(file, "ndjson")) == '{"name": 0}\n' * 3
    assert count() == {"name": 3}
    given_up = written(file, "csv")
    assert [next(given_up), next(given_up)] == ["name\r\n", "3\r\n3\r\n3\r\n"]
    given_up.close()
    assert count() == {"name": 6}
