"""Putting a copy in the place of the database; what was there stays beside it under a name with the date.

At every moment there is one whole database at its place: the old one gets a second name first, and the copy, which
by then is complete and on the disk, takes the first name in one step.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from telemetry_site.backups.copying import digest_file
from telemetry_site.backups.disk import CannotCopy, require_space, sha256_of, sync_to_disk
from telemetry_site.backups.holders import is_in_use, lease_holder
from telemetry_site.backups.inspection import (
    UNREADABLE,
    Contents,
    Unusable,
    begins_as_database,
    inspect,
    opened,
)

LOGS = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done. `only_aside`: transcripts of which a part is now only in the file set aside; None: unknown."""

    aside: Path | None
    only_aside: list[str] | None


def checked(file: Path) -> Contents:
    """What a copy holds. Raises Unusable when it is not one that can be restored."""
    contents = inspect(file)
    beside = digest_file(file)
    if beside.exists():
        said = beside.read_text(encoding="utf-8", errors="replace").split()[:1]
        if said != [sha256_of(file)]:
            raise Unusable(
                f"{file} is not as it was written: {beside.name} has another digest. Use another copy."
            )
    return contents


def refuse_if_held(database: Path, now: datetime) -> None:
    """Raise CannotCopy with who uses the database, where somebody does."""
    if not database.exists():
        return
    if begins_as_database(database) and (holder := lease_holder(database, now)):
        raise CannotCopy(
            f"A sync ({holder}) is writing, as its lease in the database says: wait until it has ended, or stop it."
        )
    if is_in_use(database):
        raise CannotCopy(
            f"Another process has {database} open, as SQLite's lock on it says: "
            "stop `manage.py up`, the server or the watcher first."
        )


def restore(file: Path, database: Path, now: datetime) -> Restored:
    """Put a checked copy where the database is. Raises CannotCopy; then nothing has changed."""
    refuse_if_held(database, now)
    draft = database.with_name(f"{database.name}.restoring")
    try:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_space(database.parent, file.stat().st_size, "The copy beside the database")
        _copy(file, draft)
        aside = _set_aside(database, now) if database.exists() else None
        draft.replace(database)
        sync_to_disk(database.parent)
    except OSError as error:
        raise CannotCopy(f"{database} could not be restored: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return Restored(aside, only_in(aside, database) if aside else [])


def _copy(file: Path, draft: Path) -> None:
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with file.open("rb") as source, os.fdopen(descriptor, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    with closing(sqlite3.connect(draft)) as copy:
        # Nobody holds what a run held when the copy was made.
        copy.execute("DELETE FROM agent_sessions_synclease")
        copy.commit()
        copy.execute("PRAGMA journal_mode=DELETE")
    sync_to_disk(draft)


def _set_aside(database: Path, now: datetime) -> Path:
    """Give the present database a second name, with its write-ahead log where that could not be taken into it."""
    aside = database.with_name(f"{database.stem}-before-restore-{now:%Y%m%dT%H%M%SZ}{database.suffix}")
    _fold_in_log(database)
    os.link(database, aside)
    for suffix in LOGS:
        log = database.with_name(database.name + suffix)
        if log.exists():
            log.rename(aside.with_name(aside.name + suffix))
    return aside


def _fold_in_log(database: Path) -> None:
    """Raises CannotCopy when somebody opened the database meanwhile; one that is damaged keeps its log."""
    if not begins_as_database(database):
        return
    try:
        with closing(sqlite3.connect(database, timeout=1)) as present:
            present.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise CannotCopy(f"Another process has opened {database} just now; stop it first.") from None
    except UNREADABLE:
        return


def only_in(aside: Path, database: Path) -> list[str] | None:
    """Transcripts that were read further before than now and that no longer stand on this machine to be read again."""
    try:
        before, now = _read_so_far(aside), _read_so_far(database)
    except UNREADABLE:
        return None
    return sorted(
        path for path, read in before.items() if read > now.get(path, (0, 0)) and not Path(path).exists()
    )


def _read_so_far(file: Path) -> dict[str, tuple[int, int]]:
    with opened(file) as database:
        rows = database.execute("SELECT path, generation, committed_offset FROM agent_sessions_sourcefile")
        return {path: (generation, offset) for path, generation, offset in rows}
