"""How long log-ins last, and how they end."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client, override_settings
from django.utils import timezone

from telemetry_site.access.session_age import BEGAN, LONGEST, RENEWED
from telemetry_site.tests.people import person

pytestmark = [pytest.mark.django_db]

PASSWORD = "correct horse battery staple"


def log_in(name: str = "ada", **more: str) -> Client:
    client = Client(headers={"host": "localhost"})
    client.post("/login", {"username": name, "password": PASSWORD} | more)
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.fixture(autouse=True)
def ada() -> User:
    return person("ada", "viewer", everywhere=True)


def test_the_page_logs_in_without_staff_status_and_leads_nowhere_else() -> None:
    client = Client(headers={"host": "localhost"})
    wrong = client.post("/login", {"username": "ada", "password": "wrong"})
    assert wrong.status_code == 200 and "wrong" not in wrong.text and not is_in(client)
    before = client.session.session_key
    asked = {"username": "ada", "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/login", asked)["Location"] == "/"
    assert is_in(client) and client.session.session_key != before
    assert client.get("/logout").status_code == 405
    client.post("/logout")
    assert not is_in(client)


def test_a_log_in_ends_after_a_week_without_use_and_a_month_in_any_case() -> None:
    client = log_in()
    assert client.session.get_expiry_age() == 7 * 86_400
    client.get("/login")
    first = client.session[RENEWED]
    session = client.session
    session[RENEWED] = first - timedelta(hours=2).total_seconds()
    session.save()
    client.get("/login")
    assert client.session[RENEWED] >= first  # used: the week begins anew
    session = client.session
    session[BEGAN] = timezone.now().timestamp() - LONGEST.total_seconds() - 1
    session.save()
    client.get("/login")
    assert not is_in(client)


@override_settings(IS_TEAM=True)
def test_all_log_ins_of_an_account_end_at_once_and_others_stay() -> None:
    person("ben", "viewer", everywhere=True)
    here, there, other = log_in(), log_in(), log_in("ben")
    assert here.post("/logout/everywhere")["Location"] == "/login"
    assert [is_in(client) for client in (here, there, other)] == [False, False, True]
    assert Session.objects.count() == 1


def test_another_password_ends_the_other_log_ins() -> None:
    here, there = log_in(), log_in()
    new = "another horse battery staple"
    asked = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert (
        here.post("/password", asked | {"new_password1": "short", "new_password2": "short"}).status_code
        == 200
    )
    assert here.post("/password", asked).status_code == 302
    assert here.get("/password").status_code == 200
    assert there.get("/password").status_code == 302
