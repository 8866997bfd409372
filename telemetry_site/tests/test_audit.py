"""The audit log: what is in it whichever way it came, what never is, and that it only grows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import get_resolver
from django.utils import timezone

from sessions.acts import Act
from sessions.models import Project
from telemetry_site.access.roles import NEEDED
from telemetry_site.access.tokens import create_token
from telemetry_site.audit import actions
from telemetry_site.audit.recording import note
from telemetry_site.models import AuditEntry, Membership
from telemetry_site.tests.asking import api_routes, ask, routes
from telemetry_site.tests.people import logged_in, person

pytestmark = pytest.mark.django_db

RULE = {"name": "Dear", "metric": "session_cost", "operator": ">", "threshold": 5}


@pytest.fixture
def team() -> Iterator[None]:
    with override_settings(IS_TEAM=True):
        yield


def bakery() -> Project:
    return Project.objects.create(key="/bakery", slug="bakery", name="bakery")


def log(*, logins: bool = False) -> list[tuple[str, str, str, str, str]]:
    """(who, way, what, to what, in which project), the oldest first."""
    rows = AuditEntry.objects.order_by("id")
    rows = rows if logins else rows.exclude(action="logged in")
    return [(each.actor, each.way, each.action, each.subject, each.project) for each in rows]


def test_every_route_that_changes_something_has_words_for_it() -> None:
    pages = {
        str(pattern.name)
        for _, pattern in routes(get_resolver())
        if set(NEEDED.get(str(pattern.name), {})) - {"GET"}
    }
    silent = pages - {*actions.OF_PAGES} - actions.NOT_RECORDED
    names = {route: str(pattern.name) for route, pattern in routes(get_resolver())}
    for route, methods in api_routes().items():
        name = names.get(f"api/{route}", "")
        changes = {(name, method) for method in methods if method != "GET"}
        silent |= {" ".join(each) for each in changes - {*actions.OF_API} if name not in actions.NOT_RECORDED}
    assert silent == set()


@pytest.mark.usefixtures("team")
def test_changes_are_recorded_with_who_and_where_by_page_and_by_api() -> None:
    project = bakery()
    ada = person("ada", "admin", project)
    hers = logged_in(ada)
    form = {"name": "Dear", "metric": "session_cost", "operator": ">", "threshold": "5", "project": "bakery"}
    assert hers.post("/alerts/new", form | {"scope": "session", "severity": "warning"}).status_code == 302
    assert hers.post("/tokens/new", {"name": "ci", "scopes": ["write"]}).status_code == 200
    _, secret = create_token("script", ["write"], owner=ada)
    made = ask("/api/analytics/alerts", secret, "POST", body=RULE | {"project": "bakery", "name": "Dearer"})
    assert made.status_code == 201
    assert ask(f"/api/analytics/alerts/{made.json()['id']}", secret, "DELETE").status_code == 200
    told = [(who, way, what, about.partition(" (")[0], where) for who, way, what, about, where in log()]
    assert told == [
        ("ada", "page", "alert made", "Dear", "bakery"),
        ("ada", "page", "token made", "ci", ""),
        ("ada", "api", "alert made", "Dearer", "bakery"),
        ("ada", "api", "alert deleted", "Dearer", "bakery"),
    ]
    last = AuditEntry.objects.first()
    assert last is not None and last.address == "127.0.0.1" and last.token.startswith("script (al_w_")
    kept = repr([*AuditEntry.objects.values()])
    assert secret not in kept and "csrf" not in kept


@pytest.mark.usefixtures("team")
def test_what_was_refused_and_what_was_taken_away_is_recorded_and_what_is_read_is_not() -> None:
    project = bakery()
    reader = logged_in(person("ada", "viewer", project))
    assert reader.get("/sessions").status_code == 200
    assert reader.post("/alerts/new", {}).status_code == 403
    assert reader.post("/alerts/draft", {}).status_code == 403
    _, secret = create_token("script", ["read"])
    assert ask("/api/sessions?format=csv", secret).status_code == 200
    assert ask("/api/analytics/alerts", secret, "POST", body=RULE).status_code == 403
    assert ask("/api/projects", "al_r_guess").status_code == 401
    assert [(way, what, about) for _, way, what, about, _ in log()] == [
        ("page", "refused", "/alerts/new"),
        ("page", "refused", "/alerts/draft"),
        ("api", "exported", "/api/sessions"),
        ("api", "refused", "/api/analytics/alerts"),
        ("api", "refused", "/api/projects"),
    ]


def test_log_ins_are_recorded_and_a_password_in_the_wrong_field_is_not() -> None:
    User.objects.create_superuser("ada", password="correct horse")
    client = Client(headers={"host": "localhost"})
    tries = (("ada", "wrong"), ("correct horse", "ada"), ("ada", "correct horse"))
    for name, password in tries:
        client.post("/admin/login/", {"username": name, "password": password})
    client.post("/admin/logout/")
    assert [(who, what, about) for who, _, what, about, _ in log(logins=True)] == [
        ("", "log-in failed", "ada"),
        ("", "log-in failed", "a name that no account has"),
        ("ada", "logged in", ""),
        ("ada", "logged out", ""),
    ]


def test_a_name_breaks_no_line_of_the_log() -> None:
    note("refused", way="page", act=Act("a\nb\x1b[31m\u202ec"))
    assert AuditEntry.objects.get().subject == "a\ufffdb\ufffd[31m\ufffdc"


def test_commands_are_recorded_as_the_user_of_the_machine() -> None:
    bakery()
    quiet = {"stdout": StringIO(), "stderr": StringIO()}
    call_command("member", "create", "ada", **quiet)
    call_command("member", "set", "ada", "viewer", "--project", "bakery", **quiet)
    call_command("token", "create", "ci", **quiet)
    assert [(way, what) for _, way, what, _, _ in log()] == [
        ("command", "role changed"),
        ("command", "role changed"),
        ("command", "token changed"),
    ]
    out = StringIO()
    call_command("audit", "--action", "role changed", "--format", "csv", stdout=out)
    rows = list(csv.DictReader(StringIO(out.getvalue())))
    assert [row["subject"] for row in rows] == ["ada: viewer of bakery.", "account ada made"]
    call_command("audit", "--text", "viewer", stdout=(text := StringIO()))
    assert text.getvalue().count("\n") == 1 and "role changed" in text.getvalue()


def test_the_log_is_added_to_and_never_changed() -> None:
    AuditEntry.objects.create(at=timezone.now(), way="page", action="refused")
    entry = AuditEntry.objects.get()
    changes = (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(actor="nobody"),
    )
    for change in changes:
        with pytest.raises(TypeError, match="audit log"):
            change()
    assert AuditEntry.objects.get().actor == ""


@pytest.mark.usefixtures("team")
def test_an_admin_of_a_project_reads_what_was_done_there_and_filters_it() -> None:
    project = bakery()
    for action, subject, key in (
        ("alert made", "=cmd|' /C calc'!A0", project.pk),
        ("alert deleted", "Old", project.pk),
        ("alert made", "Foreign", project.pk + 1),
        ("logged in", "", None),
    ):
        AuditEntry.objects.create(
            at=timezone.now(), way="page", actor="ben", action=action, subject=subject, project_key=key
        )
    hers = logged_in(person("ada", "admin", project))
    page = hers.get("/audit").text
    assert "Old" in page and "Foreign" not in page
    assert "Old" not in hers.get("/audit?action=alert+made").text
    assert "left out" in hers.get("/audit?action=nonsense").text
    answer = hers.get("/audit?format=csv&action=alert+made")
    rows = list(csv.DictReader(StringIO(answer.getvalue().decode())))
    assert [row["subject"] for row in rows] == ["'=cmd|' /C calc'!A0"]
    assert logged_in(person("ben", "member", project)).get("/audit").status_code == 403


@pytest.mark.usefixtures("team")
def test_people_are_given_roles_on_a_page_by_those_who_may() -> None:
    project, other = bakery(), Project.objects.create(key="/o", slug="o", name="other")
    admin, root = logged_in(person("ada", "admin", project)), logged_in(person("r", "admin", everywhere=True))
    assert root.post("/people/new", {"name": "ben"}).text.count("new-password") == 2
    assert admin.post("/people/new", {"name": "eve"}).status_code == 403
    ben = User.objects.get(username="ben")

    def give(client: Client, where: object, role: str = "member", **more: str) -> int:
        answer = client.post(f"/people/{ben.pk}/role", {"project": where, "role": role} | more)
        return int(answer.status_code)

    assert [give(admin, where) for where in (project.pk, other.pk, "every")] == [302, 404, 403]
    assert [give(root, where) for where in (other.pk, "every", "nonsense")] == [302, 302, 404]
    assert give(root, other.pk, "king") == 400
    assert give(root, "every", "none") == 302
    held = Membership.objects.filter(user=ben).values_list("project__slug", "role")
    assert sorted(held) == [("bakery", "member"), ("o", "member")]
    page = admin.get("/people").text
    assert "member of bakery" in page and "of other" not in page
    ada = User.objects.get(username="ada")
    assert admin.post(f"/people/{ada.pk}/role", {"project": project.pk, "role": "none"}).status_code == 403
    assert root.post(f"/people/{ben.pk}/switch").status_code == 302
    assert not User.objects.get(pk=ben.pk).is_active
    assert "ben: member of bakery" in [about for *_, about, _ in log()]
