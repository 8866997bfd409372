"""Rows of synthetic sessions and all that happened in them, consistent from the entry up to the session's sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from benchmarks.synthetic import lines
from benchmarks.synthetic.sums import Sums
from benchmarks.synthetic.world import AGENTS, DAY_MS, SKILLS, TOOLS, ProjectSketch, World, weights
from sessions.archive import SEGMENT_COLUMNS
from sessions.bulk import column_values, write_rows
from sessions.facts.responses import COLUMNS as RESPONSE_COLUMNS
from sessions.facts.responses import COPY_COLUMNS as RESPONSE_COPY_COLUMNS
from sessions.facts.tool_calls import COLUMNS as CALL_COLUMNS
from sessions.facts.tool_calls import COPY_COLUMNS as CALL_COPY_COLUMNS
from sessions.models import (
    AgentSession,
    ArchiveSegment,
    ModelResponse,
    Project,
    ResponseCopy,
    SessionEvent,
    SourceFile,
    SourceSession,
    ToolCall,
    ToolCallCopy,
    TranscriptEntry,
)
from sessions.parsers.normalise import quarter_of

ENTRY_COLUMNS = (
    "id", "session_id", "source_id", "generation", "offset", "length", "seq", "uuid_key", "parent_key", "digest",
    "kind", "subtype", "at_ms", "is_sidechain", "superseded", "provisional",
)  # fmt: skip
EVENT_COLUMNS = ("entry_id", "session_id", "kind", "at_ms", "quarter", "seq", "text", "data", "inherited")
CYCLES_IN_A_SEGMENT = 20
_TOOL_WEIGHTS = weights(TOOLS)
_OUTCOMES = ("ok",) * 90 + ("error",) * 6 + ("rejected",) * 2 + ("interrupted", "pending")


@dataclass(frozen=True, slots=True)
class Cast:
    """What a session is before anything happened in it."""

    length: int
    start_ms: int
    project: ProjectSketch
    trunk: AgentSession | None = None
    forked_from: AgentSession | None = None
    has_own_lines: bool = False


@dataclass(slots=True)
class Batch:
    """Rows that wait to be written, by model."""

    rows: dict[type[Any], list[Any]] = field(default_factory=lambda: defaultdict(list))
    sessions: list[AgentSession] = field(default_factory=list)
    sources: list[SourceFile] = field(default_factory=list)

    def write(self) -> None:
        """Everything in one go, what others point at first."""
        for model, found in ((AgentSession, self.sessions), (SourceFile, self.sources)):
            names = [f.attname for f in model._meta.concrete_fields]
            write_rows(model, names, [column_values(each, names) for each in found])
        for model, columns in _TABLES.items():
            write_rows(model, columns, self.rows[model])
        self.rows.clear()
        self.sessions.clear()
        self.sources.clear()


_TABLES: dict[type[Any], tuple[str, ...]] = {
    SourceSession: ("source_id", "session_id", "rank"),
    ArchiveSegment: SEGMENT_COLUMNS,
    TranscriptEntry: ENTRY_COLUMNS,
    ModelResponse: RESPONSE_COLUMNS,
    ResponseCopy: RESPONSE_COPY_COLUMNS,
    ToolCall: CALL_COLUMNS,
    ToolCallCopy: CALL_COPY_COLUMNS,
    SessionEvent: EVENT_COLUMNS,
}


class Writer:
    """Makes sessions one after another, each with fresh ids."""

    def __init__(self, world: World, *, projects: Iterable[Project]) -> None:
        self.world, self.random = world, world.random
        self.batch = Batch()
        self.project_ids = {sketch.id: row.pk for sketch, row in zip(world.projects, projects, strict=True)}
        self.entries = self.facts = self.count = 0

    def add(self, cast: Cast) -> AgentSession:
        """One session with its file, lines, responses, calls and events."""
        self.count += 1
        session = self._session(cast)
        source = self._source(cast, session)
        sums = Sums()
        at_ms = cast.start_ms
        for cycle, first in enumerate(range(0, cast.length, lines.LENGTH)):
            length = min(lines.LENGTH, cast.length - first)
            took = int(self.random.triangular(60_000, 900_000, 240_000))
            self._cycle(cast, session, source, sums, cycle, length, at_ms, took)
            at_ms += took + self._pause(at_ms)
        self._archive(cast, session, source)
        sums.fill(session, cast.length)
        return session

    def _pause(self, at_ms: int) -> int:
        """Minutes mostly; some sessions are taken up again hours or days later, as long as the year lasts."""
        kind = self.random.random()
        if kind < 0.85 or at_ms > self.world.last_ms - 4 * DAY_MS:
            return self.random.randrange(1_200_000)
        return self.random.randrange(DAY_MS // 4) if kind < 0.96 else self.random.randrange(3 * DAY_MS)

    def _session(self, cast: Cast) -> AgentSession:
        trunk, fork = cast.trunk, cast.forked_from
        key = self.count << 24
        native = (
            trunk.native_id
            if trunk
            else str(UUID(int=(self.count * 0x9E3779B97F4A7C15) % (1 << 128), version=4))
        )
        agent_id = f"{self.count:08x}" if trunk else ""
        session = AgentSession(
            id=key,
            public_id=f"{native}/agent-{agent_id}" if trunk else native,
            native_id=native,
            agent_id=agent_id,
            session_type="subagent" if trunk else "fork" if fork else "session",
            stale=False,
            project_id=self.project_ids[cast.project.id],
            parent_id=trunk.pk if trunk else None,
            root_id=trunk.pk if trunk else key,
            forked_from_id=fork.pk if fork else None,
            agent_name=self.random.choice(AGENTS) if trunk else "",
            title=f"Make part {self.count % 997} of {cast.project.name} do what it should",
            branch=self.random.choice(cast.project.branches),
            cwd=f"/home/someone/{cast.project.name}",
            has_transcript=True,
            ending=self.random.choices(("completed", "interrupted", "failed"), (90, 8, 2))[0],
        )
        self.batch.sessions.append(session)
        return session

    def _source(self, cast: Cast, session: AgentSession) -> SourceFile:
        name = f"{cast.project.name}/{session.public_id.replace('/', '-')}.jsonl"
        source = SourceFile(
            id=self.count,
            path=f"/synthetic/projects/{name}",
            root="/synthetic/projects",
            relative_path=name,
            owner=session.native_id,
            line_count=cast.length,
            lines_seen=cast.length,
            lines_stored=cast.length,
            first_read_at=self.world.end,
            last_read_at=self.world.end,
        )
        self.batch.sources.append(source)
        self.batch.rows[SourceSession].append((source.pk, session.pk, 0))
        return source

    def _cycle(
        self,
        cast: Cast,
        session: AgentSession,
        source: SourceFile,
        sums: Sums,
        cycle: int,
        length: int,
        at_ms: int,
        took: int,
    ) -> None:
        ident = f"{self.count}_{cycle}" if cast.has_own_lines else lines.SHARED
        of_cycle = lines.own_cycle(ident) if cast.has_own_lines else lines.CYCLE
        first_id, first_line = self.entries + 1, cycle * lines.LENGTH
        self.entries += length
        step = took // lines.LENGTH
        offset = source.size
        rows = self.batch.rows[TranscriptEntry]
        is_side = bool(cast.trunk)
        for at in range(length):
            line, size = of_cycle[at], len(of_cycle[at].raw)
            key = first_id + at
            rows.append(
                (key, session.pk, source.pk, 1, offset, size, first_line + at + 1, key, key - 1 if at else None,
                 line.digest, line.kind, line.subtype, at_ms + at * step, is_side, False, False)
            )  # fmt: skip
            offset += size
        source.size = source.committed_offset = offset
        sums.span(at_ms, at_ms + (length - 1) * step)
        self._facts(cast, session, sums, ident, (first_id, first_line, length), at_ms, step)
        if length > 1:
            self._events(session, first_id, first_line, at_ms + step)
            sums.prompts += 1

    def _facts(
        self,
        cast: Cast,
        session: AgentSession,
        sums: Sums,
        ident: str,
        place: tuple[int, int, int],
        at_ms: int,
        step: int,
    ) -> None:
        first_id, _, length = place
        model, price = self.world.model(cast.start_ms if self.random.random() < 0.9 else at_ms)
        skill = self.random.choice(SKILLS) if self.random.random() < 0.2 else ""
        context = self.random.randrange(15_000, 90_000)
        for n in range(lines.RESPONSES):
            text_at = 2 + 4 * n  # the first line of a response, its call, a note, the answer
            if text_at >= length:
                break
            when = at_ms + text_at * step
            context += self.random.randrange(300, 4_000)
            response = self._response(session, sums, model, price, skill, when, context)
            self.batch.rows[ResponseCopy].append(
                (response, response, session.pk, when, True, first_id + text_at)
            )
            if text_at + 1 < length:
                used = (first_id + text_at + 1, first_id + text_at + 3 if text_at + 3 < length else None)
                self._call(session, sums, lines.call_id(ident, n), response, used, when + step)

    def _response(
        self,
        session: AgentSession,
        sums: Sums,
        model: str,
        price: int | None,
        skill: str,
        at_ms: int,
        context: int,
    ) -> int:
        self.facts += 1
        key, random = self.facts, self.random
        output, written = int(random.expovariate(1 / 420)) + 2, random.randrange(4_000)
        usage = (random.randrange(2, 60), output, context, written, 0)
        cost = None
        if price is not None:
            cost = price * (20 * usage[0] + 100 * output + 2 * context + 25 * written) // 20
        reason = "" if random.random() < 0.02 else "tool_use"
        self.batch.rows[ModelResponse].append(
            (key, session.pk, key, f"msg_{key}", f"req_{key}", at_ms, quarter_of(at_ms), model, False, "standard",
             "", skill, reason, *usage, 0, cost, "synthetic", None, True, bool(session.agent_id), at_ms, key, 1, None)
        )  # fmt: skip
        sums.response(model, skill, reason, usage, cost)
        return key

    def _call(
        self,
        session: AgentSession,
        sums: Sums,
        call_id: str,
        response: int,
        entries: tuple[int, int | None],
        at_ms: int,
    ) -> None:
        random = self.random
        name, category, _, typical = random.choices(TOOLS, cum_weights=_TOOL_WEIGHTS)[0]
        outcome = random.choice(_OUTCOMES) if entries[1] else "pending"
        elapsed = None if outcome == "pending" else int(typical * random.lognormvariate(0, 0.9))
        is_file = category == "file"
        action = ("read" if name == "Read" else "update") if is_file else ""
        lined = random.randrange(60) if action == "update" else None
        server = name.split("__")[1] if category == "mcp" else ""
        path = f"{session.cwd}/src/part_{random.randrange(80)}.py" if is_file else ""
        is_error = outcome in ("error", "rejected")
        self.batch.rows[ToolCall].append(
            (response, call_id if call_id[6:12] != "shared" else f"toolu_{response}", session.pk, response, True, name,
             category, server, "", "", path or name, False, at_ms, response, quarter_of(at_ms),
             None if elapsed is None else at_ms + elapsed, None, is_error, outcome,
             "command failed" if outcome == "error" else "", elapsed, None, path, action, lined,
             None if lined is None else lined // 3, "", "", 0, 1)
        )  # fmt: skip
        self.batch.rows[ToolCallCopy].append((response, response, session.pk, True, is_error, *entries))
        sums.call(name, outcome, is_error, elapsed, path if action == "update" else "", lined)

    def _events(self, session: AgentSession, first_id: int, first_line: int, at_ms: int) -> None:
        kinds = [("prompt", "Please make the reader stop where it should, and say why it did."), ("turn", "")]
        kinds += [
            ("hook", "PostToolUse:Edit"),
            ("queue", "And then the writer"),
            ("note", "Context is filling up"),
        ]
        for kind, odds in (
            ("api_retry", 0.1),
            ("api_error", 0.02),
            ("compaction", 0.03),
            ("interrupt", 0.04),
        ):
            if self.random.random() < odds:
                kinds.append((kind, f"{kind} of a session"))
        for kind, text in kinds:
            self.batch.rows[SessionEvent].append(
                (first_id + 1, session.pk, kind, at_ms, quarter_of(at_ms), first_line + 2, text, "{}", False)
            )
        session.api_error_count += sum(kind == "api_error" for kind, _ in kinds)
        session.compaction_count += sum(kind == "compaction" for kind, _ in kinds)

    def _archive(self, cast: Cast, session: AgentSession, source: SourceFile) -> None:
        offset, most = 0, CYCLES_IN_A_SEGMENT * lines.LENGTH
        for first in range(0, cast.length, most):
            count = min(most, cast.length - first)
            data, digest, size = self._segment(cast, first, count)
            self.batch.rows[ArchiveSegment].append(
                (source.pk, 1, offset, size, first + 1, digest, data, False, False)
            )
            offset += size

    def _segment(self, cast: Cast, first: int, count: int) -> tuple[bytes, bytes, int]:
        if not cast.has_own_lines:
            return lines.shared_segment(count)
        cycles = range(first // lines.LENGTH, -(-(first + count) // lines.LENGTH))
        found: Iterator[bytes] = (
            line.raw for cycle in cycles for line in lines.own_cycle(f"{self.count}_{cycle}")
        )
        return lines.packed(b"".join(raw for _, raw in zip(range(count), found, strict=False)))
