"""How reading stands, under the API's names."""

from dataclasses import asdict
from typing import Any

from sessions.api_fields import iso
from sessions.models import SourceFile
from sessions.scope import Projects
from sessions.selectors import IngestStatus
from sessions.selectors.quality import Progress
from sessions.selectors.sources import sources_of


def ingest_json(status: IngestStatus, projects: Projects, offset: int, limit: int) -> dict[str, Any]:
    """The last run and its progress, the equation of the projects' lines, one page of their sources.

    What a run reports names files of any project: it is for those who may read them all.
    """
    run, told = status.run, status.run if projects is None else None
    sources = sources_of(projects).order_by("relative_path", "id")
    transcripts = sources_of(projects).transcripts()
    equation = asdict(status.equation) | {
        "pending": transcripts.pending_count(),
        "holds": status.equation.holds,
    }
    return {
        "state": status.state,
        "lastSyncAt": iso(status.last_done_at),
        "startedAt": iso(run.started_at) if run else None,
        "finishedAt": iso(run.finished_at) if run else None,
        "progress": _progress_json(status.progress) if status.progress else None,
        "equation": equation,
        "error": told.report.get("error") if told else None,
        "report": told.report if told and "files" in told.report else None,
        "lookedIn": told.looked_in if told else [],
        "sources": {
            "items": [_source_json(source) for source in sources[offset : offset + limit]],
            "total": sources.count(),
            "offset": offset,
            "limit": limit,
        },
    }


def _progress_json(progress: Progress) -> dict[str, Any]:
    return {
        "filesDone": progress.files_done,
        "filesTotal": progress.files_total,
        "linesDone": progress.lines_done,
        "bytesDone": progress.bytes_done,
        "bytesTotal": progress.bytes_total,
        "percent": progress.percent,
        "bytesPerSecond": progress.bytes_per_second,
        "secondsLeft": progress.seconds_left,
    }


def _source_json(source: SourceFile) -> dict[str, Any]:
    return {
        "path": source.relative_path,
        "kind": source.kind,
        "size": source.size,
        "readBytes": source.committed_offset + source.provisional_bytes,
        "pendingBytes": source.pending_bytes,
        "seen": source.lines_seen,
        "stored": source.lines_stored,
        "duplicate": source.lines_duplicate,
        "quarantined": source.lines_quarantined,
        "blank": source.lines_blank,
        "error": source.error or None,
        "lastReadAt": iso(source.last_read_at),
        "missingSince": iso(source.missing_since),
    }
