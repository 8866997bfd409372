"""Measure searches in invented transcripts of any size: words from rare to everywhere, phrases, filters.

    python -m benchmarks.search [--entries 200000] [--database sqlite|postgres] [--rounds 15] [--json]

The words are drawn as words are in texts: few are everywhere, most are rare. Each question is asked as the API asks it,
snippets from the archive included; benchmarks/README.md says what the rows are.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.databases import KINDS as DATABASES
from benchmarks.databases import Database
from benchmarks.report import machine

LINES_IN_A_SESSION = 1000
SESSIONS_AT_ONCE = 5
PROJECTS = 25
VOCABULARY = 60_000
START_MS = 1_735_689_600_000  # 2025-01-01
YEAR_MS = 365 * 86_400_000
TOOLS = ("Bash", "Read", "Edit", "Grep", "WebFetch")
# Words in a line of each kind, as long as such texts are in real transcripts.
SHAPES = (("user", 30), ("assistant", 60), ("tool_use", 40), ("tool_result", 150))

QUESTIONS: dict[str, dict[str, str]] = {
    "a rare word": {"q": "{rare}"},
    "a word in one of a hundred": {"q": "{some}"},
    "a word in a third of all": {"q": "{common}"},
    "the same, newest first": {"q": "{common}", "sort": "newest"},
    "two words": {"q": "{some} {other}"},
    "two common words": {"q": "{common} {frequent}"},
    "a phrase": {"q": '"{some} {common}"'},
    "a beginning": {"q": "{prefix}*"},
    "a common word, not another": {"q": "{common} -{frequent}"},
    "a common word, one project": {"q": "{common}", "project": "project-7"},
    "a common word, one tool": {"q": "{common}", "tool": "WebFetch"},
    "a common word, one month": {"q": "{common}", "start": "2025-03-01", "end": "2025-03-31"},
    "a common word, one session": {"q": "{common}", "session": "session-3"},
    "a common word in prompts, page 10": {"q": "{common}", "kind": "prompt", "offset": "180"},
    "a word that is nowhere": {"q": "nowheretobefound"},
}


class Language:
    """Invented words, drawn with the frequencies of a natural text."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
        made = {
            "".join(self._random.choices(syllables, k=self._random.randint(2, 5)))
            for _ in range(VOCABULARY * 2)
        }
        self.words = sorted(made, key=lambda word: (len(word), word))[:VOCABULARY]
        self._random.shuffle(self.words)
        total, self._weights = 0.0, []
        for rank in range(1, VOCABULARY + 1):
            total += 1 / (rank + 2.7)
            self._weights.append(total)

    def text(self, words: int) -> str:
        return " ".join(self._random.choices(self.words, cum_weights=self._weights, k=words))

    def named(self) -> dict[str, str]:
        """Words to ask for, by how frequent they are."""
        words = self.words
        picked = {"common": words[4], "frequent": words[9], "some": words[1000], "other": words[300]}
        rare = words[-VOCABULARY // 4]
        return {**picked, "rare": rare, "prefix": words[2000][:4]}


def filled(entries: int, seed: int) -> Language:
    """Write sessions with lines, archive and index into the empty database."""
    from django.db import transaction

    from sessions.models import Project

    language = Language(seed)
    names = [f"project-{n}" for n in range(PROJECTS)]
    Project.objects.bulk_create([Project(key=name, slug=name, name=name) for name in names])
    projects = list(Project.objects.order_by("id"))
    count = max(1, entries // LINES_IN_A_SESSION)
    for first in range(0, count, SESSIONS_AT_ONCE):
        with transaction.atomic():
            for number in range(first, min(first + SESSIONS_AT_ONCE, count)):
                at_ms = START_MS + YEAR_MS * number // count
                _write_session(number, at_ms, projects[number % PROJECTS].pk, language)
    return language


def _write_session(number: int, at_ms: int, project_id: int, language: Language) -> None:
    from sessions.archive import SEGMENT_COLUMNS, segment_row
    from sessions.bulk import write_rows
    from sessions.entry_rows import ENTRY_COLUMNS
    from sessions.models import AgentSession, ArchiveSegment, SourceFile, TranscriptEntry
    from sessions.parsers.formats.claude_texts import folded_texts
    from sessions.parsers.lines import Chunk
    from sessions.parsers.packing import pack
    from sessions.search.lines import IndexedLine, index_lines

    name = f"session-{number}"
    source = SourceFile.objects.create(path=f"/invented/{name}", root="/invented", relative_path=name)
    AgentSession.objects.create(
        id=number + 1,
        public_id=name,
        native_id=name,
        title=language.text(6),
        project_id=project_id,
        stale=False,
    )
    raw, rows, said, offset = [], [], [], 0
    for line_no in range(1, LINES_IN_A_SESSION + 1):
        record = _record(number, line_no, language)
        line = json.dumps(record).encode() + b"\n"
        key, moment = number * LINES_IN_A_SESSION + line_no, at_ms + line_no * 5000
        place = (offset, len(line), line_no)
        identity = (key, None, key)
        kind = (record["type"], "", moment, False, False, False)
        rows.append((key, number + 1, source.pk, 1, *place, *identity, *kind))
        said.append(IndexedLine(key, number + 1, moment, folded_texts(record)))
        raw.append(line)
        offset += len(line)
    write_rows(ArchiveSegment, SEGMENT_COLUMNS, [segment_row(source.pk, 1, 1, pack(Chunk(0, b"".join(raw))))])
    write_rows(TranscriptEntry, ENTRY_COLUMNS, rows)
    index_lines(said)


def _record(session: int, line_no: int, language: Language) -> dict[str, Any]:
    kind, length = SHAPES[line_no % len(SHAPES)]
    text, call_id = language.text(length), f"call-{session}-{line_no // len(SHAPES)}"
    tool = TOOLS[line_no // len(SHAPES) % len(TOOLS)]
    content: dict[str, list[dict[str, Any]]] = {
        "user": [{"type": "text", "text": text}],
        "assistant": [{"type": "text", "text": text}],
        "tool_use": [{"type": "tool_use", "id": call_id, "name": tool, "input": {"command": text}}],
        "tool_result": [{"type": "tool_result", "tool_use_id": call_id, "content": text}],
    }
    role = "user" if kind in ("user", "tool_result") else "assistant"
    return {"type": role, "message": {"role": role, "content": content[kind]}}


def timed(language: Language, rounds: int) -> Iterator[dict[str, Any]]:
    """Each question asked `rounds` times: milliseconds, and what it found."""
    from django.utils import timezone

    from analytics.search.forms import SearchForm
    from analytics.search.selectors import search

    named = language.named()
    for name, given in QUESTIONS.items():
        took, worked = [], []
        for _ in range(rounds):
            started, working = time.perf_counter(), time.process_time()
            form = SearchForm({key: value.format(**named) for key, value in given.items()})
            asked = form.asked()
            if asked is None or form.errors:
                raise ValueError(f"{name}: {form.errors}")
            answer = search(asked, now=timezone.now())
            took.append((time.perf_counter() - started) * 1000)
            worked.append((time.process_time() - working) * 1000)
        took.sort()
        yield {
            "question": name,
            "found": answer.total,
            "more": answer.is_more,
            "cpu_ms": statistics.median(worked),
            "p50_ms": statistics.median(took),
            "p95_ms": took[min(len(took) - 1, round(len(took) * 0.95))],
        }


def measured(database: Database, entries: int, rounds: int, seed: int) -> dict[str, Any]:
    """Fill a database and ask; runs in a process that has no other settings."""
    with tempfile.TemporaryDirectory() as data:
        os.environ |= {"DATABASE_URL": database.url, "TELEMETRY_DATA_DIR": data}
        os.environ["DJANGO_SETTINGS_MODULE"] = "telemetry_site.settings"
        import django
        from django.core.management import call_command
        from django.db import connection

        django.setup()
        call_command("migrate", verbosity=0)
        started = time.perf_counter()
        language = filled(entries, seed)
        seconds = time.perf_counter() - started
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        rows = list(timed(language, rounds))
        connection.close()
        return {"entries": entries, "fill_seconds": seconds, "bytes": database.size(), "rows": rows}


def as_text(found: dict[str, Any], about: dict[str, Any]) -> str:
    """The table."""
    lines = [
        f"{found['entries']:,} entries in {found['bytes'] / 1e6:,.0f} MB, written in {found['fill_seconds']:,.0f} s;"
        f" {', '.join(map(str, about.values()))}",
        "",
        f"{'question':38}{'found':>10}{'CPU ms':>10}{'p50 ms':>10}{'p95 ms':>10}",
    ]
    for row in found["rows"]:
        total = f"{row['found']:,}{'+' if row['more'] else ''}"
        lines.append(
            f"{row['question']:38}{total:>10}{row['cpu_ms']:>10.1f}{row['p50_ms']:>10.1f}{row['p95_ms']:>10.1f}"
        )
    worst = max(row["p95_ms"] for row in found["rows"])
    return "\n".join([*lines, "", f"The slowest p95 is {worst:.1f} ms."])


def main(arguments: list[str] | None = None) -> int:
    """Fill a fresh database, ask every question, print the table."""
    parser = argparse.ArgumentParser(description="Measure searches in invented transcripts.")
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--database", choices=sorted(DATABASES), default="sqlite")
    parser.add_argument(
        "--rounds", type=int, default=15, help="how often each question is asked (default: 15)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    given = parser.parse_args(arguments)
    with DATABASES[given.database]() as fresh, fresh() as database:
        found = measured(database, given.entries, given.rounds, given.seed)
    print(json.dumps(found) if given.json else as_text(found, machine(given.database)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
