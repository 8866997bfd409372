from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sessions.models import AgentSession, SyncRun
from sessions.tests.samples import answer, call, prompt, record, reply, side, uid
from sessions.tests.transcripts import found, read

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"
TABS = (
    "detail",
    "timeline",
    "cost",
    "tools",
    "files",
    "tree",
    "artifacts",
    "impact",
    "events",
    "outline",
    "served",
)


@pytest.fixture
def client() -> Client:
    """A browser on this machine; hosts that are not served are refused."""
    return Client(headers={"host": "localhost"})


def page(client: Client, name: str, *args: Any, query: str = "", **headers: str) -> str:
    response = client.get(reverse(name, args=args) + query, headers=headers)
    assert response.status_code == 200, response.content[:500]
    return response.content.decode()


def some_sessions(root: Path, count: int = 2) -> None:
    letters = "abcdefghijklmnopqrst"[:count]
    read(
        root,
        **{
            letter: [prompt(f"{letter}1", n, letter, f"Task {letter}"), reply(f"{letter}2", n + 1, letter)]
            for n, letter in enumerate(letters)
        },
    )


def hostile_session(root: Path) -> AgentSession:
    """A session whose every text is an attack."""
    read(
        root,
        a=[
            prompt("a1", 0, "a", HOSTILE, gitBranch=HOSTILE, cwd=f"/home/{HOSTILE}"),
            reply("a2", 1, "a", model=HOSTILE, blocks=[{"type": "text", "text": HOSTILE}]),
            reply("a3", 2, "a", blocks=[{"type": "thinking", "thinking": HOSTILE}]),
            reply("a4", 3, "a", blocks=[call("t1", HOSTILE, file_path=HOSTILE, **{HOSTILE: HOSTILE})]),
            answer("a5", 4, "t1", "a", content=HOSTILE, is_error=True),
            record(HOSTILE, "a6", 5, "a"),
            record("system", "a7", 6, "a", subtype="api_error", error={"message": HOSTILE}),
            f'{{"broken": "{HOSTILE}\n'.encode(),
        ],
    )
    return found("a")


def test_empty_pages_say_what_to_do(client: Client) -> None:
    assert "Nothing has been read yet" in page(client, "session-list")
    assert "Nothing has been read yet" in page(client, "data-quality")


def test_the_list_leads_to_every_session(client: Client, tmp_path: Path) -> None:
    some_sessions(tmp_path)
    html = page(client, "session-list")
    for letter in "ab":
        assert reverse("session-detail", args=[uid(letter)]) in html
    assert "All 2 sessions of this list" in html


def test_htmx_gets_the_results_alone_and_the_tidy_address(client: Client, tmp_path: Path) -> None:
    some_sessions(tmp_path)
    response = client.get(reverse("session-list") + "?q=task&project=&status=", headers=HTMX)
    html = response.content.decode()
    assert html.strip().startswith('<div id="results"')
    assert "<html" not in html
    assert response["HX-Push-Url"] == reverse("session-list") + "?q=task"
    assert "HX-Request" in response["Vary"]


def test_an_address_with_empty_parameters_becomes_a_tidy_one(client: Client) -> None:
    response = client.get(reverse("session-list") + "?q=&status=failed&model=")
    assert (response.status_code, response["Location"]) == (302, reverse("session-list") + "?status=failed")


def test_a_wrong_filter_is_said_and_the_others_still_hold(client: Client, tmp_path: Path) -> None:
    some_sessions(tmp_path)
    html = page(client, "session-list", query=f"?min_cost=x&q={uid('a')[:8]}&page=99&sort_by=nothing")
    assert "min_cost:" in html
    assert "Task a" in html
    assert "Task b" not in html


def test_each_active_filter_can_be_taken_off(client: Client, tmp_path: Path) -> None:
    some_sessions(tmp_path)
    html = page(client, "session-list", query="?q=nothing+like+it&model=sonnet")
    assert "No session matches" in html
    assert 'href="?model=sonnet"' in html
    assert 'href="?q=nothing+like+it"' in html


def test_a_page_behind_the_last_shows_the_last(client: Client, tmp_path: Path) -> None:
    some_sessions(tmp_path, 3)
    html = page(client, "session-list", query="?limit=2&page=9")
    assert "Task a" in html
    assert "Task c" not in html


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_answers(client: Client, tmp_path: Path, tab: str) -> None:
    some_sessions(tmp_path)
    assert "Task a" in page(client, f"session-{tab}", uid("a"))
    assert client.get(reverse(f"session-{tab}", args=["nobody"])).status_code == 404


@pytest.mark.parametrize("tab", TABS)
def test_hostile_text_stays_text(client: Client, tmp_path: Path, tab: str) -> None:
    session = hostile_session(tmp_path)
    html = page(client, f"session-{tab}", session.public_id)
    assert "<script>alert" not in html
    assert "<img" not in html


def test_hostile_text_stays_text_elsewhere_too(client: Client, tmp_path: Path) -> None:
    session = hostile_session(tmp_path)
    for html in (
        page(client, "session-list", query="?q=script&branch=%3Cscript%3E"),
        page(client, "session-list"),
        page(client, "data-quality"),
        page(client, "session-line", session.public_id, 2),
    ):
        assert "<script>alert" not in html
        assert "<img" not in html


