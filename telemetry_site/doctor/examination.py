"""Looking at everything in turn; what stops one look does not stop the others."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import DatabaseError

from telemetry_site.doctor import figures, reading, storage
from telemetry_site.doctor.findings import Finding, Severity, error

type Look = Callable[[], Iterable[Finding]]


def examine(now: datetime, *, full: bool = False) -> list[Finding]:
    """What is wrong, the worst first. Changes nothing. `full` holds every index against its table."""
    found = [*_seen("settings", storage.weak_settings), *_seen("data folder", storage.data_folder)]
    found += _seen("disk", storage.disk_space)
    unreachable = _seen("database", storage.reachable)
    found += unreachable or _of_database(now, full=full)
    order = list(Severity)
    return sorted(found, key=lambda finding: order.index(finding.severity))


def _of_database(now: datetime, *, full: bool) -> list[Finding]:
    found = _seen("integrity", lambda: storage.integrity(full=full)) + _seen("schema", storage.schema)
    if any(each.severity == Severity.ERROR for each in found if each.about == "schema"):
        return found  # tables that are asked for below may not be there
    looks: dict[str, Look] = {
        "backup": lambda: storage.backups(now),
        "lease": lambda: reading.lease(now),
        "reading": lambda: reading.runs(now),
        "left to do": lambda: reading.left_to_do(now),
        "transcripts": lambda: reading.sources(now),
        "lines": reading.lines,
        "clock": lambda: reading.clocks(now),
        "prices": figures.prices,
        "search": figures.search,
        "alerts": figures.deliveries,
    }
    return found + [finding for about, look in looks.items() for finding in _seen(about, look)]


def _seen(about: str, look: Look) -> list[Finding]:
    try:
        return list(look())
    except DatabaseError as trouble:
        said = str(trouble).strip().partition("\n")[0]
        return [
            error(
                about,
                f"This cannot be looked at: {said}.",
                "`manage.py doctor --full` checks the whole file.",
            )
        ]
    except OSError as trouble:
        return [error(about, f"This cannot be looked at: {trouble.strerror or trouble}.")]
