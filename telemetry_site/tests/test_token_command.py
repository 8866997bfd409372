"""`manage.py token` as a person or a script meets it."""

import io
import json
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from sessions.models import Project
from telemetry_site.models import ApiToken
from telemetry_site.tests.asking import ask

pytestmark = pytest.mark.django_db


def token(*arguments: str) -> tuple[str, str]:
    """(stdout, stderr) of the command."""
    out, err = io.StringIO(), io.StringIO()
    call_command("token", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_create_prints_the_token_alone_so_that_a_script_can_take_it() -> None:
    out, err = token("create", "nightly")
    assert "only time" in err
    assert ask("/api/projects", out.strip()).status_code == 200
    made = ApiToken.objects.get()
    assert (made.scopes, made.every_project) == (["read"], True)
    assert made.expires_at is not None and (made.expires_at - made.created_at).days in (89, 90)


def test_create_takes_scopes_projects_an_end_and_an_account() -> None:
    Project.objects.create(key="/a", slug="bakery", name="Bakery")
    User.objects.create_user("ada")
    arguments = "create x -s ingest -s read -p bakery --expires 2027-01-31 --user ada --json"
    told = json.loads(token(*arguments.split())[0])
    assert told["token"].startswith("al_i_")
    assert (told["scopes"], told["projects"], told["owner"]) == (["ingest", "read"], ["bakery"], "ada")
    assert ApiToken.objects.get().expires_at == datetime(2027, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("create x --scope everything", "everything"),
        ("create x --project nowhere", "no project 'nowhere'"),
        ("create x --expires someday", "neither a number of days"),
        ("create x --user nobody", "no account 'nobody'"),
        ("revoke nothing", "No token that can be revoked"),
        ("", "required"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(arguments: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        token(*arguments.split())
    assert not ApiToken.objects.exists()


def test_list_shows_what_is_usable_and_never_a_secret() -> None:
    assert "no tokens" in token("list")[1]
    secret = token("create", "nightly", "--expires", "never")[0].strip()
    listed = token("list")[0]
    assert secret not in listed and secret[:10] in listed
    assert "every project; never expires; never used" in listed
    token("revoke", "nightly")
    assert token("list")[0] == ""
    assert json.loads(token("list", "--all", "--json")[0])[0]["state"] == "revoked"


@pytest.mark.parametrize("named_by", ["id", "name", "beginning", "whole"])
def test_a_token_is_revoked_by_whatever_names_it(named_by: str) -> None:
    secret = token("create", "nightly")[0].strip()
    made = ApiToken.objects.get()
    name = {"id": str(made.pk), "name": "nightly", "beginning": made.beginning, "whole": secret}[named_by]
    assert "Revoked nightly" in token("revoke", name)[0]
    assert ask("/api/projects", secret).status_code == 401


def test_two_tokens_of_one_name_are_told_apart_first() -> None:
    for _ in range(2):
        token("create", "nightly")
    with pytest.raises(CommandError, match="More than one"):
        token("revoke", "nightly")
