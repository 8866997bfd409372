"""Settings from the environment: good values, and one sentence for each bad one."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from telemetry_site import env
from telemetry_site.env import SettingError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("value", ["1", "true", "YES", " on "])
def test_flag_takes_the_usual_words_for_yes(value: str) -> None:
    assert env.flag({"X": value}, "X") is True


@pytest.mark.parametrize("value", ["0", "False", "no", "off"])
def test_flag_takes_the_usual_words_for_no(value: str) -> None:
    assert env.flag({"X": value}, "X", default=True) is False


def test_an_empty_variable_counts_as_unset() -> None:
    assert env.flag({"X": ""}, "X", default=True) is True
    assert env.choice({"X": " "}, "X", ("a", "b"), default="b") == "b"
    assert env.time_zone({"X": ""}, "X", default="UTC") == "UTC"


def test_hosts_are_split_and_lowered() -> None:
    environ = {"X": "Ledger.Example.org, 10.0.0.5,,[::1]"}
    assert env.hosts(environ, "X") == ["ledger.example.org", "10.0.0.5", "[::1]"]


def test_directory_expands_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert env.directory({"X": "~/data"}, "X", default=Path("/d")) == Path("/home/ada/data")
    assert env.directory({}, "X", default=Path("/d")) == Path("/d")


BAD_VALUES: list[tuple[Callable[[dict[str, str]], object], str, str]] = [
    (lambda e: env.flag(e, "X"), "perhaps", "must be one of 1, true, yes"),
    (lambda e: env.choice(e, "X", ("local", "team"), default="local"), "prod", "must be one of local, team"),
    (lambda e: env.time_zone(e, "X", default="UTC"), "Mars/Base", "IANA time zone"),
    (lambda e: env.time_zone(e, "X", default="UTC"), "../../etc/passwd", "IANA time zone"),
    (lambda e: env.hosts(e, "X"), "https://a.example", "exact host names"),
    (lambda e: env.hosts(e, "X"), "*.example", "exact host names"),
    (lambda e: env.hosts(e, "X"), "a.example:80", "exact host names"),
    (lambda e: env.directory(e, "X", default=Path("/")), "relative/path", "absolute path"),
    (lambda e: env.directory(e, "X", default=Path("/")), "/etc/passwd", "must be a folder"),
    (lambda e: env.count(e, "X"), "0", "whole number from 1 on"),
    (lambda e: env.count(e, "X"), "a dozen", "whole number from 1 on"),
    (lambda e: env.file(e, "X"), "/nowhere/prices.toml", "a file that exists"),
    (lambda e: env.database(e, "X", default=Path("/")), "mysql://db/ledger", "postgresql://user"),
    (lambda e: env.database(e, "X", default=Path("/")), "ledger.sqlite3", "sqlite:////absolute/path"),
]


@pytest.mark.parametrize(("read", "value", "accepted"), BAD_VALUES)
def test_a_wrong_value_is_one_sentence_with_name_value_and_what_is_accepted(
    read: Callable[[dict[str, str]], object], value: str, accepted: str
) -> None:
    with pytest.raises(SettingError) as caught:
        read({"X": value})
    sentence = str(caught.value)
    assert "X " in sentence
    assert value in sentence
    assert accepted in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_database_defaults_to_a_file(tmp_path: Path) -> None:
    found = env.database({}, "DATABASE_URL", default=tmp_path / "ledger.sqlite3")
    assert found == {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "ledger.sqlite3")}


def test_database_takes_postgresql() -> None:
    found = env.database({"D": "postgresql://ada:pw@db.example:5433/ledger"}, "D", default=Path("/x"))
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", 5433, "ledger")


@pytest.mark.parametrize("url", ["mysql://ada:hunter2@db/ledger", "postgresql://ada:hunter2@db:many/ledger"])
def test_a_database_password_is_never_repeated(url: str) -> None:
    with pytest.raises(SettingError) as caught:
        env.database({"DATABASE_URL": url}, "DATABASE_URL", default=Path("/x"))
    assert "hunter2" not in str(caught.value)
    assert "ada:***@db" in str(caught.value)


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "secret-key"
    first = env.secret_key({}, "K", stored_in=path)
    assert len(first) >= 50
    assert env.secret_key({}, "K", stored_in=path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["secret-key"]


def test_a_given_key_needs_no_file(tmp_path: Path) -> None:
    assert env.secret_key({"K": "k" * 32}, "K", stored_in=tmp_path / "secret-key") == "k" * 32
    assert list(tmp_path.iterdir()) == []


def test_a_short_key_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="K has 6 characters") as caught:
        env.secret_key({"K": "hunter"}, "K", stored_in=tmp_path / "secret-key")
    assert "hunter" not in str(caught.value)


def test_a_damaged_key_file_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("")
    with pytest.raises(SettingError, match="holds no usable key"):
        env.secret_key({}, "K", stored_in=tmp_path / "secret-key")


def test_the_data_folder_is_made_private(tmp_path: Path) -> None:
    path = env.private_directory(tmp_path / "a" / "b", setting="X")
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match=r"cannot be created .*X must name a folder"):
        env.private_directory(tmp_path / "file" / "below", setting="X")


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": "telemetry_site.settings"} | variables
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", ["check", "up"])
def test_the_command_line_says_the_sentence_and_nothing_else(command: str) -> None:
    done = manage(command, TELEMETRY_MODE="prod")
    assert done.returncode == 1
    assert done.stderr == "agent-ledger: TELEMETRY_MODE is 'prod'; it must be one of local, team.\n"


def test_everything_the_program_writes_is_private(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = manage("migrate", "--verbosity=0", TELEMETRY_DATA_DIR=str(data), DATABASE_URL="")
    assert done.returncode == 0, done.stderr
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in data.iterdir()}
    assert modes["agent-ledger.sqlite3"] == 0o600
    assert modes["secret-key"] == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_a_mail_server_is_one_address() -> None:
    told = env.mail({"X": "smtps://ada:p%40ss@mail.example.org?from=ledger@example.org"}, "X")
    [server] = told.mailers.values()
    assert told.sender == "ledger@example.org"
    expected = {"host": "mail.example.org", "port": 465, "username": "ada", "password": "p@ss"}
    assert server["OPTIONS"].items() >= expected.items()
    assert (server["OPTIONS"]["use_ssl"], server["OPTIONS"]["use_tls"]) == (True, False)
    starttls = env.mail({"X": "smtp://ledger%40example.org:secret@10.0.0.5:2525"}, "X")
    assert starttls.mailers["default"]["OPTIONS"]["use_tls"] and starttls.sender == "ledger@example.org"
    assert env.mail({}, "X").mailers == {}


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://ada:hunter2@mail.example.org?from=a@b.org",
        "smtp://ada:hunter2",
        "smtp://ada:hunter2@mail.example.org",
        "smtp://ada:hunter2@mail.example.org:99999?from=a@b.org",
        "smtp://ada:hunter2@[mail?from=a@b.org",
        "smtp://ada:hunter2@mail.example.org/inbox?from=a@b.org",
        "smtp://ada:hunter2@mail.example.org?from=a@b.org&tls=no",
        "smtp://ada:hunter2@?from=a@b.org",
    ],
)
def test_what_is_no_mail_server_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(
        SettingError, match="X is not the address of a mail server; it must look like"
    ) as caught:
        env.mail({"X": url}, "X")
    assert "hunter2" not in str(caught.value)
