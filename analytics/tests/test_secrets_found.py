"""The page of secrets: which there are, where each stands, and never what it is."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.secrets.findings import (
    FoundSecret,
    Unsearched,
    found_secrets,
    places_of,
    secret_count,
    unsearched_files,
)
from sessions.models import AgentSession, Project, SecretFinding, SourceFile
from sessions.scope import Projects, only
from sessions.tests import samples as s
from sessions.tests.fake_secrets import fake
from sessions.tests.transcripts import found, read
from tasks.models import Document, PlanRoot
from tasks.roots import add_manual_root
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
    places = places_of(SecretFinding.objects.get(pk=secret.key), offset=0, limit=10)
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
            assert place.session is not None
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


def test_no_secrets_is_said_and_where_nobody_looked_yet(tmp_path: Path, client: Client) -> None:
    page = client.get("/quality/secrets").text
    assert "No secret of a known kind was found" in page and "still to be searched" not in page
    _a_plan_and_an_output(tmp_path)
    files = SourceFile.objects.exclude(kind="transcript")
    plan, output = files.filter(kind="plan"), files.filter(kind="tool_output")
    plan.update(secrets_searched=None)
    output.update(secrets_searched=False)
    page, answer = client.get("/quality/secrets").text, client.get("/api/secrets").json()
    assert "still to be searched for secrets; the next sync does that" in _words(page)
    assert "it is not known what secrets stood in" in _words(page)
    assert (answer["unsearchedFiles"], answer["unsearchableFiles"]) == (plan.count(), 1)
    engine = Project.objects.get(name="engine").pk
    assert unsearched_files(only(engine)) == unsearched_files()
    other = Project.objects.create(key="other", slug="other", name="Other")
    assert unsearched_files(only(other.pk)) == Unsearched(0, 0)
    sync([tmp_path])
    assert unsearched_files() == Unsearched(0, 1)


def _words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


def _a_plan_and_an_output(root: Path, plan: str = f"# Engine\n\nUse {ONE}\n") -> Path:
    """A secret in a plan and an output of the same project, and in a line of its session; another in the output."""
    path = root / "projects" / s.FOLDER / s.uid("a") / "tool-results" / "env.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"PATH=/bin\n{OTHER}\n{ONE}\n{ONE}\n")
    document = root / "repo" / "docs" / "project_plans" / "PRDs" / "engine-v1.md"
    document.parent.mkdir(parents=True, exist_ok=True)
    document.write_text(plan)
    add_manual_root(str(root / "repo"), "engine")
    read(root, a=[s.prompt("p1", 1, text=f"Take {ONE}")])
    return document


def _of(secret: str, projects: Projects = None) -> FoundSecret:
    (told,) = [each for each in found_secrets(projects=projects) if each.hint.endswith(secret[-4:])]
    return told


def test_one_secret_in_a_line_a_plan_and_an_output_is_one(tmp_path: Path, client: Client) -> None:
    _a_plan_and_an_output(tmp_path)
    assert secret_count() == len(found_secrets()) == 2
    told = _of(ONE)
    assert (told.lines, told.sessions, told.files) == (4, 1, 2)
    places = {place.kind: place for place in told.places}
    assert {kind: (p.line_no, p.lines, p.is_past) for kind, p in places.items()} == {
        "line": (1, 1, False),
        "plan": (3, 1, False),
        "tool_output": (3, 2, False),
    }
    document = Document.objects.get()
    assert (places["plan"].document, places["tool_output"].session) == (document, found("a"))
    page = client.get("/quality/secrets", {"secret": told.key}).text
    for address in (f"/documents/{document.pk}", f"/sessions/{found('a').public_id}"):
        assert f'href="{address}"' in page and f'href="{address}"' in client.get("/quality/secrets").text
    assert "env.txt" in page and "and in 1 more" in _words(page) and ONE not in page
    listed = {each["kind"]: each for each in client.get("/api/secrets").json()["items"]}["npm token"]
    assert (listed["lines"], listed["files"]) == (4, 2)
    assert {each["kind"]: each["documentId"] for each in listed["places"]} == {
        "line": None,
        "plan": str(document.pk),
        "tool_output": None,
    }


def test_what_a_plan_held_before_is_told_as_past(tmp_path: Path, client: Client) -> None:
    document = _a_plan_and_an_output(tmp_path, plan=f"# Engine\n\n{fake('groq_key')}\n")
    document.write_text("# Engine\n\nThe key is in the vault.\n")
    sync([tmp_path])
    told = _of(fake("groq_key"))
    assert [(place.kind, place.line_no, place.is_past) for place in told.places] == [("plan", 3, True)]
    assert "not in it any more" in client.get("/quality/secrets", {"secret": told.key}).text
    listed = {each["kind"]: each for each in client.get("/api/secrets").json()["items"]}
    assert [place["isPast"] for place in listed["Groq key"]["places"]] == [True]
    document.unlink()
    sync([tmp_path])
    assert secret_count() == 3 and _of(fake("groq_key")).places[0].is_past


def test_what_stands_in_plans_of_others_is_not_told(tmp_path: Path) -> None:
    """A plan of two projects is told to those who may read either, an output to those of its session's."""
    document = _a_plan_and_an_output(tmp_path)
    session = found("a").project
    assert session is not None
    other = Project.objects.create(key="other", slug="other", name="Other")
    planned, nobody = Project.objects.get(name="engine"), frozenset[int]()
    assert secret_count(only(other.pk)) == secret_count(nobody) == 0
    assert _of(OTHER, only(session.pk)).files == 1
    kinds = {place.kind for place in _of(ONE, only(planned.pk)).places}
    assert "plan" in kinds and (planned != session or kinds == {"line", "plan", "tool_output"})
    PlanRoot.objects.create(project=other, path=str(document.parents[2]), origin=PlanRoot.Origin.MANUAL)
    sync([tmp_path])
    shared = _of(ONE, only(other.pk))
    assert (shared.lines, shared.sessions, shared.files) == (1, 0, 1)
    assert [place.document.project for place in shared.places if place.document] == [other]
    assert _of(ONE).files == 2  # one file, though it is a plan of two


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
