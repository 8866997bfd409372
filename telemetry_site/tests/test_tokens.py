"""API tokens: what is kept of them, when they are refused, and what they are held to."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions.models import Project
from telemetry_site.access.attempts import TOKENS_BY_ADDRESS
from telemetry_site.access.scopes import NEEDED, OPEN_ROUTES, Scope, grants, scope_needed
from telemetry_site.access.tokens import (
    RANDOM_CHARACTERS,
    TokenRefused,
    create_token,
    digest_of,
    new_secret,
    note_use,
    revoke,
    usable_token,
)
from telemetry_site.models import ApiToken
from telemetry_site.tests.asking import METHODS, api_routes, ask, below_root

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def test_a_token_is_random_and_told_by_how_it_begins() -> None:
    assert re.fullmatch(r"al_r_[A-Za-z0-9]{32}", new_secret(["read"]))
    assert 62**RANDOM_CHARACTERS > 2**160
    assert len({new_secret(["read"]) for _ in range(100)}) == 100
    strongest = (["read", "write"], ["metrics:read"], ["ingest", "read"], Scope.values)
    assert [new_secret(scopes)[:5] for scopes in strongest] == ["al_w_", "al_m_", "al_i_", "al_a_"]


def test_the_secret_is_kept_nowhere() -> None:
    token, secret = create_token("backup", ["read"])
    kept = repr(ApiToken.objects.filter(pk=token.pk).values().get())
    assert digest_of(secret) in kept
    assert secret[len(token.beginning) :] not in kept
    assert secret.startswith(token.beginning)


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", ""]])
def test_a_token_has_scopes_that_exist(scopes: list[str]) -> None:
    with pytest.raises(ValueError, match="metrics:read"):
        create_token("none", scopes)


def test_unknown_revoked_and_expired_tokens_and_those_of_former_accounts_are_refused() -> None:
    token, secret = create_token("short", ["read"], expires_at=NOW)
    assert usable_token(secret, NOW - timedelta(seconds=1)) == token
    with pytest.raises(TokenRefused, match="expired"):
        usable_token(secret, NOW)
    revoke(token, NOW - timedelta(hours=1))
    with pytest.raises(TokenRefused, match="revoked"):
        usable_token(secret, NOW - timedelta(seconds=1))
    with pytest.raises(TokenRefused, match="not known"):
        usable_token(secret[:-1], NOW)
    owner = User.objects.create_user("ada", is_active=False)
    with pytest.raises(TokenRefused, match="switched off"):
        usable_token(create_token("ada's", ["read"], owner=owner)[1], NOW)


def test_a_bound_token_whose_projects_are_gone_reads_nothing() -> None:
    project = Project.objects.create(key="/a", slug="a", name="a")
    _, secret = create_token("bound", ["read"], projects=[project])
    assert usable_token(secret, NOW).project_ids == frozenset({project.pk})
    project.delete()
    assert usable_token(secret, NOW).project_ids == frozenset()
    assert create_token("free", ["read"])[0].project_ids is None


def test_a_use_is_noted_once_a_minute() -> None:
    token, _ = create_token("script", ["read"])
    noted = []
    for seconds in (0, 59, 60, 61):
        token.refresh_from_db()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            note_use(token, NOW + timedelta(seconds=seconds))
        noted.append(any("UPDATE" in query["sql"] for query in queries))
    assert noted == [True, False, True, False]


def test_scopes_imply_weaker_ones() -> None:
    held = {scope: {needed for needed in Scope.values if grants([scope], needed)} for scope in Scope.values}
    assert held == {
        "metrics:read": {"metrics:read"},
        "read": {"read", "metrics:read"},
        "write": {"write", "read", "metrics:read"},
        "ingest": {"ingest"},
        "admin": set(Scope.values),
    }


def test_every_route_says_what_it_needs() -> None:
    """A route that says nothing needs `admin`, which is safe and rarely meant: `scopes.py` is the place."""
    silent = [
        (route, method)
        for route, methods in api_routes().items()
        for method in methods
        if route not in OPEN_ROUTES and method not in NEEDED.get(route, {})
    ]
    assert silent == []


def test_what_is_not_declared_needs_everything() -> None:
    assert {scope_needed("brand/new", method) for method in METHODS} == {Scope.ADMIN}
    assert scope_needed("sessions", "DELETE") == Scope.ADMIN
    assert scope_needed("sessions/", "HEAD") == Scope.READ


def concrete(route: str) -> str:
    return below_root(re.sub(r"<[^>]+>", "nothing-of-this-name", route))


@pytest.mark.parametrize("mode", ["local", "team"])
def test_every_route_holds_tokens_to_their_scopes(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With each single scope, every route and method answers as its declaration says, in the one error shape."""
    monkeypatch.setattr("telemetry_site.sync_api.ask_for_sync", lambda now: True)
    secrets = {scope: create_token(scope, [scope])[1] for scope in Scope.values}
    wrong = []
    with override_settings(IS_TEAM=mode == "team"):
        for route, methods in api_routes().items():
            if route in OPEN_ROUTES:
                continue
            for method in methods:
                for scope, secret in secrets.items():
                    answer = ask(concrete(route), secret, method)
                    allowed = grants([scope], scope_needed(route, method))
                    if (answer.status_code in (401, 403)) == allowed or answer.status_code >= 500:
                        wrong.append((route, method, scope, answer.status_code))
                    if not allowed and set(answer.json()) != {"detail", "errors"}:
                        wrong.append((route, method, scope, answer.content))
    assert wrong == []


