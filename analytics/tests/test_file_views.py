"""The page of a file as a browser gets it: who touched it, what for, and for whom it is."""

import re
from html import unescape
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.tests import planned
from sessions.models import Project, ToolCall
from sessions.tests.samples import uid
from sessions.tests.test_file_history import PATH, touched
from sessions.tests.transcripts import found
from telemetry_site.tests.people import logged_in, person

__all__ = ["touched"]
pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def client() -> Client:
    """A browser on this machine; hosts that are not served are refused."""
    return Client(headers={"host": "localhost"})


def page(client: Client, path: str = PATH, more: str = "", **headers: str) -> str:
    response = client.get(f"{reverse('file-history')}?path={quote(path)}{more}", headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def row_of(html: str, session: str) -> str:
    """The words in the row of a session."""
    address = reverse("session-detail", args=[session])
    rows = [row for row in re.findall("<tr>.*?</tr>", html, re.DOTALL) if f'{address}"' in row]
    assert len(rows) == 1
    return " ".join(unescape(re.sub("<[^>]+>", " ", rows[0])).split())


def test_a_row_says_what_a_session_did_and_what_for(client: Client, touched: None) -> None:
    pumps = planned.feature("pumps")
    task = planned.task(pumps, planned.document(), "T-1")
    planned.link(found("b"), feature=pumps, task=task, is_primary=True)
    planned.link(found("a"), 0.4, feature=pumps)
    html = page(client)
    b, a, c = (row_of(html, found(name).public_id) for name in "bac")
    for words in ("Pumps", "Task T-1", "90", "changed", "1 failed", "+2 −1", "and 1 change unknown"):
        assert words in b
    assert "created" in a and "1 link to plans" in a
    assert "tank" in c and "nothing planned" in c
    assert "at=2#entry-2" in html and "at=6#entry-6" in html
    assert f"{reverse('session-files', args=[uid('b')])}?path={quote(PATH, safe='')}#touches" in html
    assert "exactly this path, in any project" in html


def test_what_no_call_tells_is_unknown(client: Client, touched: None) -> None:
    ToolCall.objects.filter(path=PATH).update(lines_added=None, lines_removed=None)
    html = page(client)
    assert "unknown" in row_of(html, found("b").public_id)
    assert "unknown" not in row_of(html, found("a", "worker").public_id)  # it read, and no more
    assert "+0" not in html


def test_a_project_narrows_it_and_an_unknown_one_is_said(client: Client, touched: None) -> None:
    html = page(client, more="&project=tank")
    assert uid("c") in html and uid("b") not in html
    html = page(client, more=f"&project={quote(HOSTILE)}")
    assert "There is no project" in html and uid("b") not in html and HOSTILE not in html


def test_no_path_and_an_unknown_path_are_answered(client: Client, touched: None) -> None:
    assert "Which file?" in page(client, "")
    html = page(client, f"{HOSTILE}\0")
    assert "No call names this file" in html and HOSTILE not in html


def test_other_pages_come_as_the_region_alone(client: Client, touched: None) -> None:
    html = page(client, **{"HX-Request": "true"})
    assert "<html" not in html and 'id="found"' in html and uid("b") in html


def test_foreign_projects_do_not_count(touched: None) -> None:
    with override_settings(IS_TEAM=True):
        ada = logged_in(person("ada", "viewer", Project.objects.get(name="tank")))
        mine, other = page(ada), page(ada, more="&project=engine")
    assert uid("c") in mine and uid("b") not in mine and "engine</option>" not in mine
    assert "There is no project" in other and uid("b") not in other


def test_links_of_more_sessions_are_no_more_queries(client: Client, touched: None) -> None:
    def count(path: str) -> int:
        page(client, path)  # what is kept for the process is made at the first question
        with CaptureQueriesContext(connection) as asked:
            page(client, path)
        return len(asked)

    pumps = planned.feature("pumps")
    for name in "ab":
        planned.link(found(name), feature=pumps)
    assert count(PATH) == count("pump.py")


def test_the_files_of_a_session_lead_to_their_histories(client: Client, touched: None) -> None:
    html = client.get(reverse("session-files", args=[uid("b")])).content.decode()
    assert f"{reverse('file-history')}?path={quote(PATH, safe='')}&amp;project=engine" in html
    assert "2 other sessions" in html
    alone = client.get(reverse("session-files", args=[uid("d")])).content.decode()
    assert "only this session" in alone


def test_a_call_that_is_found_leads_to_the_history_of_its_file(client: Client, touched: None) -> None:
    address = f"{reverse('file-history')}?path={quote(PATH, safe='')}&amp;project=engine"
    assert address in client.get(f"{reverse('search')}?q=pump.py&kind=tool_input").content.decode()
    assert address not in client.get(f"{reverse('search')}?q=do&kind=prompt").content.decode()
