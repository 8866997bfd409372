"""A history in which every text that anybody could have written is one of `payloads`: transcripts, plans, names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from django.contrib.auth.models import User

from alerts.models import AlertRule, Channel, Delivery, Silence
from alerts.tests.fired import fire, fired_rule
from sessions.models import Project
from sessions.tests import samples as s
from tasks.roots import add_manual_root
from telemetry_site.access.tokens import create_token
from telemetry_site.models import SavedView
from telemetry_site.pipeline import sync
from telemetry_site.tests.payloads import ALL, PAYLOADS, spread

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
OTHERS = 25
PLANS = "docs/project_plans/implementation_plans/features"
QUESTION = {"question": ALL, "header": ALL, "options": [{"label": ALL, "description": ALL}]}
# What a tool is given and what it answers, for each kind of card.
CARDS: dict[str, tuple[dict[str, Any], Any]] = {
    "Bash": ({"command": ALL, "description": ALL}, {"stdout": ALL, "stderr": ALL}),
    "Edit": ({"file_path": "/a", "old_string": ALL, "new_string": ALL[::-1]}, None),
    "MultiEdit": ({"file_path": "/a", "edits": [{"old_string": "x", "new_string": ALL}]}, None),
    "Write": ({"file_path": "/b", "content": ALL}, {"type": "create", "filePath": "/b", "content": ALL}),
    "Read": ({"file_path": "/c"}, None),
    "TodoWrite": ({"todos": [{"content": words, "status": words} for words in PAYLOADS]}, None),
    "Task": ({"prompt": ALL, "subagent_type": PAYLOADS[0], "description": ALL}, {"agentId": "abc"}),
    "AskUserQuestion": ({"questions": [QUESTION]}, {"answers": {ALL: ALL}}),
    "ExitPlanMode": ({"plan": ALL}, None),
    "WebFetch": ({"url": PAYLOADS[1], "prompt": ALL}, None),
    "Grep": ({"pattern": ALL, "path": ALL}, None),
    "Skill": ({"skill": ALL, "args": ALL}, None),
    "mcp__evil__tool": ({ALL: ALL, "nested": {"a": [ALL]}}, None),
}


def write_and_read_hostile(folder: Path) -> None:
    """Write everything below the folder and read it, then let a person name things."""
    s.write(folder / "claude", dict(_files()))
    for name, text in _plans():
        path = folder / "repo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    sync([folder / "claude"], now=NOW)
    add_manual_root(str(folder / "repo"), PAYLOADS[2])
    sync([folder / "claude"], now=NOW)
    for project, name in zip(Project.objects.all(), spread(9, 200), strict=False):
        Project.objects.filter(pk=project.pk).update(name=name)
    _name_things()


def _files() -> Iterator[tuple[str, bytes]]:
    broken = [b'{"type": ' + words.encode() + b"\n" for words in PAYLOADS[::8]]
    yield s.main_path("cards"), s.lines(_cards()) + b"".join(broken)
    yield s.main_path("singles"), s.lines(_singles())
    side = [s.side(s.prompt("w1", 5, "cards", ALL), "abc"), s.side(s.reply("w2", 6, "cards"), "abc")]
    yield s.agent_path("abc", "cards"), s.lines(side)
    told = {"agentType": PAYLOADS[3], "description": PAYLOADS[4]}
    yield s.agent_path("abc", "cards").replace(".jsonl", ".meta.json"), json.dumps(told).encode()
    for number, words in enumerate(spread(OTHERS, 290)):
        yield s.main_path(f"other{number}"), s.lines(_named(number, words))


def _cards() -> Iterator[dict[str, Any]]:
    """A session of few lines, each of which says everything."""
    yield s.prompt("p", 0, "cards", ALL)
    yield s.reply("said", 1, "cards", blocks=[{"type": "text", "text": ALL}])
    yield s.reply("thought", 2, "cards", blocks=[{"type": "thinking", "thinking": ALL}])
    for at, (tool, (given, detail)) in enumerate(CARDS.items()):
        yield s.reply(f"c{at}", 10 + at, "cards", blocks=[s.call(f"t{at}", tool, **given)])
        yield s.answer(f"r{at}", 10 + at, f"t{at}", "cards", content=ALL, detail=detail, is_error=at % 3 == 2)
    yield s.record("system", "e", 60, "cards", subtype="api_error", error={"message": ALL}, content=ALL)
    yield s.record("system", "l", 61, "cards", subtype="local_command", content=ALL)
    yield s.record("system", "u", 62, "cards", subtype=PAYLOADS[5], content=ALL)
    yield s.record("summary", "y", 63, "cards", summary=ALL)
    for at, words in enumerate(PAYLOADS[::8]):
        yield s.record(words, f"k{at}", 64 + at, "cards", content=words)
    pull = {"prNumber": 42, "prUrl": f"javascript:{PAYLOADS[6]}", "prRepository": PAYLOADS[6]}
    yield s.record("pr-link", "pr", 120, "cards", **pull)


def _singles() -> Iterator[dict[str, Any]]:
    """A session with a line, a model, a tool, a skill, a file and a branch of the name of every payload."""
    for at, words in enumerate(PAYLOADS):
        block = s.call(f"s{at}", words, file_path=f"{s.CWD}/{words}")
        edit = s.call(f"f{at}", "Edit", file_path=f"{s.CWD}/{words}", old_string=words, new_string="x")
        more: dict[str, Any] = {"gitBranch": words, "attributionSkill": words, "attributionAgent": words}
        yield s.prompt(f"sp{at}", 200 + at, "singles", words)
        yield s.reply(f"sr{at}", 200 + at, "singles", model=words, blocks=[block, edit], **more)
        yield s.answer(f"sa{at}", 200 + at, f"s{at}", "singles", content=words, is_error=at % 5 == 0)
        yield s.answer(f"sf{at}", 200 + at, f"f{at}", "singles", content=words)


def _named(number: int, words: str) -> Iterator[dict[str, Any]]:
    """A session whose title, first words, branch, folder and author are payloads."""
    name = f"other{number}"
    known = {"gitBranch": words, "cwd": f"/home/ada/{number % 9}/{words.replace('/', '|')}"}
    yield s.prompt(f"{name}p", 500 + number, name, words) | known
    yield s.reply(f"{name}r", 501 + number, name, model=PAYLOADS[number]) | known
    yield s.record("custom-title", f"{name}t", 502 + number, name, customTitle=words)


def _plans() -> Iterator[tuple[str, str]]:
    for number, words in enumerate(spread(10, 450)):
        slug = f"feature-{number}-v1"
        head = {
            "title": words,
            "doc_type": "implementation_plan",
            "feature_slug": slug,
            **dict.fromkeys(("status", "category", "owner", "priority", "family", "pr_refs"), words),
        }
        boxes = "\n".join(f"- [ ] {box}".replace("\n", " ") for box in PAYLOADS[number::10])
        yield f"{PLANS}/{slug}.md", _document(head, f"# {words}\n\n{ALL}\n\n{boxes}\n")
        tasks = [_task(f"T{number}-{at}", task) for at, task in enumerate(PAYLOADS[number::10])]
        progress = {"type": "progress", "phase": 1, "title": words, "status": words, "tasks": tasks}
        yield f".claude/progress/{slug}/phase-1-progress.md", _document(progress, ALL)
    yield f"{PLANS}/broken.md", f"---\ntitle: [{ALL}\n---\n"


def _task(name: str, words: str) -> dict[str, Any]:
    fields = ("title", "description", "status", "owner", "priority", "estimated_effort", "assigned_model")
    lists = ("dependencies", "evidence", "deliverables", "files", "commit_refs", "assigned_to")
    return {"id": f"{name} {words}", **dict.fromkeys(fields, words), **{key: [words] for key in lists}}


def _document(head: dict[str, Any], body: str) -> str:
    return f"---\n{yaml.safe_dump(head, allow_unicode=True)}---\n{body}"


def _name_things() -> None:
    """Rules that fired, channels that failed, silences, saved views, tokens and people."""
    for number, words in enumerate(spread(20, 120)):
        name = f"evil-{number}"
        rule = fired_rule(name, subject=words, note=ALL[:4000], link="https://example.org/", error=words)
        AlertRule.objects.filter(pk=rule.pk).update(name=words, filters={"model": [words]})
        event = fire(rule, subject="b", at=NOW, message=words * 3, evidence={"model": words, words: words})
        channel = Channel.objects.create(
            public_id=name,
            name=words,
            kind="webhook",
            target=f"https://hooks.example.org/{number}",
            last_error=words,
            disabled_reason=words,
        )
        Delivery.objects.create(
            event=event, channel=channel, last_error=words, created_at=NOW, not_before=NOW
        )
        Silence.objects.create(
            rule=rule,
            matchers={"model": words},
            starts_at=NOW,
            ends_at=NOW + timedelta(days=999),
            comment=words,
            created_by=words,
        )
        SavedView.objects.create(name=words[:100], query=f"q={number}", created_at=NOW)
        create_token(words[:100], ["read"])
    for words in spread(5, 150):
        User.objects.create_user(words, first_name=words, last_name=words, email=words)