@pytest.mark.parametrize("mode", ["local", "team"])
def test_every_route_refuses_tokens_that_are_not_valid(mode: str) -> None:
    with override_settings(IS_TEAM=mode == "team"):
        for route in set(api_routes()) - OPEN_ROUTES:
            answer = ask(concrete(route), "al_r_guess")
            # Too many of them, from one address, are told to wait.
            assert answer.status_code in (401, 429), route


def test_without_a_token_local_mode_answers_and_team_mode_asks_for_one() -> None:
    assert ask("/api/projects").status_code == 200
    with override_settings(IS_TEAM=True):
        for route in set(api_routes()) - OPEN_ROUTES:
            answer = ask(concrete(route))
            assert answer.status_code == 401, route
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert ask("/api/health").status_code == 200


def test_refusals_say_what_is_missing() -> None:
    refused = ask("/api/projects", "al_r_guess")
    assert refused.json() == {"detail": "This token is not known here.", "errors": {}}
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="Agent Ledger"'
    missing = ask("/api/projects", create_token("scraper", ["metrics:read"])[1])
    assert missing.status_code == 403
    assert "scope read" in missing.json()["detail"]
    assert 'error="insufficient_scope", scope="read"' in missing.headers["WWW-Authenticate"]


def test_a_token_in_the_address_is_no_token() -> None:
    """Addresses stand in logs and histories."""
    _, secret = create_token("script", ["read"])
    with override_settings(IS_TEAM=True):
        for name in ("token", "access_token", "authorization"):
            answer = ask(f"/api/projects?{name}={secret}")
            assert answer.status_code == 401
            assert secret not in answer.text


def test_guessing_has_to_wait_and_a_valid_token_never_does() -> None:
    _, secret = create_token("script", ["read"])
    answers = [ask("/api/projects", f"al_r_{n}") for n in range(TOKENS_BY_ADDRESS.failures + 1)]
    assert {answer.status_code for answer in answers[:-1]} == {401}
    assert answers[-1].status_code == 429
    assert 3590 <= int(answers[-1].headers["Retry-After"]) <= 3600
    assert answers[-1].json()["errors"] == {}
    assert ask("/api/projects", secret).status_code == 200


def test_an_unchanged_answer_is_kept_back_from_a_token_that_may_not_have_it() -> None:
    token, secret = create_token("script", ["read"])
    first = ask("/api/projects", secret)
    stale = {"if-none-match": first.headers["ETag"]}
    assert ask("/api/projects", secret, headers=stale).status_code == 304
    # Another asker, however much alike, never has the same version; neither has the same one with other rights.
    assert ask("/api/projects", create_token("twin", ["read"])[1], headers=stale).status_code == 200
    assert ask("/api/projects", headers=stale).status_code == 200
    ApiToken.objects.filter(pk=token.pk).update(every_project=False)
    assert ask("/api/projects", secret, headers=stale).status_code == 200
    ApiToken.objects.filter(pk=token.pk).update(scopes=["metrics:read"])
    assert ask("/api/projects", secret, headers=stale).status_code == 403
    revoke(token, timezone.now())
    assert ask("/api/projects", secret, headers=stale).status_code == 401


def test_other_schemes_are_not_ours_to_judge() -> None:
    """A proxy may ask for a password of its own and pass it on."""
    assert ask("/api/projects", headers={"authorization": "Basic YTpi"}).status_code == 200
