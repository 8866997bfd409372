"""Which columns the list shows: those of the address, of this reader, or the usual ones; totals stand under theirs."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from sessions.list_columns import NAMES, USUAL, read_columns
from sessions.tests.samples import prompt, reply, side, uid
from sessions.tests.transcripts import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Client:
    return Client(headers={"host": "localhost"})


def headings(html: str) -> list[str]:
    head = html[html.index("<thead>") : html.index("</thead>")]
    return [
        re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<th[^>]*>(.*?)</th>", head, re.DOTALL)
    ]


def cells(html: str, part: str) -> list[int]:
    """How many cells each row of a part of the table has."""
    rows = re.findall(r"<tr.*?</tr>", html[html.index(f"<{part}>") : html.index(f"</{part}>")], re.DOTALL)
    return [len(re.findall(r"<t[hd][ >]", row)) for row in rows]


def two_sessions(folder: Path) -> None:
    read(
        folder,
        a=[prompt("a1", 0, "a", "Look"), reply("a2", 1, "a", output=30)],
        **{"a/abc": [side(prompt("s1", 2, "a"), "abc"), side(reply("s2", 3, "a", output=7), "abc")]},
    )


def test_names_are_read_in_any_order_and_each_once() -> None:
    assert read_columns(["started", " cost", "cost", ""]).names == ("cost", "started")
    assert read_columns(["none"]).names == ()
    assert read_columns(["cost", "colour"]).unknown == ("colour",)
    assert read_columns(USUAL).is_usual


@pytest.mark.parametrize("asked", ["", "cost,ended", "none", ",".join(NAMES)])
def test_every_row_has_a_cell_for_every_heading(here: Client, tmp_path: Path, asked: str) -> None:
    read(tmp_path, a=[prompt("a1", 0, "a", "Look"), reply("a2", 1, "a")])
    html = here.get("/sessions", {"columns": asked} if asked else {}).text
    assert {*cells(html, "tbody"), *cells(html, "tfoot")} == {len(headings(html))}


def test_a_choice_is_kept_for_this_reader_and_can_be_shared(here: Client, tmp_path: Path) -> None:
    read(tmp_path, a=[prompt("a1", 0, "a", "Look"), reply("a2", 1, "a")])
    chosen = here.post("/columns", {"columns": ["output", "cost"], "list": "q=Look&columns=model&page=1"})
    assert chosen["Location"] == "/sessions?q=Look&page=1"
    assert here.cookies[settings.COLUMNS_COOKIE_NAME]["httponly"]
    page = here.get(chosen["Location"]).text
    assert headings(page) == ["Session", "Cost", "Output"]
    assert "columns=cost%2Coutput" in page
    assert headings(here.get("/sessions", {"columns": "model"}).text) == ["Session", "Model"]
    here.post("/columns", {"columns": list(USUAL), "list": ""})
    assert len(headings(here.get("/sessions").text)) == len(USUAL) + 1


def test_an_unknown_column_is_said(here: Client, tmp_path: Path) -> None:
    read(tmp_path, a=[prompt("a1", 0, "a", "Look"), reply("a2", 1, "a")])
    assert "There is no column “&lt;b&gt;”" in here.get("/sessions", {"columns": "cost,<b>"}).text


def test_a_thread_opens_with_the_columns_of_its_list(here: Client, tmp_path: Path) -> None:
    two_sessions(tmp_path)
    assert f'hx-get="/sessions/{uid("a")}/thread?columns=' in here.get("/sessions").text
    rows = here.get(
        f"/sessions/{uid('a')}/thread", {"columns": "tokens"}, headers={"HX-Request": "true"}
    ).text
    assert rows.count("<tr") == 1 and rows.count("<td") == 1 and 'value="17"' not in rows
    assert "is-child depth-1" in rows
    assert here.get(f"/sessions/{uid('a')}/thread")["Location"] == f"/sessions/{uid('a')}/tree"
    flat = here.get("/sessions", {"include_subagents": "true"}).text
    assert len(cells(flat, "tbody")) == 2
