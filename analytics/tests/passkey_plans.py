"""A small project with plans and the sessions that served them, read through the real pipeline."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analytics.rollups import roll_up
from sessions.tests import samples as s
from tasks.linking import link_all
from tasks.roots import add_manual_root
from telemetry_site.pipeline import sync

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
PASSKEYS = "docs/project_plans/implementation_plans/features/passkey-login-v1.md"
PLANS = {
    PASSKEYS: """---
title: Passkey login
doc_type: implementation_plan
feature_slug: passkey-login-v1
started: 2026-03-01
---
""",
    ".claude/progress/passkey-login-v1/phase-1-progress.md": """---
type: progress
phase: 1
started: 2026-03-01
tasks:
  - {id: PK-001, title: Make keys, status: completed, completed: 2026-03-01, assigned_to: [ada]}
  - {id: PK-002, title: Store keys, status: done, completed: 2026-03-04}
---
""",
    ".claude/progress/passkey-login-v1/phase-2-progress.md": """---
type: progress
phase: 2
tasks:
  - {id: PK-003, title: Delete keys, status: deferred}
  - {id: PK-004, title: Show keys, status: in_progress, owner: ben}
---
""",
}


def command(phase: int) -> str:
    """What a person types to have a phase of the plan carried out."""
    return f"<command-name>/dev:execute-phase</command-name><command-args>{phase} {PASSKEYS}</command-args>"


def transcripts() -> dict[str, list[dict[str, Any]]]:
    """A session that carries out two phases one after the other, and one that serves nothing planned."""
    serving = [
        s.prompt("p1", 0, text=command(1)),
        s.reply("r1", 1, output=100, blocks=[s.call("toolu_1")]),
        s.answer("x1", 2, "toolu_1"),
        s.prompt("p2", 3600, text=command(2)),
        s.reply("r2", 3601, output=50),
    ]
    other = [s.prompt("o1", 86_400, "b", text="What is the weather?"), s.reply("o2", 86_401, "b", output=7)]
    return {s.main_path(): serving, s.main_path("b"): other}


def write_plans(folder: Path, plans: Mapping[str, str] = PLANS) -> Path:
    """The plans below `folder/repo`."""
    for name, text in plans.items():
        path = folder / "repo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "repo"


def read(folder: Path, now: datetime = NOW) -> None:
    """Read what is below `folder/claude` and all plans, link them and count."""
    sync([folder / "claude"], now=now)
    link_all()
    roll_up()


def project_with_plans(folder: Path, plans: Mapping[str, str] = PLANS, *, name: str = "engine") -> None:
    """The transcripts and plans of one project, read, linked and counted."""
    s.write(folder / "claude", {path: s.lines(records) for path, records in transcripts().items()})
    sync([folder / "claude"], now=NOW)
    add_manual_root(str(write_plans(folder, plans)), name)
    read(folder)
