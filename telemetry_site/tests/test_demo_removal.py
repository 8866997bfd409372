"""The demo leaves nothing behind, and takes nothing of anyone's with it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import LazySettings

from analytics.models import DailyToolTimes, DailyToolUsage, DailyUsage, SessionToolUsage, SessionUsage
from sessions.models import (
    AgentSession,
    ArchiveSegment,
    ModelResponse,
    Project,
    ResponseCopy,
    SearchItem,
    SearchSubject,
    SessionEvent,
    SourceFile,
    ToolCall,
    TranscriptEntry,
)
from telemetry_site import pipeline
from telemetry_site.demo import write_demo

NOW = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
TABLES = (
    AgentSession,
    ArchiveSegment,
    DailyToolTimes,
    DailyToolUsage,
    DailyUsage,
    ModelResponse,
    Project,
    ResponseCopy,
    SessionEvent,
    SessionToolUsage,
    SessionUsage,
    SourceFile,
    ToolCall,
    TranscriptEntry,
)


@pytest.mark.django_db
def test_removed_demo_leaves_no_row(settings: LazySettings, tmp_path: Path) -> None:
    settings.TELEMETRY_DATA_DIR = tmp_path
    write_demo(tmp_path / "demo", seed=1, now=NOW, days=30)
    pipeline.sync([tmp_path / "demo" / "claude"], now=NOW)
    assert all(table.objects.exists() for table in TABLES)
    assert not AgentSession.objects.filter(is_demo=False).exists()

    pipeline.remove_source_root(tmp_path / "demo")

    assert {table.__name__: table.objects.count() for table in TABLES} == dict.fromkeys(
        (table.__name__ for table in TABLES), 0
    )
    assert not SearchItem.objects.exclude(kind=SearchItem.Kind.GONE).exists()
    assert not SearchSubject.objects.exists()


@pytest.mark.django_db
def test_removing_the_demo_keeps_what_was_read_elsewhere(settings: LazySettings, tmp_path: Path) -> None:
    settings.TELEMETRY_DATA_DIR = tmp_path
    write_demo(tmp_path / "demo", seed=1, now=NOW, days=30)
    write_demo(tmp_path / "own", seed=2, now=NOW, days=30)
    pipeline.sync([tmp_path / "own" / "claude"], now=NOW)
    own = AgentSession.objects.count(), ModelResponse.objects.count(), ToolCall.objects.count()
    findable = SearchItem.objects.count()
    pipeline.sync([tmp_path / "demo" / "claude"], now=NOW)
    assert SearchItem.objects.count() > findable

    pipeline.remove_source_root(tmp_path / "demo")

    assert (AgentSession.objects.count(), ModelResponse.objects.count(), ToolCall.objects.count()) == own
    assert SearchItem.objects.exclude(kind=SearchItem.Kind.GONE).count() == findable
