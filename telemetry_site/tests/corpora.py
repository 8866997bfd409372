"""Small corpora for properties: drawn by hypothesis, written to folders, read through the real pipeline."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st

from sessions.tests import samples as s
from telemetry_site.pipeline import sync
from telemetry_site.verification import table_digests, verify

type Corpus = dict[str, bytes]
type Records = list[dict[str, Any]]

AGENT = "a1b2c3d"
BROKEN = b"}{"


@contextmanager
def emptied() -> Iterator[None]:
    """A database as it was at the beginning of the test; nothing of the block stays in it."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@dataclass
class Reading:
    """A config folder that is being written, and read by syncs in between."""

    root: Path = field(default_factory=lambda: Path(tempfile.mkdtemp()))
    now: datetime = field(default_factory=timezone.now)

    def sync(self, *, later: bool = False) -> None:
        """Read what is new; `later`: so much that a half-written last line counts as torn."""
        report = sync([self.root], now=self.now + timedelta(hours=1) if later else self.now)
        assert report.problems == []

    def outcome(self) -> dict[str, str]:
        """The digests of all tables, after every promise of the database was checked."""
        assert verify() == []
        return table_digests()

    def delete_all(self) -> None:
        shutil.rmtree(self.root / "projects")


@contextmanager
def reading(corpus: Corpus | None = None) -> Iterator[Reading]:
    """A fresh database beside a folder that holds the corpus."""
    found = Reading()
    try:
        s.write(found.root, corpus or {})
        (found.root / "projects").mkdir(exist_ok=True)
        with emptied():
            yield found
    finally:
        shutil.rmtree(found.root, ignore_errors=True)


def read_at_once(corpus: Corpus, *, later: bool = False) -> dict[str, str]:
    with reading(corpus) as found:
        found.sync(later=later)
        return found.outcome()


def set_order(root: Path, order: list[str]) -> None:
    """Give the files times so that a sync, which reads the newest first, reads them in this order."""
    base = timezone.now().timestamp()
    for age, relative in enumerate(order):
        os.utime(root / "projects" / relative, (base - age, base - age))


def _turn(draw: st.DrawFn, name: str, at: float, session: str) -> Records:
    """One exchange: a prompt, a reply in one or several records, perhaps a tool call with its answer."""
    call_id = f"toolu_{name}"
    tool = draw(st.sampled_from(["", "", "Bash", "Edit", "Agent"]))
    given = {"subagent_type": "explorer", "prompt": "Look"} if tool == "Agent" else {"command": "git commit"}
    blocks = [s.call(call_id, tool, **given)] if tool else []
    asked = s.prompt(f"{name}p", at, session, f"Please {name}")
    replies = [
        s.reply(f"{name}r{n}", at + 1 + n, session, message_id=f"msg_{name}", request_id=_request(draw, name),
                output=5 * n + 1, stop=None if n < 1 else "tool_use", blocks=blocks if n == 0 else ())
        for n in range(draw(st.integers(1, 2)))
    ]  # fmt: skip
    answers = []
    if tool and draw(st.booleans()):
        detail = {"agentId": AGENT} if tool == "Agent" else {"stdout": "[main 1a2b3c4] Done"}
        failed = draw(st.booleans())
        answers = [s.answer(f"{name}a", at + 4, call_id, session, detail=detail, is_error=failed)]
    return [asked, *replies, *answers]


def _request(draw: st.DrawFn, name: str) -> str | None:
    """Some gateways number no requests: the odd turns of sessions "a" then have none."""
    return None if name in ("a1", "a2") else f"req_{name}"


def _extras(draw: st.DrawFn, name: str, at: float, session: str, turn: Records) -> Records:
    """Now and then a record of a rarer kind."""
    kind = draw(st.sampled_from(["", "", "title", "summary", "compaction", "interrupt", "progress", "error"]))
    if kind == "title":
        return [{"type": "custom-title", "customTitle": f"Title {name}", "sessionId": s.uid(session)}]
    if kind == "summary":
        return [{"type": "summary", "summary": f"About {name}", "leafUuid": turn[0]["uuid"]}]
    if kind == "compaction":
        meta = {"trigger": "auto", "preTokens": 1000}
        return [
            s.record("system", name + "c", at + 5, session, subtype="compact_boundary", compactMetadata=meta)
        ]
    if kind == "interrupt":
        return [s.prompt(name + "i", at + 5, session, "[Request interrupted by user]")]
    if kind == "progress":
        inner = s.side(
            s.reply(f"{AGENT}0" if name.endswith("0") else name + "x", at + 2, session, output=1), AGENT
        )
        return [s.progress(name + "g", at + 3, inner, AGENT, session)]
    if kind == "error":
        return [
            s.reply(name + "e", at + 5, session, model="<synthetic>", isApiErrorMessage=True, error="limit")
        ]
    return []


