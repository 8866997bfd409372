"""A history with a secret in every text of it: no page, answer, file, log or table but the archive says one of them.

Every GET route of the URL configuration is asked; a part of a path that this page does not know fails it.
"""

import json
import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.test import Client
from django.urls import get_resolver

from alerts.delivery import deliver
from alerts.evidence import session_evidence
from alerts.models import Channel
from alerts.recording import enqueue
from alerts.tests.fired import fire, fired_rule
from alerts.tests.receiver import Receiver
from analytics.tests.passkey_plans import write_plans
from sessions.models import AgentSession, ArchiveSegment, Project, SecretFinding, TranscriptEntry
from sessions.parsers.secrets.kinds import KINDS
from sessions.tests import samples as s
from sessions.tests.fake_secrets import SHAPES, fake, placed, private_key
from tasks.linking import link_all
from tasks.models import Document, Feature, ProjectTask
from tasks.roots import add_manual_root
from telemetry_site.pipeline import rebuild_all, sync
from telemetry_site.tests import ledger
from telemetry_site.tests.asking import routes
from telemetry_site.tests.filled import filled
from telemetry_site.verification import verify

pytestmark = pytest.mark.django_db

# {what is secret of it: the text it stands in}, of every kind that is known.
TEXTS = (
    {fake(shape): fake(shape) for shape in SHAPES}
    | {secret: text for text, secret in placed(3).values()}
    | {private_key().split("\n")[3]: private_key()}
)
# What a record is told by, and where it was: no words of anybody.
STRUCTURE = re.compile(
    r"uuid|id|.*[uU]uid|.*I[dD]|.*_id|type|subtype|role|timestamp|cwd|model|stop_reason|version|name|trigger|status"
    r"|file_path|data|service_tier|operation"
)
ADMIN = "admin/"
ASKED_WITH = {
    "session-line": ("", "?download"),
    "session-inline": ("",),
    "session-jump": ("?from=0",),
    "search": ("?q=token", "?q=key"),
    "go": ("?q=token",),
    "session-list": ("?q=token", "?columns=branch,cost"),
    "explore": ("?metric=tool_call_count&by=tool&period=all",),
    "dashboard": ("?period=all",),
    "api-search": ("?q=token", "?q=secret"),
    "api-session-raw": tuple(f"?seq={n}" for n in range(1, 20)),
    "api-sessions": ("?limit=100", "?format=csv"),
    "api-session-export": ("?format=json", "?format=md", "?format=html", "?format=csv"),
    "api-series": ("?metric=cost&period=all",),
    "api-breakdown": ("?metric=tool_calls&by=branch&period=all", "?metric=tokens&by=tool&period=all"),
    "api-correlation": ("?period=all",),
}


