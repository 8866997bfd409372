"""Text that is pruned is gone and said to be; figures, facts and what can be derived from them are as they were."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from analytics.models import CountedTotal
from sessions.models import AgentSession, ArchiveSegment, SearchItem, TranscriptEntry
from sessions.pruning import dropping
from sessions.search.finding import Filters, find
from sessions.search.query import parsed
from sessions.tests import samples as s
from telemetry_site import pruning
from telemetry_site.models import AuditEntry
from telemetry_site.pipeline import rebuild_all, sync
from telemetry_site.pruning import moment_months_before, prune
from telemetry_site.verification import database_digest, table_digests, verify

pytestmark = pytest.mark.django_db

LATER = datetime(2026, 9, 1, tzinfo=UTC)
BETWEEN = datetime(2026, 4, 1, tzinfo=UTC)
OUTPUT = f"{s.FOLDER}/{s.uid('a')}/tool-results/long.txt"
YEAR = 365 * 86_400.0


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


def told(*words: str) -> str:
    out = StringIO()
    call_command("prune", *words, stdout=out)
    return out.getvalue()


def turns(name: str, start: float, word: str) -> bytes:
    call = s.call(f"toolu_{name}", command=f"echo {word}")
    reply = s.reply(f"r{name}", start + 1, name, blocks=[call])
    return s.lines(
        [
            s.prompt(f"p{name}", start, name),
            reply,
            s.answer(f"a{name}", start + 2, f"toolu_{name}", name, content=word),
        ]
    )


@pytest.fixture
def read(tmp_path: Path) -> Path:
    """A session of March with a subagent and a long output, one of March whose file is gone, and one of October."""
    agent = s.side(s.reply("side", 5, "a"), "x1")
    s.write(
        tmp_path,
        {
            s.main_path("a"): turns("a", 0, "quince"),
            s.agent_path("x1"): s.line(agent),
            OUTPUT: b"medlar " * 40,
            s.main_path("gone"): turns("gone", 60, "damson"),
            s.main_path("new"): turns("new", 0.6 * YEAR, "sloe") + b"}{\n",
        },
    )
    sync([tmp_path])
    (tmp_path / "projects" / s.main_path("gone")).unlink()
    sync([tmp_path])
    assert verify() == []
    return tmp_path


def found(word: str) -> int:
    return len(find(parsed(word), Filters(), now=LATER).hits)


def test_figures_and_facts_are_what_they_were(read: Path, client: Client) -> None:
    before, counted = table_digests(), sorted(CountedTotal.objects.values_list())
    plan, done = prune(BETWEEN, [])
    assert ([each.sessions for each in plan.kept], done.files, done.changed) == ([{s.uid("gone")}], 3, [])
    assert done.freed_bytes > 0
    assert (table_digests(), verify()) == (before, [])
    rebuild_all()
    sync([read])
    assert (table_digests(), verify()) == (before, [])
    assert sorted(CountedTotal.objects.values_list()) == counted
    assert (found("quince"), found("damson"), found("sloe")) == (0, 2, 2)
    page = client.get(f"/sessions/{s.uid('a')}").content.decode()
    assert page.count("Text pruned on ") == 3
    assert "quince" not in page.partition('id="transcript"')[2]
    assert client.get(f"/sessions/{s.uid('a')}/lines/1").status_code == 410


def test_the_api_says_when_text_was_pruned(read: Path, client: Client) -> None:
    prune(BETWEEN, [])
    session = client.get(f"/api/sessions/{s.uid('a')}").json()
    assert session["textPrunedAt"] and session["toolCallCount"] == 1
    assert client.get(f"/api/sessions/{s.uid('new')}").json()["textPrunedAt"] is None
    raw = client.get(f"/api/sessions/{s.uid('a')}/raw?seq=1")
    assert raw.status_code == 404
    assert "The text was pruned on " in raw.content.decode()


def test_a_dry_run_changes_nothing_and_names_what_is_kept(read: Path) -> None:
    before = list(ArchiveSegment.objects.order_by("id").values_list("id", "data", "pruned_at"))
    said = told("--months", "6")
    assert "2 sessions in 3 files" in said
    assert s.main_path("gone") in said and "Nothing was changed" in said
    assert list(ArchiveSegment.objects.order_by("id").values_list("id", "data", "pruned_at")) == before


@pytest.mark.parametrize("name", [s.uid("gone"), s.main_path("gone"), s.FOLDER])
def test_what_is_gone_from_the_disk_goes_only_when_named(read: Path, name: str) -> None:
    before = database_digest()
    assert "Pruned 4 files" in told("--months", "6", "--apply", f"--gone={name}")
    assert found("damson") == 0
    rebuild_all()
    assert (database_digest(), verify()) == (before, [])


def test_a_name_that_is_nothings_is_refused_before_anything_is_dropped(read: Path) -> None:
    with pytest.raises(CommandError, match="is named 4711"):
        told("--months", "6", "--apply", "--gone=4711")
    with pytest.raises(CommandError, match="Say how many months"):
        told("--apply")
    assert not ArchiveSegment.objects.filter(pruned_at__isnull=False).exists()


def test_a_file_that_does_not_hold_what_was_read_is_kept(read: Path) -> None:
    path = read / "projects" / s.main_path("a")
    path.write_bytes(path.read_bytes().replace(b"quince", b"cherry"))
    _, done = prune(BETWEEN, [])
    assert (done.changed, done.files) == ([s.main_path("a")], 0)
    assert found("quince") == 2


def test_a_run_that_dies_in_between_is_gone_on_with(read: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, drop = table_digests(), dropping.drop_text
    dropped: list[str] = []

    def die_at_the_second(source: object, now: datetime) -> int:
        if dropped:
            raise KeyboardInterrupt
        dropped.append(str(source))
        return drop(source, now)  # type: ignore[arg-type]

    monkeypatch.setattr(pruning, "drop_text", die_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        prune(BETWEEN, [])
    monkeypatch.undo()
    assert ArchiveSegment.objects.filter(pruned_at__isnull=False).count() == 1
    sync([read])
    assert (table_digests(), verify(), found("sloe")) == (before, [], 2)
    assert prune(BETWEEN, [])[1].files == 2
    assert (table_digests(), verify()) == (before, [])


def test_a_pruned_session_goes_on(read: Path) -> None:
    """Its file is known again by its digests, and what comes is read as if nothing had been dropped."""
    prune(BETWEEN, [])
    s.append(read, s.main_path("a"), s.line(s.prompt("more", 0.7 * YEAR, "a", "bullace")))
    report = sync([read])
    assert (report.lines["seen"], report.lines["stored"], found("bullace")) == (1, 1, 1)
    assert verify() == []
    assert TranscriptEntry.objects.filter(generation=2).count() == 0


def test_a_line_that_grew_into_another_brings_the_text_back(read: Path) -> None:
    """Its facts have to be derived again, for which the file that was read is read again."""
    prune(BETWEEN, [])
    whole = s.line(s.reply("tail", 0.7 * YEAR, "a"), end=b"")
    s.append(read, s.main_path("a"), whole)
    sync([read])
    s.append(read, s.main_path("a"), whole + b"\n")
    sync([read])
    session = AgentSession.objects.get(public_id=s.uid("a"))
    assert (session.text_pruned_at, verify(), session.response_count) == (None, [], 1)
    assert found("quince") == 2


def test_lines_that_stand_in_their_file_no_more_are_gone_too(read: Path) -> None:
    s.write(read, {s.main_path("a"): turns("b", 0, "greengage")})
    sync([read])
    kept = prune(BETWEEN, [])[0].kept
    assert {name for each in kept for name in each.sessions} >= {s.uid("a"), s.uid("gone")}


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [("2026-08-31", 6, "2026-02-28"), ("2024-08-31", 6, "2024-02-29"), ("2026-01-15", 1, "2025-12-15")],
)
def test_months_are_those_of_the_calendar(day: str, months: int, then: str) -> None:
    assert f"{moment_months_before(datetime.fromisoformat(day).replace(tzinfo=UTC), months):%Y-%m-%d}" == then


def test_the_index_shrinks(read: Path) -> None:
    before = SearchItem.objects.count()
    prune(BETWEEN, [])
    assert SearchItem.objects.count() < before


def test_who_pruned_what_is_recorded(read: Path) -> None:
    said = told("--months", "1", "--apply")
    recorded = AuditEntry.objects.filter(action="pruned").values_list("way", "subject")
    assert list(recorded) == [("command", f"the text of {said.split()[1]} files")]