@st.composite
def histories(draw: st.DrawFn, session: str, first: int = 0, most: int = 3) -> Records:
    """The records of one session in their order."""
    found: Records = []
    for number in range(first, first + draw(st.integers(1, most))):
        name, at = f"{session}{number}", number * 20.0 + (7 if first else 0)
        turn = _turn(draw, name, at, session)
        found += turn + _extras(draw, name, at, session, turn)
    return _conversation(draw, found)


def _conversation(draw: st.DrawFn, records: Records) -> Records:
    """The records as they answer each other: not at all, one by one, or with a prompt that goes back to the start."""
    kind = draw(st.sampled_from(["", "chained", "taken back"]))
    if not kind:
        return records
    told = [r for r in records if "uuid" in r]
    chain = {r["uuid"]: r for r in s.chained(told)}
    prompts = [r["uuid"] for r in told if r["type"] == "user"]
    if kind == "taken back" and len(prompts) > 1:
        chain[prompts[-1]]["parentUuid"] = told[0]["uuid"]
    return [chain.get(r.get("uuid"), r) for r in records]


def _continuing(draw: st.DrawFn, history: Records) -> Records:
    """A session that goes on with another's conversation, told by its file's name, its last line or its summary."""
    said = "This session is being continued from a previous conversation."
    kind = draw(st.sampled_from(["file", "line", "summary"]))
    if kind == "file":
        said += f" Read /home/ada/.claude/projects/x/{s.uid('a')}.jsonl"
    begin = s.prompt("e0", 500, "e", said, parentUuid=history[0]["uuid"] if kind == "line" else None)
    told = {"type": "summary", "summary": "Before", "leafUuid": history[0]["uuid"]}
    return [*([told] if kind == "summary" else []), begin, s.reply("e1", 501, "e")]


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    """A session, perhaps its fork, its subagent with a sidecar, a session without cwd, one that continues it."""
    history = draw(histories("a"))
    found = {s.main_path("a"): _written(draw, history)}
    if draw(st.booleans()):
        kept = draw(st.integers(1, len(history)))
        own = draw(histories("b", first=10, most=2)) if draw(st.booleans()) else []
        found[s.main_path("b")] = _written(draw, s.forked(history[:kept], "b") + own)
    if draw(st.booleans()):
        work = [
            s.side(s.prompt("sp", 3, text="Look"), AGENT),
            s.side(s.reply(f"{AGENT}0", 4, output=30), AGENT),
        ]
        found[s.agent_path(AGENT)] = _written(draw, [r | {"cwd": s.CWD + "/sub"} for r in work])
        if draw(st.booleans()):
            told = b'{"agentType":"explorer","toolUseId":"toolu_a0","description":"Looks around"}'
            found[s.agent_path(AGENT).replace(".jsonl", ".meta.json")] = told
    if draw(st.booleans()):
        bare = [{k: v for k, v in r.items() if k != "cwd"} for r in draw(histories("c", most=1))]
        found[s.main_path("c")] = _written(draw, bare)
    if draw(st.booleans()):
        resumed = history[-2:] + draw(histories("d", first=20, most=1))
        found[s.main_path("d")] = _written(draw, resumed)
    if draw(st.booleans()):
        found[s.main_path("e")] = _written(draw, _continuing(draw, history))
    return found


def _written(draw: st.DrawFn, records: Records) -> bytes:
    """The records as lines, with what goes wrong in real files: broken and joined lines, blanks, CRLF, no end."""
    end = draw(st.sampled_from([b"\n", b"\n", b"\r\n"]))
    parts = [s.line(record, end) for record in records]
    odd = draw(
        st.sampled_from([b"", b"", BROKEN + end, end, s.line(records[0], b"") + s.line(records[-1], end)])
    )
    parts.insert(draw(st.integers(0, len(parts))), odd)
    whole = b"".join(parts)
    tail = draw(st.sampled_from([0, 0, 0, len(end), 9]))
    return whole[:-tail] if tail else whole


@st.composite
def cuts(draw: st.DrawFn, corpus: Corpus) -> list[tuple[str, bytes]]:
    """The corpus as a sequence of appends, those of different files in any order."""
    pieces: list[list[tuple[str, bytes]]] = []
    for relative, content in corpus.items():
        if relative.endswith(".json"):
            pieces.append([(relative, content)])
            continue
        ends = draw(st.sets(st.one_of(st.integers(0, len(content)), _near_newlines(content)), max_size=3))
        bounds = [0, *sorted(ends), len(content)]
        pieces.append([(relative, content[i:j]) for i, j in pairwise(bounds) if i < j or not content])
    order = draw(st.permutations([n for n, mine in enumerate(pieces) for _ in mine]))
    return [pieces[n].pop(0) for n in order]


def _near_newlines(content: bytes) -> st.SearchStrategy[int]:
    """Just before and just after a newline is where reading can go wrong."""
    places = [at for at, byte in enumerate(content) if byte == 10]
    return st.sampled_from([p + d for p in places for d in (0, 1)] or [0])