@pytest.fixture(scope="module", autouse=True)
def told(
    django_db_blocker: Any, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    with filled(django_db_blocker, lambda: _write_and_read(tmp_path_factory.mktemp("told"))):
        yield


def _write_and_read(folder: Path) -> None:
    ledger.write(folder)
    secrets = cycle(TEXTS.values())
    for path in sorted((folder / "claude").rglob("*.jsonl")):
        if "clock" not in path.stem:
            path.write_bytes(
                b"".join(_planted_line(line, secrets) for line in path.read_bytes().split(b"\n"))
            )
    for path in (folder / "claude").rglob("*.meta.json"):
        path.write_text(json.dumps(_planted(json.loads(path.read_bytes()), secrets)))
    sync([folder / "claude"], now=ledger.NOW)
    plans = {path: _planted_plan(text, secrets) for path, text in ledger.PLANS.items()}
    add_manual_root(str(write_plans(folder, plans)), "engine")
    sync([folder / "claude"], now=ledger.NOW)
    link_all()


def _planted_line(line: bytes, secrets: Iterator[str]) -> bytes:
    if not line.startswith(b'{"') or not line.endswith(b"}"):
        said = json.dumps(next(secrets)).encode() if line.strip() else b""
        return line + said + b"\n" if line else line
    return s.line(_planted(json.loads(line), secrets))


def _planted(value: Any, secrets: Iterator[str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _planted(part, secrets, name) for name, part in value.items()}
    if isinstance(value, list):
        return [_planted(part, secrets, key) for part in value]
    if isinstance(value, str) and not STRUCTURE.fullmatch(key):
        return f"{value} {next(secrets)}"
    return value


def _planted_plan(text: str, secrets: Iterator[str]) -> str:
    short = cycle(secret for secret in TEXTS.values() if "\n" not in secret and ":" not in secret)
    titled = re.sub(r"(title: [\w ]+)", lambda found: f"{found[1]} {next(short)}", text)
    return f"{titled}\n# Heading {next(short)}\n\n- [ ] Item {next(short)}\n\nWords: {next(secrets)}\n"


def clear_values(said: bytes | str) -> list[str]:
    text = said if isinstance(said, str) else said.decode("utf-8", "replace")
    return [f"{secret[:4]}…" for secret in TEXTS if secret in text]


def addresses() -> Iterator[tuple[str, str]]:
    for route, pattern in routes(get_resolver()):
        if route.startswith(ADMIN) or (route.endswith("/") and route != ""):
            continue
        for path in _filled(route):
            for query in ("", *ASKED_WITH.get(pattern.name or "", ())):
                yield str(pattern.name), f"/{path}{query}"


def _filled(route: str) -> list[str]:
    paths = [route]
    for part in re.findall(r"<(?:\w+:)?(\w+)>", route):
        pattern = re.compile(rf"<(?:\w+:)?{part}>")
        paths = [pattern.sub(str(value), path, count=1) for path in paths for value in _values(part)]
    return paths


def _values(part: str) -> list[Any]:
    first: dict[str, Any] = {
        "feature_id": Feature,
        "task_id": ProjectTask,
        "document_id": Document,
        "project_id": Project,
    }
    if part in first:
        return list(first[part].objects.values_list("pk", flat=True)[:3])
    known: dict[str, list[Any]] = {
        "public_id": [s.uid("w"), f"{s.uid('w')}:agent-abc"],
        "session_id": [s.uid("w"), f"{s.uid('w')}:agent-abc"],
        "seq": list(range(1, 10)),
        "number": [0],
        "way": ["next", "prev"],
        "kind": ["prompt", "error", "edit"],
        "code": ["nothing"],
    }
    return known.get(part, [1]) if part in known or part.endswith("_id") else pytest.fail(f"What is {part}?")


def test_no_address_says_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    client, masked, leaks = Client(headers={"host": "localhost"}), 0, []
    labels = {kind.label for kind in KINDS}
    statuses: dict[str, set[int]] = {}
    unseen = set(labels)
    for name, address in addresses():
        answer = client.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        leaks += [f"{address}: {value}" for value in clear_values(body)]
        told = {label for label in labels if b"[" + label.encode() in body}
        masked += bool(told)
        unseen -= told
        statuses.setdefault(name, set()).add(answer.status_code)
    assert leaks == []
    assert (masked > 40, unseen) == (True, set()), "the secrets were not where they were looked for"
    assert sum(200 in codes for codes in statuses.values()) > 60, statuses
    assert clear_values(caplog.text) == []


def test_no_table_but_the_archive_holds_a_secret() -> None:
    for model in apps.get_models():
        if model is not ArchiveSegment:
            rows = str(list(model._default_manager.values_list()))
            assert clear_values(rows) == [], model
    assert SecretFinding.objects.count() > 20


def test_no_search_finds_a_secret_by_its_value() -> None:
    client = Client(headers={"host": "localhost"})
    for secret in TEXTS:
        answer = client.get("/api/search", {"q": f'"{secret}"'})
        assert answer.status_code == 200
        assert answer.json()["items"] == [], secret[:4]


@pytest.mark.parametrize("kind", ["webhook", "slack", "email"])
def test_no_message_says_a_secret(kind: str, receiver: Receiver) -> None:
    session = AgentSession.objects.get(public_id=s.uid("w"))
    to = "ada@example.org" if kind == "email" else receiver.url
    hook = Channel.objects.create(
        public_id="c", name="Ops", kind=kind, target=to, secret="whsec_" + "QUJD" * 10
    )
    rule = fired_rule("budget", session.project)
    rule.channels.add(hook)
    said = f"{session.title} is dear"
    fire(rule, subject=session.public_id, message=said, evidence=session_evidence(session))
    enqueue(rule, rule.events.all(), s.START)
    assert deliver().sent == 1
    told = [body.decode() for _, body in receiver.got] + [
        f"{sent.subject} {sent.body}" for sent in mail.outbox
    ]
    assert len(told) == 1 and clear_values(told[0]) == []


@pytest.mark.parametrize("address", ["/nowhere", "/api/nowhere", "/sessions/none", "/api/sessions/none"])
def test_no_error_says_a_secret(address: str, caplog: pytest.LogCaptureFixture) -> None:
    client = Client(headers={"host": "localhost"}, raise_request_exception=False)
    for answer in (client.get(address), client.post(address, "{", "application/json")):
        assert answer.status_code >= 400 and clear_values(answer.content) == []
    assert clear_values(caplog.text) == []


def test_a_rebuild_finds_the_same_secrets_at_the_same_places() -> None:
    def places() -> set[tuple[Any, ...]]:
        keys = dict(TranscriptEntry.objects.values_list("id", "digest"))
        secret = ("kind", "hint", "fingerprint", "session_id", "generation", "line", "lines")
        lines = SecretFinding.objects.of_lines().values_list("entry_id", *secret)
        files = SecretFinding.objects.filter(entry_id=None).values_list("source__relative_path", *secret)
        assert lines and {path.rpartition(".")[2] for path, *_ in files} == {"json", "md"}
        return {(keys[entry], *row) for entry, *row in lines} | set(files)

    before = places()
    rebuild_all()
    assert places() == before
    assert verify() == []


def test_the_numbers_are_those_of_a_history_without_secrets() -> None:
    session = AgentSession.objects.get(public_id=s.uid("w"))
    assert (session.prompt_count, session.tool_call_count) == (1, 5)
