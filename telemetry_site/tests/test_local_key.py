"""A machine with other users: one link lets one browser in, and everybody else gets nothing."""

from __future__ import annotations

import pwd
import stat
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from telemetry_site.access.local_key import COOKIE, new_link
from telemetry_site.access.neighbours import notice_of_others, other_people
from telemetry_site.access.tokens import create_token
from telemetry_site.tests.asking import ask

pytestmark = pytest.mark.django_db

EVERYWHERE = ("/", "/sessions", "/api/projects", "/metrics", "/admin/login/", "/nowhere", "/login")


@pytest.fixture
def linked(tmp_path: Path) -> Iterator[Path]:
    with override_settings(TELEMETRY_LOCAL_AUTH="link", TELEMETRY_DATA_DIR=tmp_path):
        yield tmp_path


def browser() -> Client:
    return Client(headers={"host": "localhost"})


def test_without_a_link_nothing_is_answered_but_health(linked: Path) -> None:
    for address in EVERYWHERE:
        answer = browser().get(address)
        assert answer.status_code == 401 and "manage.py open" in answer.text, address
    assert browser().post("/tokens/new", {"name": "a"}).status_code == 401
    assert browser().get("/api/health").status_code == 200
    forged = browser()
    forged.cookies[COOKIE] = "local:1:forged"
    assert forged.get("/").status_code == 401


def test_a_link_lets_one_browser_in_once(linked: Path) -> None:
    first = new_link()
    link = new_link()
    kept = linked / "open-link"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert link.rpartition("/")[2] not in kept.read_text()
    mine, other = browser(), browser()
    assert mine.get(first).status_code == 403
    opened = mine.get(link)
    assert (opened.status_code, opened["Location"]) == (302, "/")
    assert "HttpOnly" in str(opened.cookies[COOKIE]) and "no-store" in opened["Cache-Control"]
    assert mine.get("/sessions").status_code == 200
    assert other.get(link).status_code == 403 and other.get("/sessions").status_code == 401


def test_programs_send_a_token(linked: Path) -> None:
    _, secret = create_token("prometheus", ["metrics:read"])
    assert ask("/metrics", secret).status_code == 200
    assert ask("/api/projects", secret).status_code == 403
    assert ask("/api/projects", "al_r_guess").status_code == 401
    assert ask("/sessions", secret).status_code == 401


def test_the_command_prints_another_link_where_there_are_any(linked: Path) -> None:
    out = StringIO()
    call_command("open", "--port", "9000", stdout=out)
    address = out.getvalue().strip()
    assert address.startswith("http://127.0.0.1:9000/open/")
    assert browser().get(address.removeprefix("http://127.0.0.1:9000")).status_code == 302
    with override_settings(TELEMETRY_LOCAL_AUTH="off"), pytest.raises(CommandError, match="link"):
        call_command("open")


def test_start_up_tells_of_other_people_and_not_of_services() -> None:
    def account(name: str, uid: int, shell: str) -> pwd.struct_passwd:
        return pwd.struct_passwd((name, "x", uid, uid, "", f"/home/{name}", shell))

    accounts = [
        account("root", 0, "/bin/bash"),
        account("ada", 1000, "/bin/bash"),
        account("ben", 1001, "/bin/zsh"),
        account("daemon", 1002, "/usr/sbin/nologin"),
        account("nobody", 65534, "/bin/sh"),
    ]
    assert other_people(accounts, own=1000) == ["ben"]
    told = notice_of_others("local", "off", ["ben"])
    assert told is not None and "TELEMETRY_LOCAL_AUTH=link" in told
    quiet: list[tuple[str, str, list[str]]] = [
        ("local", "link", ["ben"]),
        ("team", "off", ["ben"]),
        ("local", "off", []),
    ]
    assert [notice_of_others(*each) for each in quiet] == [None] * 3
