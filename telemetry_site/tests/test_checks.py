"""Settings that do not go together are refused by id, before anything is served."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "TELEMETRY_MODE": "team",
    "TELEMETRY_SECRET_KEY": "0123456789abcdef" * 4,
    "TELEMETRY_ALLOWED_HOSTS": "ledger.example",
    "TELEMETRY_TRUSTED_PROXY": "yes",
}


def python(*arguments: str, data: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    data.mkdir(mode=0o700, exist_ok=True)
    environ = os.environ | {
        "DJANGO_SETTINGS_MODULE": "telemetry_site.settings",
        "TELEMETRY_DATA_DIR": str(data),
        "DATABASE_URL": "",
    }
    # The browser tests need it, a server must not have it.
    environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environ | variables,
        capture_output=True,
        text=True,
        check=False,
        # One that starts after all would serve for ever.
        timeout=300,
    )


def test_the_settings_of_the_suite_are_in_order() -> None:
    assert run_checks(tags=["telemetry"]) == []


def test_a_first_start_has_nothing_to_complain_of(tmp_path: Path) -> None:
    done = python("manage.py", "check", data=tmp_path / "d", variables={"TELEMETRY_MAIL": ""})
    assert done.stderr == ""
    assert "no issues" in done.stdout


@pytest.mark.parametrize("more", [{}, {"TELEMETRY_ADMIN": "no"}])
def test_a_complete_team_server_passes_djangos_deployment_checks(
    tmp_path: Path, more: dict[str, str]
) -> None:
    done = python(
        *("manage.py", "check", "--deploy", "--fail-level=WARNING"),
        data=tmp_path / "d",
        variables=COMPLETE | {"TELEMETRY_MAIL": ""} | more,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"TELEMETRY_SECRET_KEY": ""}, "telemetry.E001"),
        ({"TELEMETRY_ALLOWED_HOSTS": ""}, "telemetry.E002"),
        ({"TELEMETRY_DEBUG": "yes"}, "telemetry.E003"),
        ({"TELEMETRY_INSECURE_HTTP": "yes"}, "telemetry.E004"),
        ({"TELEMETRY_TRUSTED_PROXY": ""}, "telemetry.E005"),
    ],
)
def test_an_incomplete_team_server_starts_neither_by_command_nor_by_hand(
    tmp_path: Path, variables: dict[str, str], expected: str
) -> None:
    by_command = python("manage.py", "up", data=tmp_path / "d", variables=COMPLETE | variables)
    by_hand = python("-c", "import telemetry_site.wsgi", data=tmp_path / "d", variables=COMPLETE | variables)
    assert by_command.returncode == 1
    assert expected in by_command.stderr
    assert by_hand.returncode == 1
    assert expected in by_hand.stderr


def test_cookies_of_a_team_server(tmp_path: Path) -> None:
    script = (
        "from django.conf import settings as s\n"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.COLUMNS_COOKIE_NAME,"
        " s.SESSION_COOKIE_SECURE and s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY,"
        " s.SESSION_COOKIE_SAMESITE, s.CSRF_COOKIE_SAMESITE, s.SECURE_HSTS_SECONDS)\n"
    )
    done = python("-c", script, data=tmp_path / "d", variables=COMPLETE)
    names = "__Host-agent_ledger_login __Host-agent_ledger_csrf __Host-agent_ledger_columns"
    assert done.stdout.strip() == f"{names} True True Lax Lax {365 * 86_400}"


def test_names_without_a_login_are_warned_of(tmp_path: Path) -> None:
    variables = {"TELEMETRY_ALLOWED_HOSTS": "ledger.example"}
    done = python("manage.py", "check", data=tmp_path / "d", variables=variables)
    assert done.returncode == 0
    assert "telemetry.W001" in done.stderr


def test_an_open_data_folder_is_warned_of(tmp_path: Path) -> None:
    data = tmp_path / "open"
    data.mkdir()
    data.chmod(0o755)
    done = python("manage.py", "check", data=data, variables={})
    assert "telemetry.W002" in done.stderr
    assert f"chmod 700 {data}" in done.stderr


def test_pages_of_a_team_server_ask_for_a_login(tmp_path: Path) -> None:
    script = (
        "import django; django.setup()\n"
        "from django.test import Client\n"
        "here = Client(headers={'host': 'ledger.example'})\n"
        "print(here.get('/api/analytics/overview').status_code)\n"
    )
    done = python("-c", script, data=tmp_path / "d", variables=COMPLETE)
    assert done.stdout.split() == ["401"], done.stderr
