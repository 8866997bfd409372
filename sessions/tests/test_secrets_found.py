"""The page of secrets: which there are, where each stands, and never what it is."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions.models import AgentSession, SecretFinding
from sessions.secrets.findings import found_secrets, lines_with, secret_count
from sessions.tests import samples as s
from sessions.tests.fake_secrets import fake
from sessions.tests.transcripts import found, read
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


ONE, OTHER = fake("npm_token"), fake("stripe_key")


def _two_secrets(root: Path) -> None:
    read(
        root,
        a=[
            s.prompt("p1", 1, text=f"Take {ONE} and again {ONE}"),
            s.prompt("p2", 2, text=f"not {OTHER}"),
            s.prompt("p3", 3, text="nothing"),
        ],
        b=[s.prompt("q1", 60, "b", text=f"still {ONE}")],
    )


def test_each_secret_is_listed_once_with_its_lines(tmp_path: Path) -> None:
    _two_secrets(tmp_path)
    last, first = found_secrets()
    assert secret_count() == 2
    assert (last.hint, last.label, last.lines, last.sessions) == (f"npm token …{ONE[-4:]}", "npm token", 2, 2)
    assert (first.hint, first.lines, first.sessions) == (f"Stripe key …{OTHER[-4:]}", 1, 1)
    assert [(place.session, place.line_no) for place in last.places] == [(found("b"), 1), (found("a"), 1)]
    assert last.first_at is not None and last.last_at is not None and last.first_at < last.last_at
    assert found_secrets(offset=1) == [first]


def test_a_line_without_a_time_is_listed_too(tmp_path: Path) -> None:
    read(tmp_path, a=[s.prompt("p1", 1, text=ONE) | {"timestamp": None}])
    (secret,) = found_secrets()
    assert (secret.first_at, secret.last_at, secret.lines) == (None, None, 1)


def test_a_fork_repeats_its_lines_and_not_the_secret(tmp_path: Path) -> None:
    lines = [s.prompt("p1", 1, text=ONE), s.reply("r1", 2)]
    read(tmp_path, a=lines, fork=[*s.forked(lines, "fork"), s.reply("r2", 9, "fork")])
    (secret,) = found_secrets()
    assert (secret.lines, secret.sessions) == (2, 2)
    places = lines_with(SecretFinding.objects.get(pk=secret.key), offset=0, limit=10)
    assert {place.session for place in places} == {found("a"), found("fork")}


def test_half_a_line_that_grows_leaves_no_finding_behind(tmp_path: Path) -> None:
    path = tmp_path / "projects" / s.main_path("a")
    whole = s.line(s.prompt("p1", 1, text=ONE))
    grown = s.line(s.prompt("p1", 1, text="nothing any more"))
    for content in (whole.rstrip(b"\n"), grown):
        s.write(tmp_path, {s.main_path("a"): content})
        sync([tmp_path])
    assert path.read_bytes() == grown
    assert [
        finding
        for finding in SecretFinding.objects.all()
        if not finding.session.entries.filter(pk=finding.entry_id, superseded=True).exists()
    ] == []


def test_the_pages_lead_to_the_lines(tmp_path: Path, client: Client) -> None:
    _two_secrets(tmp_path)
    listed = client.get("/quality/secrets").text
    for secret in found_secrets():
        assert secret.hint in listed
        page = client.get("/quality/secrets", {"secret": secret.key}).text
        for place in secret.places:
            address = f"/sessions/{place.session.public_id}/lines/{place.seq}"
            assert address in listed and address in page
            line = client.get(address).text
            assert secret.hint in line and "masked" in line
    assert 'href="/quality/secrets"' in client.get("/quality").text


def test_the_api_lists_them_with_their_places_and_never_the_secret(tmp_path: Path, client: Client) -> None:
    _two_secrets(tmp_path)
    answer = client.get("/api/secrets?limit=1")
    (told,) = answer.json()["items"]
    assert answer.json()["total"] == 2 and ONE not in answer.text
    assert (told["kind"], told["lines"], told["sessions"]) == ("npm token", 2, 2)
    assert [(place["sessionId"], place["line"]) for place in told["places"]] == [
        (found("b").public_id, 1),
        (found("a").public_id, 1),
    ]


@pytest.mark.parametrize("key", ["0", "x", "9" * 30, "-1", "²"])
def test_a_number_that_names_no_secret_is_not_found(client: Client, key: str) -> None:
    assert client.get("/quality/secrets", {"secret": key}).status_code == 404


def test_no_secrets_is_said_and_where_nobody_looked(client: Client) -> None:
    page = client.get("/quality/secrets").text
    assert "No secret of a known kind was found" in page
    assert "In plans and stored tool outputs they are masked too, and not listed here" in page


def test_more_secrets_are_no_more_queries(tmp_path: Path, client: Client) -> None:
    def queries() -> int:
        client.get("/quality/secrets")
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/quality/secrets").status_code == 200
        return len(asked)

    _two_secrets(tmp_path)
    before = queries()
    many: list[dict[str, Any]] = [s.prompt(f"m{n}", n, "c", text=fake("groq_key", n)) for n in range(60)]
    read(tmp_path, c=many)
    assert secret_count() == 62
    assert queries() == before


def test_what_an_earlier_version_derived_is_derived_again(tmp_path: Path) -> None:
    _two_secrets(tmp_path)
    SecretFinding.objects.all().delete()
    AgentSession.objects.update(title=f"Take {ONE}")
    import_module("sessions.migrations.0012_secret_findings").derive_all_again(apps, None)
    sync([tmp_path])
    assert secret_count() == 2
    assert not AgentSession.objects.filter(title__contains=ONE).exists()
