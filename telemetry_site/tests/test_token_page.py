"""The page of API tokens: made and shown once, seen by whoever may, ended by a click."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils import timezone

from sessions.models import Project
from telemetry_site.access.members import give_role
from telemetry_site.access.tokens import create_token
from telemetry_site.models import ApiToken
from telemetry_site.tests.asking import ask

pytestmark = pytest.mark.django_db

SECRET = re.compile(r"al_[a-z]_[A-Za-z0-9]{32}")


@pytest.fixture
def here() -> Client:
    return Client(headers={"host": "localhost"})


def person(name: str, **more: Any) -> tuple[User, Client]:
    user = User.objects.create_user(name, password="x", is_staff=True, **more)
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    return user, client


def test_without_tokens_the_page_says_what_they_are_for(here: Client) -> None:
    page = here.get("/tokens")
    assert "No tokens yet" in page.text
    assert "no-store" in page.headers["Cache-Control"]
    assert 'href="/tokens"' in here.get("/sessions").text


def test_a_token_is_made_shown_once_and_works(here: Client) -> None:
    project = Project.objects.create(key="/a", slug="a", name="Bakery")
    asked = {"name": "Nightly <script>", "scopes": ["read"], "projects": [project.pk], "lifetime": "30"}
    made = here.post("/tokens/new", asked)
    assert made.status_code == 200
    assert "no-store" in made.headers["Cache-Control"]
    (secret,) = set(SECRET.findall(made.text))
    assert "Nightly &lt;script&gt;" in made.text and "Nightly <script>" not in made.text
    later = here.get("/tokens").text
    assert secret not in later and secret[:10] in later and "Bakery" in later
    token = ApiToken.objects.get()
    assert token.project_ids == frozenset({project.pk})
    assert token.expires_at is not None and (token.expires_at - timezone.now()).days == 29
    assert ask("/api/projects", secret).status_code == 200


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"name": "", "scopes": ["read"]}, "This field is required."),
        ({"name": "a"}, "Choose what the token may do."),
        ({"name": "a", "scopes": ["everything"]}, "not one of the available choices"),
        ({"name": "a", "scopes": ["read"], "projects": ["77"]}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_made_is_explained(here: Client, asked: dict[str, Any], sentence: str) -> None:
    refused = here.post("/tokens/new", asked)
    assert refused.status_code == 400
    assert sentence in refused.text
    # htmx would show nothing of an answer that calls itself an error.
    assert here.post("/tokens/new", asked, headers={"hx-request": "true"}).status_code == 200
    assert not ApiToken.objects.exists()


def test_a_revoked_token_is_refused_from_then_on(here: Client) -> None:
    token, secret = create_token("script", ["read"])
    region = here.post(f"/tokens/{token.pk}/revoke", headers={"hx-request": "true"})
    assert region.text.lstrip().startswith('<div id="tokens"')
    assert "revoked" in region.text
    assert ask("/api/projects", secret).status_code == 401
    assert here.post(f"/tokens/{token.pk}/revoke").headers["Location"] == "/tokens"
    assert here.get(f"/tokens/{token.pk}/revoke").status_code == 405


def test_other_sites_and_forms_without_our_word_make_nothing() -> None:
    strict = Client(headers={"host": "localhost"}, enforce_csrf_checks=True)
    asked = {"name": "a", "scopes": ["admin"]}
    assert strict.post("/tokens/new", asked).status_code == 403
    assert strict.post("/tokens/new", asked, headers={"origin": "https://evil.example"}).status_code == 403
    assert not ApiToken.objects.exists()


@override_settings(IS_TEAM=True)
def test_in_team_mode_people_see_and_end_their_own_and_a_superuser_all() -> None:
    project = Project.objects.create(key="/a", slug="a", name="a")
    (ada, ada_here), (grace, grace_here) = person("ada"), person("grace")
    for each in (ada, grace):
        give_role(each, project, "admin")
    _, root_here = person("root", is_superuser=True)
    ada_here.post("/tokens/new", {"name": "adas-script", "scopes": ["read"]})
    token = ApiToken.objects.get()
    assert token.owner == ada
    shown = ["adas-script" in client.get("/tokens").text for client in (ada_here, grace_here, root_here)]
    assert shown == [True, False, True]
    assert grace_here.post(f"/tokens/{token.pk}/revoke").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


@override_settings(IS_TEAM=True)
def test_a_token_of_everything_is_for_superusers_to_make() -> None:
    asked = {"name": "all", "scopes": ["admin"]}
    ada, ada_here = person("ada")
    assert ada_here.post("/tokens/new", asked).status_code == 403
    give_role(ada, Project.objects.create(key="/a", slug="a", name="a"), "admin")
    assert ada_here.post("/tokens/new", asked).status_code == 400
    assert person("root", is_superuser=True)[1].post("/tokens/new", asked).status_code == 200


def test_the_admin_shows_tokens_and_ends_them_but_makes_none() -> None:
    token, _ = create_token("script", ["read"])
    _, root = person("root", is_superuser=True)
    assert token.beginning in root.get("/admin/telemetry_site/apitoken/").text
    assert root.get(f"/admin/telemetry_site/apitoken/{token.pk}/change/").status_code == 200
    assert root.get("/admin/telemetry_site/apitoken/add/").status_code == 403
    root.post("/admin/telemetry_site/apitoken/", {"action": "revoke_chosen", "_selected_action": [token.pk]})
    token.refresh_from_db()
    assert token.revoked_at is not None
