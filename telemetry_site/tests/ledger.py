"""A small invented history with something of everything the API tells: for tests of the whole of it.

Models with and without a price, subagents, a fork, skills, errors, compactions, titles of many scripts, lines that
are no records, two projects, plans with tasks in every state, and work around the days on which clocks change.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analytics.rollups import roll_up
from analytics.tests import passkey_plans as planned
from sessions.tests import samples as s
from tasks.linking import link_all
from tasks.roots import add_manual_root
from telemetry_site.pipeline import sync

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
DAY = 86_400
TITLES = [
    "Übersicht",
    "zebra",
    "Äpfel pflücken",
    "alpha",
    "Alpha",
    "日本語の題",
    "😀 smile",
    "_under",
    "ß",
    "100%",
]
# Days in whose neighbourhood a clock changes somewhere: Berlin, New York, Auckland and Chatham.
CLOCK_CHANGES = [
    datetime(2025, 9, 27, tzinfo=UTC),
    datetime(2025, 10, 25, tzinfo=UTC),
    datetime(2025, 11, 1, tzinfo=UTC),
    datetime(2026, 3, 7, tzinfo=UTC),
    datetime(2026, 3, 28, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC),
]
STEP = 37 * 60  # never twice at the same minute of an hour
ORCHARD = {"cwd": "/home/ada/äpfel", "gitBranch": "ernte"}
ORCHARD_FOLDER = "-home-ada--pfel"
PLANS = planned.PLANS | {
    "docs/project_plans/PRDs/ernte-v1.md": "---\ntitle: Ernte äußerst früh\ndoc_type: prd\nstatus: draft\n"
    "category: Öffentlich\n---\n# Ernte\n\n- [ ] Körbe\n- [x] Leitern\n",
    ".claude/progress/ernte-v1/phase-1-progress.md": "---\ntype: progress\nphase: 1\ntasks:\n"
    "  - {id: E-1, title: Körbe flechten, status: blocked, estimate: 3}\n"
    "  - {id: E-2, title: Leitern, status: someday}\n---\n",
}


def write_and_read(folder: Path, *, changes: list[datetime] = CLOCK_CHANGES) -> None:
    """Write everything below the folder and read it, plans and links included; the work around clock changes is most
    of it.
    """
    write(folder, changes)
    sync([folder / "claude"], now=NOW)
    add_manual_root(str(planned.write_plans(folder, PLANS)), "engine")
    sync([folder / "claude"], now=NOW)
    link_all()
    roll_up()


def write(folder: Path, changes: list[datetime] = CLOCK_CHANGES) -> None:
    files: dict[str, bytes] = {path: s.lines(lines) for path, lines in planned.transcripts().items()}
    files |= {path: s.lines(lines) for path, lines in _around_clock_changes(changes)}
    files |= {
        s.main_path(f"title{n}", folder=ORCHARD_FOLDER): s.lines(_titled(n)) for n in range(len(TITLES))
    }
    files |= _workshop()
    s.write(folder / "claude", files)


def _around_clock_changes(changes: list[datetime]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A session of three days around each change, with a response every 37 minutes."""
    for number, day in enumerate(changes):
        start, name = (day - s.START).total_seconds(), f"clock{number}"
        lines = [s.prompt(f"{name}-ask", start, name, text=f"Watch the clock {number}")]
        for step in range(3 * DAY // STEP):
            lines += _step(f"{name}-{step}", start + step * STEP, name, step)
        yield s.main_path(name), lines


def _step(name: str, at: float, session: str, step: int) -> list[dict[str, Any]]:
    call = s.call(f"toolu_{name}", ("Bash", "Edit", "mcp__github__search")[step % 3])
    model = (s.MODEL, "claude-opus-4-5-20251101", "acme-coder-1")[step % 3]
    tokens = s.usage(1 + step * 7 % 101, input=step % 5, read=step * 13, short=step % 2 * 40, long=step % 7)
    said = s.reply(name, at, session, model=model, tokens=tokens, blocks=[call] if step % 4 == 0 else [])
    if step % 4:
        return [said]
    return [said, s.answer(f"{name}-x", at + step % 50, f"toolu_{name}", session, is_error=step % 8 == 4)]


def _titled(number: int) -> list[dict[str, Any]]:
    """Sessions of the other project that differ in title, size and what is known of them."""
    name, at = f"title{number}", number * 3600.0
    title = s.record("custom-title", f"{name}-t", at, name, customTitle=TITLES[number])
    lines = [s.prompt(f"{name}-p", at, name, text=f"Pick {number} Birnen") | ORCHARD, title]
    if number % 3:
        model = "acme-coder-1" if number % 2 else s.MODEL
        lines.append(s.reply(f"{name}-r", at + number, name, output=number, model=model) | ORCHARD)
    return lines


def _workshop() -> dict[str, bytes]:
    """A session that uses all there is, its subagent, its fork, and lines that are no records."""
    lines = list(_busy("w"))
    side = [s.side(s.prompt("ws1", 61, "w"), "abc"), s.side(s.reply("ws2", 62, "w", output=21), "abc")]
    fork = [*s.forked(lines[:4], "fork"), s.reply("wf1", 900, "fork", output=5)]
    odd = b'[]\n\n{"type": "assistant", "mess\n'
    return {
        s.main_path("w"): s.lines(lines) + odd,
        s.agent_path("abc", "w"): s.lines(side),
        s.agent_path("abc", "w").replace(
            ".jsonl", ".meta.json"
        ): b'{"agentType": "Explore", "description": "Look"}',
        s.main_path("fork"): s.lines(fork),
    }


def _busy(name: str) -> Iterable[dict[str, Any]]:
    skill = s.call("toolu_skill", "Skill", skill="frontend-design")
    spawn = s.call("toolu_spawn", "Task", subagent_type="Explore", prompt="Look around")
    edit = s.call("toolu_edit", "Edit", file_path=f"{s.CWD}/pump.py")
    yield s.prompt(f"{name}1", 40, name, text="Mend the pump\x85 and \u2028 the valve")
    yield s.reply(f"{name}2", 41, name, blocks=[skill], attributionSkill="frontend-design")
    yield s.answer(f"{name}3", 42, "toolu_skill", name)
    yield s.reply(f"{name}4", 43, name, blocks=[edit], attributionSkill="frontend-design", output=300)
    patch = {"structuredPatch": [{"lines": ["+a", "+b", "-c"]}]}
    yield s.answer(f"{name}5", 44, "toolu_edit", name, detail=patch)
    yield s.reply(f"{name}6", 60, name, blocks=[spawn])
    yield s.answer(f"{name}7", 70, "toolu_spawn", name, detail={"agentId": "abc", "status": "completed"})
    yield s.reply(f"{name}8", 71, name, blocks=[s.call("toolu_no", "Bash", command="rm -rf /")])
    refused = "The user doesn't want to proceed with this tool use. The tool use was rejected."
    yield s.answer(f"{name}9", 72, "toolu_no", name, content=refused, is_error=True)
    yield s.reply(
        f"{name}10", 80, name, model="<synthetic>", isApiErrorMessage=True, tokens=s.usage(0, input=0, read=0)
    )
    boundary = {"trigger": "auto", "preTokens": 150_000}
    yield s.record("system", f"{name}11", 90, name, subtype="compact_boundary", compactMetadata=boundary)
    pull = {"prNumber": 42, "prUrl": "https://git.example/ada/engine/pull/42", "prRepository": "ada/engine"}
    yield s.record("pr-link", f"{name}12", 95, name, **pull)
    yield s.reply(f"{name}13", 100, name, blocks=[s.call("toolu_open", "Grep", pattern="x")], stop=None)
