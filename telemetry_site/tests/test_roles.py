"""Roles: what they amount to, that tokens are worth no more than their owners, and how people get them."""

import json
from importlib import import_module
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from sessions.models import Project
from telemetry_site.access.members import give_role, make_account, take_role
from telemetry_site.access.roles import NEEDED, NOBODY, Need, Roles, need_of_page, roles_of
from telemetry_site.access.tokens import create_token
from telemetry_site.models import Membership
from telemetry_site.tests.asking import ask
from telemetry_site.tests.people import person

pytestmark = pytest.mark.django_db


def project(name: str) -> Project:
    return Project.objects.create(key=f"/{name}", slug=name, name=name)


def test_a_role_includes_the_smaller_ones_and_none_reads_nothing() -> None:
    roles = Roles(by_project={1: Need.VIEWER, 2: Need.MEMBER, 3: Need.ADMIN})
    assert [roles.projects(need) for need in Need] == [{1, 2, 3}, {1, 2, 3}, {2, 3}, {3}, frozenset()]
    assert NOBODY.projects(Need.ANYONE) == frozenset() and not NOBODY.suffice(Need.VIEWER)
    reader = Roles(Need.VIEWER, {7: Need.ADMIN})
    assert [reader.projects(need) for need in Need] == [None, None, {7}, {7}, frozenset()]
    assert [Roles(Need.ADMIN).projects(need) for need in Need] == [None] * 5


def test_superusers_may_everything_and_accounts_that_are_switched_off_nothing() -> None:
    root = User.objects.create_user("root", is_superuser=True)
    assert roles_of(root).projects(Need.SITE) is None
    root.is_active = False
    assert roles_of(root) == NOBODY
    assert roles_of(None) == NOBODY


def test_what_is_not_declared_is_for_administrators_of_the_site() -> None:
    assert need_of_page("brand-new", "GET") is Need.SITE
    assert need_of_page("dashboard", "POST") is Need.SITE
    assert need_of_page("dashboard", "HEAD") is NEEDED["dashboard"]["GET"]


@override_settings(IS_TEAM=True)
def test_a_token_is_worth_no_more_than_its_owner_is_now() -> None:
    mine, other = project("mine"), project("other")
    ada = person("ada", "member", mine)
    _, every = create_token("every", ["write"], owner=ada)
    _, foreign = create_token("foreign", ["read"], owner=ada, projects=[other])
    _, of_the_site = create_token("site", ["read"])

    def slugs(secret: str) -> list[str]:
        return [each["name"] for each in ask("/api/projects", secret).json()["items"]]

    assert (slugs(every), slugs(foreign)) == (["mine"], [])
    assert sorted(slugs(of_the_site)) == ["mine", "other"]
    rule = {"name": "a", "metric": "session_cost", "operator": ">", "threshold": 5, "project": "mine"}
    assert ask("/api/analytics/alerts", every, "POST", body=rule).status_code == 201
    give_role(ada, mine, "viewer")
    refused = ask("/api/analytics/alerts", every, "POST", body=rule | {"name": "b"})
    assert refused.status_code == 403 and "role member" in refused.json()["detail"]
    take_role(ada, mine)
    assert ask("/api/projects", every).status_code == 403


@override_settings(IS_TEAM=True)
def test_an_unchanged_answer_is_another_one_for_another_role() -> None:
    ada = person("ada", "viewer", project("mine"))
    _, secret = create_token("hers", ["read"], owner=ada)
    stale = {"if-none-match": ask("/api/projects", secret).headers["ETag"]}
    assert ask("/api/projects", secret, headers=stale).status_code == 304
    give_role(ada, project("other"), "viewer")
    assert ask("/api/projects", secret, headers=stale).status_code == 200


def told(*words: str) -> Any:
    out = StringIO()
    call_command("member", *words, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_gives_and_takes_roles() -> None:
    project("bakery")
    password = told("create", "ada").strip()
    assert User.objects.get(username="ada").check_password(password)
    told("set", "ada", "viewer", "--project", "bakery")
    told("set", "ada", "admin", "--project", "bakery")
    told("set", "ada", "viewer", "--every-project")
    assert json.loads(told("list", "--json")) == [
        {"user": "ada", "active": True, "roles": {"bakery": "admin", "every project": "viewer"}}
    ]
    told("remove", "ada", "--every-project")
    assert told("list") == "ada: admin of bakery\n"
    refused = (
        (("remove", "ada", "--every-project"), "no role"),
        (("set", "ben", "viewer", "--every-project"), "no account"),
        (("set", "ada", "viewer", "--project", "nowhere"), "no project"),
        (("create", "Ada"), "already"),
    )
    for words, sentence in refused:
        with pytest.raises(CommandError, match=sentence):
            told(*words)
    with pytest.raises(ValueError, match="letters"):
        make_account("ada lovelace")


def test_an_update_leaves_people_what_they_had() -> None:
    """Before there were roles, everybody who could log in might read and change everything."""
    ada, root = person("ada"), User.objects.create_user("root", is_superuser=True)
    migration = import_module("telemetry_site.migrations.0004_people")
    migration.keep_what_people_had(apps, SimpleNamespace(connection=connection))
    assert roles_of(ada).projects(Need.SITE) is None
    assert not Membership.objects.filter(user=root).exists()
