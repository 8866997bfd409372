"""A plan in the test database, made of rows, and sessions that served it."""

from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from analytics.models import SessionUsage
from analytics.rollups import roll_up
from analytics.tests.ledger import NOW, read, working_session
from sessions.archive import SEGMENT_COLUMNS, segment_row
from sessions.models import AgentSession, ArchiveSegment, DirtyQuarter, Project, SourceFile, TranscriptEntry
from sessions.parsers.lines import Chunk
from sessions.parsers.packing import pack
from tasks.models import Document, Feature, Link, Phase, PlanRoot, ProjectTask, ServedSpan

TEXT = b"---\nstatus: completed\n---\n# Engine\n\nMake it **work**.\n"


def read_sessions(folder: Path, *names: str) -> dict[str, AgentSession]:
    """Working sessions of these names, a day apart, each of two responses."""
    read(folder, *(working_session(name, day) for day, name in enumerate(names)))
    return {session.title.removeprefix("Work on "): session for session in AgentSession.objects.all()}


def document(path: str = "docs/plans/engine.md", text: bytes = TEXT, **more: Any) -> Document:
    """A plan file of the project that the sessions ran in, with its bytes in the archive."""
    project = Project.objects.earliest("pk")
    root, _ = PlanRoot.objects.get_or_create(project=project, path="/home/ada/engine/docs")
    source = SourceFile.objects.create(
        path=f"/home/ada/engine/{path}",
        root=root.path,
        relative_path=path,
        kind=SourceFile.Kind.PLAN,
        size=len(text),
        owner=sha256(text).hexdigest()[:20],
    )
    columns = dict(zip(SEGMENT_COLUMNS, segment_row(source.pk, 1, 0, pack(Chunk(0, text))), strict=True))
    ArchiveSegment.objects.create(**columns)
    given = {"title": "Engine", "doc_type": "prd", "layout": "plain", "source_generation": 1} | more
    return Document.objects.create(
        project=project,
        root=root,
        source=source,
        path=path,
        project_path=path,
        first_seen_at=NOW,
        changed_at=NOW,
        **given,
    )


def feature(slug: str = "engine", **more: Any) -> Feature:
    project = Project.objects.earliest("pk")
    given = {"name": slug.title(), "canonical_slug": slug, "first_seen_at": NOW} | more
    return Feature.objects.create(project=project, slug=slug, **given)


def phase(of: Feature, token: str = "1", **more: Any) -> Phase:
    return Phase.objects.create(feature=of, token=token, title=f"Stage {token}", **more)


def task(of: Feature, place: Document, raw_id: str, status: str = "backlog", **more: Any) -> ProjectTask:
    if status == "done" and "completed_on" not in more:
        more |= {"completed_on": date(2026, 3, 2), "completed_confidence": "high", "completed_source": "task"}
    given = {"title": f"Do {raw_id}", "first_seen_at": NOW, "status": status} | more
    return ProjectTask.objects.create(project=of.project, document=place, feature=of, raw_id=raw_id, **given)


def serve(session: AgentSession, *course: tuple[float, dict[str, Any]]) -> None:
    """From so many seconds after its first line on, the session's work is for a feature, phase or task."""
    begin = round(_aware(session.started_at).timestamp() * 1000)
    for seconds, target in course:
        from_ms = begin + round(seconds * 1000)
        ServedSpan.objects.create(id=hash((session.pk, from_ms)), session=session, from_ms=from_ms, **target)


def link(session: AgentSession, confidence: float = 0.9, **more: Any) -> Link:
    """A link with one piece of evidence, which stands in the session's second line."""
    seq = TranscriptEntry.objects.filter(session=session).order_by("seq")[1].seq
    piece = {"kind": "task_id", "detail": "T-1", "weight": 0.75, "seq": seq, "at": "2026-03-01T10:00:05Z"}
    given = {"strategy": "task_id", "evidence": [piece]} | more
    return Link.objects.create(id=Link.objects.count() + 1, session=session, confidence=confidence, **given)


def count_again() -> None:
    """Roll everything up anew, as a sync does after it linked."""
    quarters = set(SessionUsage.objects.values_list("quarter", flat=True))
    DirtyQuarter.objects.bulk_create([DirtyQuarter(quarter=q) for q in quarters], ignore_conflicts=True)
    roll_up()


def _aware(moment: datetime | None) -> datetime:
    assert moment is not None
    return moment.astimezone(UTC)
