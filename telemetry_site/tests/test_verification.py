"""Breaking each promise of the database, to see that `verify` names it."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from analytics.models import (
    DailyToolTimes,
    DailyToolUsage,
    DailyUsage,
    SessionReturn,
    SessionToolUsage,
    SessionUsage,
)
from sessions.models import (
    AgentSession,
    ArchiveSegment,
    DirtyQuarter,
    ModelResponse,
    QuarantinedLine,
    SourceFile,
    TranscriptEntry,
)
from sessions.tests import samples as s
from telemetry_site.pipeline import sync
from telemetry_site.tests.filled import Kept
from telemetry_site.verification import database_digest, verify

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="class")
def synced(request: pytest.FixtureRequest, kept: Kept) -> Path:
    records = [s.prompt("p", 0), s.reply("one", 1, blocks=[s.call("toolu_1")]), s.answer("r", 2, "toolu_1")]

    def fill(folder: Path) -> None:
        s.write(folder, {s.main_path("a"): s.lines(records) + b"}{\n" + s.line(s.reply("two", 3))})
        sync([folder])
        assert verify() == []

    return kept.fill(request, fill)


def _flip_archive() -> None:
    segment = ArchiveSegment.objects.get()
    data = bytearray(bytes(segment.data))
    data[-3] ^= 1
    ArchiveSegment.objects.update(data=bytes(data))


def _return_of_nobody() -> None:
    session = AgentSession.objects.get()
    SessionReturn.objects.create(session=session, dimension="", name="", day=20_600, previous_day=20_599)


DAMAGE: dict[str, tuple[Callable[[], object], str]] = {
    "a rollup too high": (lambda: SessionUsage.objects.update(output_tokens=F("output_tokens") + 1), "rollups"),
    "a rollup missing": (lambda: SessionToolUsage.objects.all().delete(), "rollups"),
    "a day too high": (lambda: DailyUsage.objects.update(output_tokens=F("output_tokens") + 1), "days"),
    "a day of tools missing": (lambda: DailyToolUsage.objects.all().delete(), "days"),
    "the times of a day missing": (lambda: DailyToolTimes.objects.all().delete(), "days"),
    "a return of nobody": (_return_of_nobody, "days"),
    "a response changed": (lambda: ModelResponse.objects.update(input_tokens=F("input_tokens") + 1), "rollups"),
    "an entry missing": (lambda: TranscriptEntry.objects.filter(seq=1).delete(), "count as stored"),
    "a bad line missing": (lambda: QuarantinedLine.objects.all().delete(), "count as quarantined"),
    "an entry misplaced": (lambda: TranscriptEntry.objects.filter(seq=2).update(offset=F("offset") + 1), "bytes"),
    "an archive segment missing": (lambda: ArchiveSegment.objects.all().delete(), "archive"),
    "an archive segment damaged": (_flip_archive, "Archive segment"),
    "a checkpoint too far": (lambda: SourceFile.objects.update(committed_offset=F("size") + 1), "read, but"),
    "a session behind": (lambda: AgentSession.objects.update(stale=True), "wait for their columns"),
    "a rollup behind": (lambda: DirtyQuarter.objects.create(quarter=1), "wait for their rollups"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "said"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_named(synced: Path, damage: Callable[[], object], said: str) -> None:
    damage()
    assert any(said in problem for problem in verify())
    with pytest.raises(CommandError, match="checks failed"):
        call_command("verify", stdout=StringIO(), stderr=StringIO())


def test_the_digest_tells_every_change(synced: Path) -> None:
    before = database_digest()
    ModelResponse.objects.filter(message_id="msg_one").update(output_tokens=11)
    assert database_digest() != before


def test_verify_says_that_all_is_well(synced: Path) -> None:
    out = StringIO()
    call_command("verify", stdout=out)
    assert database_digest() in out.getvalue()


def test_rebuild_mends_facts_and_says_so(synced: Path) -> None:
    good = database_digest()
    ModelResponse.objects.update(output_tokens=999)
    out = StringIO()
    call_command("rebuild", stdout=out)
    assert "The facts have changed." in out.getvalue()
    assert database_digest() == good
    out = StringIO()
    call_command("rebuild", stdout=out)
    assert "The facts are the same as before." in out.getvalue()
    assert verify() == []
