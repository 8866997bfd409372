"""How reading stands, under the API's names."""

from dataclasses import asdict
from typing import Any

from sessions.api_fields import iso
from sessions.models import SourceFile
from sessions.selectors import IngestStatus
from sessions.selectors.quality import Progress


def ingest_json(status: IngestStatus, offset: int, limit: int) -> dict[str, Any]:
    """The last run and its progress, the equation of lines over everything, one page of the sources."""
    run, sources = status.run, SourceFile.objects.order_by("relative_path", "id")
    transcripts: Any = SourceFile.objects.transcripts()
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
        "error": run.report.get("error") if run else None,
        "report": run.report if run and "files" in run.report else None,
        "lookedIn": run.looked_in if run else [],
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
