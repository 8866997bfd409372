"""To somebody who is a member of one project, the others might as well not exist, on any page.

Every page that reads, as the URL configuration has it, is asked twice by the same viewer: while the own project is
the only one, and after another came with sessions, plans, alerts and relations to the first. Nothing of it may be
seen, no figure may change, and its addresses are answered like those of nothing.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client, override_settings
from django.urls import get_resolver

from sessions.models import Project
from sessions.tests import samples as s
from telemetry_site.access.roles import NEEDED, Need
from telemetry_site.tests.asking import routes
from telemetry_site.tests.people import logged_in, person
from telemetry_site.tests.test_bound_tokens import Names, alert, relate, told_of, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("team")]

# What differs from one answer to the next: words against forgery, moments, and the freshness that all may know.
OF_THE_MOMENT = re.compile(
    r'name="csrfmiddlewaretoken" value="\w+"|<time[^>]*>[^<]*</time>|<span>(Last read|Latest entry)[^\n]*'
    r"|Written by Agent Ledger on [^\n]*|written_at: [^\n]*|as of [^<]*|\d+ (seconds?|minutes?|ms)\b"
)
FIXED = {"seq": ["1"], "number": ["0"], "way": ["next"], "kind": ["prompt"]}
QUERIES = {
    "session-list": ("?include_subagents=true", "?q=zwieback", "?project=zwieback"),
    "session-detail": ("?q=zwieback",),
    "search": ("?q=zwieback", "?q=do", "?q=do&project=zwieback"),
    "go": ("?q=zwieback", "?q=engine"),
    "dashboard": ("?period=all", "?period=all&project=zwieback"),
    "explore": ("?period=all&by=project", "?period=all&metric=task_velocity", "?period=all&project=zwieback"),
    "correlation": ("?period=all",),
    "compare": ("?a_start=2026-01-01&a_end=2026-02-01",),
    "flow": ("?period=all",),
    "feature-list": ("?view=list", "?project=zwieback"),
    "file-history": ("?path=/home/ada&project=zwieback",),
    "live-sessions": ("?project=zwieback",),
    "session-html": ("?subagents=true",),
}


@pytest.fixture
def team() -> Iterator[None]:
    with override_settings(IS_TEAM=True):
        yield


def reading_pages() -> dict[str, str]:
    """{name: route} of every page that somebody who only reads, or a member, may ask for."""
    return {
        str(pattern.name): route
        for route, pattern in routes(get_resolver())
        if NEEDED.get(str(pattern.name), {}).get("GET", Need.SITE) in (Need.VIEWER, Need.MEMBER)
    }


def addresses(*worlds: Names) -> Iterator[str]:
    for name, route in reading_pages().items():
        for place in _places("/" + route, worlds):
            yield place
            yield from (place + query for query in QUERIES.get(name, ()))


def _places(route: str, worlds: tuple[Names, ...]) -> Iterator[str]:
    parts = re.findall(r"<\w+:(\w+)>", route)
    for world in worlds:
        filled = [route]
        for part in parts:
            values = FIXED.get(part) or _keys(world, part)
            filled = [re.sub(rf"<\w+:{part}>", value, each) for each in filled for value in values]
        yield from filled
        if not parts:
            return


def _keys(world: Names, part: str) -> list[str]:
    """The names that pages use: those of the API, and keys alone where the API takes words as well."""
    if part == "public_id":
        return [world.session, world.subagent]
    return [name for name in world.of_part(part) if part in ("alert_id", "channel_id") or name.isdecimal()]


def answers(client: Client, asked: list[str]) -> dict[str, tuple[int, str]]:
    found = {}
    for address in asked:
        answer = client.get(address)
        text = answer.getvalue().decode("utf-8", "replace")
        found[address] = (answer.status_code, OF_THE_MOMENT.sub("", text))
    return found


def test_a_viewer_learns_nothing_of_other_projects(tmp_path: Path) -> None:
    mine = work(tmp_path, "engine", slug="passkey-login-v1", model=s.MODEL)
    (project,) = Project.objects.all()
    member = logged_in(person("ada", "member", project))
    before = answers(member, [*addresses(mine)])
    assert {status for status, _ in before.values()} <= {200, 301, 302, 404}
    foreign = work(tmp_path, "zwieback", slug="zwieback-crumbs-v1", model="acme-crumbs-1")
    relate(foreign, mine)
    alert("zwieback-everywhere", None)

    asked = [*addresses(mine, foreign)]
    seen = answers(member, asked)
    leaking = {address: told_of(foreign, seen[address][1], address) for address in asked}
    assert {address: words for address, words in leaking.items() if words} == {}
    changed = [address for address in before if seen[address] != before[address]]
    assert changed == []
    strange = [address for address in asked if address not in before]
    assert {address: seen[address][0] for address in strange} == dict.fromkeys(strange, 404)
    # The check can fail: an administrator is told of the other project, on all of its own pages.
    admin = answers(logged_in(person("grace", "admin", everywhere=True)), strange)
    assert {status for status, _ in admin.values()} <= {200, 301, 302, 404}
    assert sum(status != 404 for status, _ in admin.values()) > 0.8 * len(strange)