def test_an_id_that_is_no_path_still_has_a_page(client: Client, tmp_path: Path) -> None:
    odd = "../a/b~c?d#e"
    read(tmp_path, a=[prompt("a1", 0, "a", "Odd one", sessionId=odd)])
    address = reverse("session-detail", args=[odd])
    assert address in page(client, "session-list")
    assert "Odd one" in page(client, "session-detail", odd)


def test_a_transcript_goes_on_where_the_page_ended(client: Client, tmp_path: Path) -> None:
    read(tmp_path, a=[prompt(f"a{n}", n, "a", f"Number {n}.") for n in range(130)])
    address = reverse("session-detail", args=[uid("a")])
    first = page(client, "session-detail", uid("a"))
    assert "Number 79." in first
    assert "Number 80." not in first
    assert f'hx-get="{address}?after=80"' in first
    more = page(client, "session-detail", uid("a"), query="?after=80", **HTMX, **{"HX-Target": "more"})
    assert more.strip().startswith("<ol")
    assert "Number 80." in more
    assert "The end of the transcript" in more
    assert "From the beginning" in page(client, "session-detail", uid("a"), query="?after=80")


@pytest.mark.parametrize("query", ["?after=x", "?before=" + "9" * 50, "?after=-1", "?page=" + "9" * 5000])
def test_a_place_that_is_none_is_the_beginning_or_the_end(client: Client, tmp_path: Path, query: str) -> None:
    some_sessions(tmp_path)
    assert "Task a" in page(client, "session-detail", uid("a"), query=query)


def test_an_original_line_is_shown_with_its_place_and_given_as_bytes(client: Client, tmp_path: Path) -> None:
    some_sessions(tmp_path)
    html = page(client, "session-line", uid("a"), 1)
    assert "SHA-256" in html
    assert "Task a" in html
    sent = client.get(reverse("session-line", args=[uid("a"), 1]) + "?download")
    assert sent["Content-Disposition"] == 'attachment; filename="line-1.json"'
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent.content.endswith(b"}\n")
    assert client.get(reverse("session-line", args=[uid("a"), 99])).status_code == 404
    assert client.get(f"/sessions/{uid('a')}/lines/{1 << 70}").status_code == 404


def test_unpriced_is_said_and_never_nothing(client: Client, tmp_path: Path) -> None:
    read(tmp_path, a=[reply("a1", 0, "a", model="nobody-knows-1")])
    html = page(client, "session-detail", uid("a"))
    assert "unpriced" in html
    assert "$0" not in html


def test_a_subagent_leads_to_who_started_it(client: Client, tmp_path: Path) -> None:
    read(tmp_path, a=[prompt("a1", 0, "a", "Lead")], a__worker=[side(reply("w1", 1, "a"), "worker")])
    html = page(client, "session-detail", found("a", "worker").public_id)
    assert reverse("session-detail", args=[uid("a")]) in html
    assert "1 subagent" in page(client, "session-list")


def test_the_number_of_queries_does_not_grow_with_the_rows(
    client: Client, tmp_path: Path, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    some_sessions(tmp_path, 20)
    with django_assert_max_num_queries(14) as few:
        page(client, "session-list", query="?limit=2")
    with django_assert_max_num_queries(14) as many:
        page(client, "session-list")
    assert len(few) == len(many)


def test_progress_is_told_while_a_run_lasts_and_polling_ends_with_it(client: Client) -> None:
    address, now = reverse("sync-progress"), timezone.now()
    assert client.get(address, headers=HTMX).status_code == 286
    run = SyncRun.objects.create(
        started_at=now - timedelta(seconds=10),
        heartbeat_at=now,
        is_first=True,
        files_done=3,
        files_total=12,
        bytes_done=50_000_000,
        bytes_total=200_000_000,
    )
    html = page(client, "sync-progress", **HTMX)
    assert "figures so far are partial" in html
    assert "3 of 12 files" in html
    assert "5.0 MB/s" in html
    assert "<html" not in html
    SyncRun.objects.filter(pk=run.pk).update(state=SyncRun.State.DONE, finished_at=now)
    assert client.get(address, headers=HTMX).status_code == 286
    assert "No reading is under way" in page(client, "sync-progress")


def test_quality_shows_the_equation_and_pages_the_quarantined(client: Client, tmp_path: Path) -> None:
    read(tmp_path, a=[prompt("a1", 0, "a"), *(b'{"n": %d\n' % n for n in range(1000, 1060))])
    html = page(client, "data-quality")
    assert "The sum is right" in html
    assert "malformed_json: 60" in html
    assert "{&quot;n&quot;: 1049" in html
    assert "{&quot;n&quot;: 1050" not in html
    rest = page(client, "data-quality", query="?page=2", **HTMX)
    assert rest.strip().startswith('<section class="card card-flush" id="quarantined" ')
    assert "{&quot;n&quot;: 1059" in rest
