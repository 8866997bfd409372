"""The search as the page, the API and the command answer it."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sessions.tests.samples import answer, call, prompt, reply
from sessions.tests.transcripts import found, read

pytestmark = pytest.mark.django_db
NASTY = '<script>alert("x")</script> <img src=x onerror=alert(1)> {{ 7|add:7 }} zebra'


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


@pytest.fixture(autouse=True)
def talk(tmp_path: Path) -> None:
    """A prompt, a call and what it gave."""
    calls = reply("c", 10, blocks=[call("t1", "Bash", command="grep zebra")])
    read(tmp_path, a=[prompt("p", 0, text=NASTY), calls, answer("a", 11, "t1", content="a zebra crossing")])


def asked(client: Client, **given: str | int) -> dict[str, Any]:
    response = client.get("/api/search", given)
    assert response.status_code == 200, response.content
    body: dict[str, Any] = response.json()
    return body


def test_the_api_says_where_the_words_stand(client: Client) -> None:
    body = asked(client, q="crossing")
    [item] = body["items"]
    session = found()
    assert (body["total"], body["totalIsLowerBound"], body["kinds"]) == (1, False, {"tool_result": 1})
    assert (item["kind"], item["role"], item["tool"]) == ("tool_result", "tool", "Bash")
    assert (item["sessionId"], item["documentId"], item["featureId"]) == (session.public_id, None, None)
    assert item["snippet"] == [{"text": "a zebra ", "match": False}, {"text": "crossing", "match": True}]
    assert item["at"] == "2026-03-01T10:00:11.000Z"
    # A result is shown with its call, one line before.
    assert item["url"] == f"/sessions/{session.public_id}?at={item['entry'] - 1}#entry-{item['entry'] - 1}"


def test_the_api_pages_and_filters(client: Client) -> None:
    kinds = {"title": 1, "prompt": 1, "tool_input": 1, "tool_result": 1}
    assert asked(client, q="zebra")["kinds"] == kinds
    page = asked(client, q="zebra", offset=1, limit=2)
    assert (len(page["items"]), page["total"], page["offset"], page["limit"]) == (2, 4, 1, 2)
    assert asked(client, q="zebra", role="assistant")["kinds"] == {"tool_input": 1}
    assert asked(client, q="zebra", kind="prompt,tool_result", role="tool")["kinds"] == {"tool_result": 1}
    assert asked(client, q="zebra", tool="bash")["kinds"] == {"tool_input": 1, "tool_result": 1}
    assert asked(client, q="zebra", project="engine", session=found().public_id)["kinds"] == kinds
    assert asked(client, q="zebra", start="2026-03-02")["total"] == 0
    assert asked(client, q="zebra", end="2026-03-01", tz="Pacific/Auckland")["total"] == 4
    newest = asked(client, q="zebra", sort="newest", kind="prompt,tool_input,tool_result")["items"]
    assert [item["kind"] for item in newest] == ["tool_result", "tool_input", "prompt"]


@pytest.mark.parametrize(
    ("given", "status", "name"),
    [
        ({}, 400, "q"),
        ({"q": "-only"}, 400, "q"),
        ({"q": "ab*"}, 400, "q"),
        ({"q": "x", "kind": "prompt,joke"}, 400, "kind"),
        ({"q": "x", "role": "nobody"}, 400, "role"),
        ({"q": "x", "start": "soon"}, 400, "start"),
        ({"q": "x", "start": "2026-03-02", "end": "2026-03-01"}, 400, "end"),
        ({"q": "x", "tz": "Mars/Olympus"}, 400, "tz"),
        ({"q": "x", "limit": "101"}, 400, "limit"),
        ({"q": "x", "offset": "-1"}, 400, "offset"),
        ({"q": "x", "colour": "red"}, 400, "colour"),
        ({"q": "x", "project": "nowhere"}, 404, ""),
        ({"q": "x", "session": "nobody"}, 404, ""),
    ],
)
def test_bad_searches_get_a_sentence(client: Client, given: dict[str, str], status: int, name: str) -> None:
    response = client.get("/api/search", given)
    assert response.status_code == status
    body = response.json()
    assert body["detail"].endswith(".")
    assert not name or body["errors"][name][0].endswith(".")


@pytest.mark.parametrize(
    "words", ['"', "'", "a OR NEAR(b)", "%", "x AND", "a:b ^c {d}", "\\", "ﷺ 🙂 x", "\ud83d x"]
)
def test_no_words_break_it(client: Client, words: str) -> None:
    assert client.get("/api/search", {"q": words.encode("utf-8", "replace")}).status_code in (200, 400)
    assert client.get("/search", {"q": words.encode("utf-8", "replace")}).status_code == 200


def test_the_page_shows_words_as_text_only(client: Client) -> None:
    body = client.get("/search", {"q": "zebra"}).content.decode()
    assert "<mark>zebra</mark>" in body
    assert "<script>alert" not in body
    assert "<img" not in body
    assert "&lt;script&gt;alert" in body
    assert "{{ 7|add:7 }}" in body
    # What was asked comes back in the form, and in the title of the page.
    body = client.get("/search", {"q": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in body


def test_the_page_without_words_with_none_found_and_with_bad_filters(client: Client) -> None:
    assert "What are you looking for?" in client.get("/search").content.decode()
    assert "Nothing was found" in client.get("/search", {"q": "unicorn"}).content.decode()
    body = client.get("/search", {"q": "zebra", "session": "nobody", "tool": "Bash"}).content.decode()
    assert "There is no session “nobody”. This filter is left out." in body
    assert body.count('class="found-item"') == 2
    assert 'title="Remove this filter"' in body


def test_htmx_gets_the_results_alone_and_a_link_to_them(client: Client) -> None:
    response = client.get("/search", {"q": "zebra", "kind": ""}, headers={"hx-request": "true"})
    assert response.content.decode().lstrip().startswith('<div class="stack" id="results"')
    assert response["HX-Push-Url"] == "/search?q=zebra"


def test_every_page_has_the_box(client: Client) -> None:
    body = client.get("/sessions").content.decode()
    assert 'action="/search"' in body
    assert "data-search" in body


def test_statements_do_not_grow_with_results(
    client: Client, tmp_path: Path, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    asked(client, q="zebra")
    read(tmp_path, b=[prompt(f"b{n}", n, "b", text=f"zebra {n}") for n in range(15)])
    with django_assert_max_num_queries(14):
        assert len(asked(client, q="zebra", limit=30)["items"]) > 15


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("search", "zebra", "crossing")
    told = capsys.readouterr().out
    assert "a [zebra] [crossing]" in told
    assert found().public_id in told
    assert told.endswith("1 found.\n")
    call_command("search", "crossing", "--json", "--project", "engine", "--since", "2026-03-01")
    assert json.loads(capsys.readouterr().out)["total"] == 1
    for bad in (["ab*"], ["x", "--since", "soon"], ["x", "--kind", "joke"], ["x", "--project", "nowhere"]):
        with pytest.raises(CommandError, match=r"\.$"):
            call_command("search", *bad)
