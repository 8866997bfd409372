"""Passwords cannot be tried for long: not on one account, not from one address."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory, override_settings

from telemetry_site.access.addresses import client_address
from telemetry_site.access.attempts import (
    LOGINS_BY_ACCOUNT,
    LOGINS_BY_ADDRESS,
    Limit,
    forget_failures,
    note_failure,
    seconds_to_wait,
)
from telemetry_site.models import FailedAttempt

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
THREE = Limit("test", 3)
PASSWORD = "correct horse battery staple"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password=PASSWORD, is_staff=True)


def log_in(name: str, password: str, address: str = "127.0.0.1") -> Any:
    client = Client(headers={"host": "localhost"}, REMOTE_ADDR=address)
    return client.post("/admin/login/?next=/admin/", {"username": name, "password": password})


def test_failures_count_for_an_hour_and_for_one_alone() -> None:
    for minutes in (0, 10, 20):
        assert seconds_to_wait(THREE, "ada", NOW + timedelta(minutes=minutes)) is None
        note_failure(THREE, "ada", NOW + timedelta(minutes=minutes))
    assert seconds_to_wait(THREE, "ada", NOW + timedelta(minutes=30)) == 30 * 60
    assert seconds_to_wait(THREE, "grace", NOW + timedelta(minutes=30)) is None
    assert seconds_to_wait(THREE, "ada", NOW + timedelta(minutes=60)) is None
    note_failure(THREE, "ada", NOW + timedelta(minutes=60))
    assert seconds_to_wait(THREE, "ada", NOW + timedelta(minutes=61)) == 9 * 60
    forget_failures(THREE, "ada")
    assert seconds_to_wait(THREE, "ada", NOW + timedelta(minutes=61)) is None


def test_what_no_longer_counts_is_not_kept() -> None:
    note_failure(THREE, "ada", NOW)
    note_failure(THREE, "grace", NOW + timedelta(hours=1))
    assert FailedAttempt.objects.count() == 1


def test_an_account_is_closed_after_ten_failures_even_to_the_right_password(ada: User) -> None:
    """From ever new addresses, and whatever the spelling."""
    for n in range(LOGINS_BY_ACCOUNT.failures):
        assert log_in("ADA " if n % 2 else "ada", f"guess {n}", f"192.0.2.{n}").status_code == 200
    refused = log_in("ada", PASSWORD, "192.0.2.99")
    assert refused.status_code == 429
    assert 3590 <= int(refused.headers["Retry-After"]) <= 3600
    assert "60 minutes" in refused.text
    assert log_in("grace", "guess", "192.0.2.99").status_code == 200


def test_an_address_is_closed_after_twenty_failures_on_ever_new_accounts(ada: User) -> None:
    for n in range(LOGINS_BY_ADDRESS.failures):
        assert log_in(f"user{n}", "guess").status_code == 200
    assert log_in("ada", PASSWORD).status_code == 429
    assert log_in("ada", PASSWORD, "192.0.2.1").status_code == 302


def test_a_log_in_that_succeeds_makes_good_an_accounts_failures(ada: User) -> None:
    for n in range(LOGINS_BY_ACCOUNT.failures - 1):
        log_in("ada", f"guess {n}")
    assert log_in("ada", PASSWORD).status_code == 302
    assert log_in("ada", "guess").status_code == 200


def test_no_name_and_no_password_is_kept(ada: User) -> None:
    log_in("ada", "a guess")
    kept = repr(list(FailedAttempt.objects.values_list("counted", flat=True)))
    assert "ada" not in kept and "guess" not in kept and "127.0.0.1" not in kept


@pytest.mark.parametrize(
    ("declared", "forwarded", "expected"),
    [
        (False, "198.51.100.7", "127.0.0.1"),
        (True, "198.51.100.7", "198.51.100.7"),
        (True, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (True, "", "127.0.0.1"),
    ],
)
def test_an_address_is_told_by_the_declared_proxy_alone(
    declared: bool, forwarded: str, expected: str
) -> None:
    request = RequestFactory().get("/", headers={"x-forwarded-for": forwarded})
    with override_settings(TELEMETRY_TRUSTED_PROXY=declared):
        assert client_address(request) == expected
