"""To a token that is bound to a project, the others might as well not exist.

Every GET route of the API, as the URL configuration has it, is asked twice by the same bound token: while its
project is the only one, and after another one came with sessions, plans and relations to the first. The answers must
be the same to the byte. A route, a part of a path or a required parameter that this page does not know fails it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.urls import resolve
from django.utils import timezone

from alerts.models import AlertRule, Channel, Delivery, Notification, Silence
from alerts.tests.fired import fired_rule
from analytics.rollups import roll_up
from analytics.tests import passkey_plans as planned
from sessions.models import AgentSession, Project, ToolCall
from sessions.tests import samples as s
from sessions.tests.fake_secrets import fake
from tasks.linking import link_all
from tasks.models import Document, Feature, ProjectTask
from tasks.roots import add_manual_root
from telemetry_site.access.scopes import OPEN_ROUTES
from telemetry_site.access.tokens import create_token
from telemetry_site.pipeline import sync
from telemetry_site.tests.asking import api_routes, ask, below_root

pytestmark = pytest.mark.django_db

# Lines about the moment of asking, and how many requests the server has answered so far.
OF_THE_MOMENT = re.compile(r"agent_ledger_http_|^written_at: |Written by Agent Ledger on ")
# Answers that say the same to everyone.
THE_SAME_FOR_ALL = {"api/schema", "api/analytics/alerts/presets"}


@dataclass
class Names:
    """What stands for each part of a path, and for parameters that name something."""

    project: str
    session: str
    subagent: str
    features: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    silences: list[str] = field(default_factory=list)

    def of_part(self, part: str) -> list[str]:
        return {
            "session_id": [self.session, f"S-{self.session}", self.subagent],
            "feature_id": self.features,
            "task_id": self.tasks,
            "document_id": self.documents,
            "alert_id": self.alerts,
            "channel_id": self.channels,
            "silence_id": self.silences,
        }[part]

    def of_parameter(self, parameter: str) -> list[str]:
        return {
            "project": [self.project],
            "session": [self.session],
            "session_id": [self.session],
            "root_session_id": [self.session],
            "feature": self.features,
            "task": self.tasks,
        }.get(parameter, [])


# Values of parameters that must be given, or that change what an answer is about.
VALUES: dict[str, list[str]] = {
    "metric": ["session_tokens", "session_count", "task_velocity", "tool_call_count"],
    "group_by": ["project", "model"],
    "dimension": ["project", "model", "tool", "feature", "branch"],
    "seq": ["1"],
    "include_subagents": ["true"],
    "subagents": ["true"],
    "format": ["csv", "ndjson"],
    "q": ["zwieback", "do"],
}
REQUIRED = {"metric": "session_tokens", "seq": "1", "q": "do"}


def work(folder: Path, name: str, *, slug: str, model: str) -> Names:
    """A project with a session, its subagent, and a plan that it serves."""
    cwd, agent = f"/home/ada/{name}", f"agent{name}"
    plan = planned.PASSKEYS.replace("passkey-login-v1", slug)
    command = f"<command-name>/dev:execute-phase</command-name><command-args>1 {plan}</command-args>"
    main = [
        s.prompt(f"{name}p", 0, name, text=command, cwd=cwd),
        s.reply(f"{name}r", 1, name, blocks=[s.call(f"toolu_{name}")], model=model, cwd=cwd),
        s.answer(f"{name}x", 2, f"toolu_{name}", name, cwd=cwd),
        s.prompt(f"{name}q", 3, name, text=f"Do the {name}: {fake('npm_token', len(name))}", cwd=cwd),
    ]
    side = [
        s.side(s.prompt(f"{name}sp", 1, name, cwd=cwd), agent),
        s.side(s.reply(f"{name}sr", 2, name, cwd=cwd), agent),
    ]
    files = {s.main_path(name): s.lines(main), s.agent_path(agent, name): s.lines(side)}
    kept = f"{s.FOLDER}/{s.uid(name)}/tool-results/{name}.txt"
    files[kept] = fake("npm_token", len(name)).encode()
    s.write(folder / name, {path.replace("engine", name): text for path, text in files.items()})
    sync([folder / name], now=planned.NOW)
    root = planned.write_plans(folder / f"{name}-plans")
    for path in root.rglob("*.md"):
        text = path.read_text().replace("passkey-login-v1", slug).replace("PK-", f"{name[:2].upper()}-")
        path.write_text(f"{text}\nKey: {fake('stripe_key', len(name))}\n")
    for path in [p for p in root.rglob("*") if "passkey-login-v1" in p.name]:
        path.rename(path.with_name(path.name.replace("passkey-login-v1", slug)))
    add_manual_root(str(root), name)
    sync([folder / name], now=planned.NOW)
    link_all()
    roll_up()
    project = Project.objects.get(name=name)
    alert(f"{name}-alert", project)
    return names_in(project)


def alert(name: str, project: Project | None) -> None:
    """A rule that has fired and said so, and is paused since: another evaluation would change what it says."""
    rule = fired_rule(name, project, at=planned.NOW, subject=name, is_active=False)
    event = rule.events.get()
    if project is not None:
        address = f"https://{name}.example.org/hook"
        channel = Channel.objects.create(
            public_id=f"{name}-channel", name=name, kind="webhook", target=address, project=project
        )
        Delivery.objects.create(event=event, channel=channel, not_before=planned.NOW, created_at=planned.NOW)
        begins, ends = planned.NOW, planned.NOW + timedelta(days=1)
        Silence.objects.create(rule=rule, starts_at=begins, ends_at=ends, comment=f"{name} rests")


def names_in(project: Project) -> Names:
    mine = AgentSession.objects.filter(project=project)
    features = list(Feature.objects.filter(project=project).values_list("slug", "pk"))
    tasks = list(ProjectTask.objects.filter(project=project).values_list("raw_id", "pk"))
    assert features and tasks
    return Names(
        project.slug,
        mine.get(agent_id="").public_id,
        mine.exclude(agent_id="").get().public_id,
        [str(name) for names in features for name in names],
        [str(name) for names in tasks for name in names],
        [str(pk) for pk in Document.objects.filter(project=project).values_list("pk", flat=True)],
        [rule.public_id for rule in AlertRule.objects.filter(project=project)],
        [channel.public_id for channel in Channel.objects.filter(project=project)],
        [str(silence.pk) for silence in Silence.objects.filter(rule__project=project)],
    )


def relate(foreign: Names, mine: Names) -> None:
    """Make the foreign sessions subagents and forks of the own one, started by its call, and an own one theirs."""
    trunk = AgentSession.objects.get(public_id=mine.session)
    started = ToolCall.objects.get(owner=trunk).pk
    for name in (foreign.session, foreign.subagent):
        AgentSession.objects.filter(public_id=name).update(
            root=trunk, parent=trunk, forked_from=trunk, spawned_by=started
        )
    origin = AgentSession.objects.get(public_id=foreign.session)
    AgentSession.objects.filter(public_id=mine.subagent).update(forked_from=origin)


def addresses(description: dict[str, Any], *worlds: Names) -> Iterator[str]:
    """Every GET route, with what stands in its path, plain and with each parameter it knows."""
    for route, methods in api_routes().items():
        if "GET" not in methods or route in OPEN_ROUTES:
            continue
        path = re.sub(r"<\w+:(\w+)>", r"{\1}", route)
        parameters = description["paths"].get(f"/api/{path}", {}).get("get", {}).get("parameters", [])
        asked = [p["name"] for p in parameters if p["in"] == "query"]
        must = {
            p["name"]: REQUIRED[p["name"]] for p in parameters if p["in"] == "query" and p.get("required")
        }
        for place in _places(path, worlds):
            yield _address(place, must)
            for name in asked:
                for value in (
                    *VALUES.get(name, ()),
                    *(v for world in worlds for v in world.of_parameter(name)),
                ):
                    yield _address(place, must | {name: value})


def _places(path: str, worlds: tuple[Names, ...]) -> list[str]:
    parts = re.findall(r"{(\w+)}", path)
    if not parts:
        return [path]
    assert len(parts) == 1, f"{path} has several parts"
    return [
        path.replace("{" + parts[0] + "}", value) for world in worlds for value in world.of_part(parts[0])
    ]


def _address(path: str, query: dict[str, str]) -> str:
    return below_root(path) + (
        "?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else ""
    )


def answers(asked: list[str], secret: str = "") -> dict[str, tuple[int, str]]:
    return {address: _told(ask(address, secret)) for address in asked}


def _told(answer: Any) -> tuple[int, str]:
    """Status and text, without moments."""
    text = answer.getvalue().decode()
    if answer.headers["Content-Type"].startswith("application/json"):
        body = json.loads(text)
        for name in ("generatedAt", "lastSyncAt", "startedAt", "finishedAt"):
            if isinstance(body, dict) and ("kpis" in body or "equation" in body):
                body.pop(name, None)
        text = json.dumps(body, sort_keys=True)
    lines = (line for line in text.splitlines() if not OF_THE_MOMENT.search(line))
    return answer.status_code, "\n".join(lines)


def test_a_bound_token_learns_nothing_of_other_projects(tmp_path: Path) -> None:
    mine = work(tmp_path, "engine", slug="passkey-login-v1", model=s.MODEL)
    (project,) = Project.objects.all()
    _, secret = create_token("bound", ["read"], projects=[project])
    # The keys that the other project's rows will have are not known yet: they are asked for as well, afterwards.
    before = answers([*addresses(description(), mine)], secret)

    foreign = work(tmp_path, "zwieback", slug="zwieback-crumbs-v1", model="acme-crumbs-1")
    relate(foreign, mine)
    alert("zwieback-everywhere", None)

    asked = [*addresses(description(), mine, foreign)]
    seen = answers(asked, secret)
    assert {address: seen[address] for address in before} == before
    leaking = [address for address, (_, text) in seen.items() if told_of(foreign, text, address)]
    assert leaking == []
    # What names something foreign is answered as what does not exist.
    strange = {address for address in asked if address not in before}
    assert {seen[address][0] for address in strange if "/zwieback" in address} <= {404}
    unknown = {address: _told(ask(like_nothing(address, foreign), secret)) for address in strange}
    assert {address: seen[address] for address in strange} == unknown
    # The check can fail: whoever may read everything is answered otherwise, on every route.
    assert {route_of(address) for address in asked} - telling_routes(asked, seen) == THE_SAME_FOR_ALL
    assert {seen[address][0] for address in before} <= {200, 400, 404}


def telling_routes(asked: list[str], seen: dict[str, tuple[int, str]]) -> set[str]:
    """Routes on which an asker without a limit is told something else."""
    found: set[str] = set()
    for address in asked:
        if (route := route_of(address)) not in found and _told(ask(address)) != seen[address]:
            found.add(route)
    return found


def description() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(ask("/api/schema").content)
    return found


def told_of(foreign: Names, text: str, address: str) -> list[str]:
    words = ["zwieback", "acme-crumbs", foreign.session, foreign.subagent, s.uid("zwieback")]
    return [word for word in words if word in text and word not in address]


def like_nothing(address: str, foreign: Names) -> str:
    """The same question with a name that nothing has."""
    names = (
        foreign.session,
        foreign.subagent,
        foreign.project,
        *foreign.features,
        *foreign.tasks,
        *foreign.alerts,
        *foreign.channels,
    )
    for name in sorted((*names, *foreign.documents), key=len, reverse=True):
        address = re.sub(
            rf"(?<=[/=-]){re.escape(name)}(?=$|[/?&])", "999999999" if name.isdecimal() else "nobody", address
        )
    return address


def route_of(address: str) -> str:
    return resolve(address.partition("?")[0]).route


def test_a_bound_token_changes_nothing_of_other_projects(tmp_path: Path) -> None:
    mine = work(tmp_path, "engine", slug="passkey-login-v1", model=s.MODEL)
    (project,) = Project.objects.all()
    foreign = work(tmp_path, "zwieback", slug="zwieback-crumbs-v1", model="acme-crumbs-1")
    _, secret = create_token("bound", ["write"], projects=[project])

    def decide(session: str, feature: str) -> int:
        body = {"featureId": feature, "decision": "linked"}
        answer = ask(f"/api/sessions/{session}/links", secret, "POST", body=body)
        return int(answer.status_code)

    assert decide(mine.session, "passkey-login-v1") == 200
    assert decide(foreign.session, "zwieback-crumbs-v1") == 404
    assert decide(mine.session, "zwieback-crumbs-v1") == 404


def test_a_bound_token_makes_and_ends_alerts_of_its_projects_alone() -> None:
    mine, foreign = (
        Project.objects.create(key=f"/{name}", slug=name, name=name) for name in ("mine", "foreign")
    )
    for name, project in (("of-mine", mine), ("of-foreign", foreign), ("of-all", None)):
        alert(name, project)
    _, secret = create_token("bound", ["write"], projects=[mine])

    def make(name: str, **more: Any) -> int:
        body = {"name": name, "metric": "session_cost", "operator": ">", "threshold": 5} | more
        return int(ask("/api/analytics/alerts", secret, "POST", body=body).status_code)

    assert make("a", project="mine") == 201
    assert [make("b"), make("c", project="foreign"), make("d", project="nowhere")] == [400, 400, 400]
    # By name, since a rule's filter names what it watches.
    # Whether an id is taken would tell what other projects have.
    ids = [make(f"i-{name}", project="mine", id=name) for name in ("of-foreign", "of-all", "nobody")]
    assert ids == [400, 400, 400]
    watched = [make(f"w-{name}", project="mine", filters={"project": [name]}) for name in ("mine", "foreign")]
    assert watched == [201, 400]
    for name in ("of-foreign", "of-all"):
        for method in ("GET", "PATCH", "DELETE"):
            assert ask(f"/api/analytics/alerts/{name}", secret, method, body={}).status_code == 404
    rule = {"name": "p", "metric": "session_cost", "operator": ">", "threshold": 5}
    for watched_by, status in (("mine", 200), ("foreign", 400), (None, 400)):
        body = {"rule": rule | {"project": watched_by}}
        assert ask("/api/analytics/alerts/preview", secret, "POST", body=body).status_code == status
    ask("/api/analytics/notifications/read-all", secret, "POST")
    read = Notification.objects.filter(is_read=True).values_list("event__rule__public_id", flat=True)
    assert list(read) == ["of-mine"]
    assert ask("/api/analytics/alerts/of-mine", secret, "DELETE").status_code == 200


def test_a_bound_token_changes_no_channel_of_others_and_none_that_serves_all() -> None:
    mine, foreign = (
        Project.objects.create(key=f"/{name}", slug=name, name=name) for name in ("mine", "foreign")
    )
    for name, project in (("of-mine", mine), ("of-foreign", foreign)):
        alert(name, project)
    ops = {"name": "Ops", "kind": "email", "target": "ops@example.org"}
    Channel.objects.create(public_id="of-all", **ops)
    _, secret = create_token("bound", ["admin"], projects=[mine])

    def status(method: str, place: str, **body: Any) -> int:
        return int(ask(f"/api/analytics/channels{place}", secret, method, body=body or None).status_code)

    named = ("/of-mine-channel", "/of-foreign-channel", "/of-all")
    assert [status("GET", place) for place in named] == [200, 404, 200]
    assert [status("PATCH", place, name="New") for place in named] == [200, 404, 403]
    assert [status("PATCH", named[0], project=project) for project in ("foreign", None)] == [400, 403]
    made_for: list[dict[str, Any]] = [{"project": "mine"}, {"project": "foreign"}, {}]
    assert [status("POST", "", **ops, **to) for to in made_for] == [201, 400, 403]
    given_up = Delivery.objects.get(channel__public_id="of-foreign-channel")
    assert ask(f"/api/analytics/deliveries/{given_up.pk}/again", secret, "POST").status_code == 404
    assert [status("DELETE", place) for place in named] == [200, 404, 403]


def test_a_bound_token_silences_its_projects_alone() -> None:
    mine, foreign = (
        Project.objects.create(key=f"/{name}", slug=name, name=name) for name in ("mine", "foreign")
    )
    for name, project in (("of-mine", mine), ("of-foreign", foreign), ("of-all", None)):
        alert(name, project)
    Silence.objects.all().delete()
    _, secret = create_token("bound", ["write"], projects=[mine])
    ends_at = planned.NOW + timedelta(days=36_500)
    abouts: list[dict[str, Any]] = [
        {},
        {"project": foreign},
        {"rule": AlertRule.objects.get(public_id="of-foreign")},
    ]
    for about in abouts:
        Silence.objects.create(starts_at=planned.NOW, ends_at=ends_at, **about)

    def begin(**about: str) -> int:
        ends = (timezone.now() + timedelta(hours=1)).isoformat()
        answer = ask("/api/analytics/silences", secret, "POST", body={"endsAt": ends, **about})
        return int(answer.status_code)

    refused = [begin(), begin(project="foreign"), begin(alertId="of-foreign"), begin(alertId="of-all")]
    assert refused == [400] * 4 and Silence.objects.count() == 3
    for silence in Silence.objects.all():
        for method in ("GET", "DELETE"):
            assert ask(f"/api/analytics/silences/{silence.pk}", secret, method).status_code == 404
    assert (begin(project="mine"), begin(alertId="of-mine")) == (201, 201)
    assert len(ask("/api/analytics/silences", secret).json()) == 2
