"""Making a copy of the database while it is in use: whole, checked, and never over anything that is there.

A copy gets its name only when it is complete, checked and on the disk; until then it is a file that ends in
`.partial`, which the next copy into the same folder clears away.
"""

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from telemetry_site.backups.disk import CannotCopy, require_space, sha256_of, sync_to_disk
from telemetry_site.backups.inspection import UNREADABLE, integrity_problems

STEM = "agent-ledger-"
PARTIAL = ".partial"
DIGEST = ".sha256"
SUFFIXES = {"sqlite": ".sqlite3", "postgresql": ".dump"}
# What says where a PostgreSQL database is. Programs of another version may not know every other option.
ADDRESS = ("host", "hostaddr", "port", "dbname", "user", "sslmode", "sslrootcert", "service")


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy as it lies on the disk, and the older ones that made room for it. Sizes are bytes."""

    path: Path
    size: int
    sha256: str
    removed: tuple[Path, ...]


def usual_folder() -> Path:
    return Path(settings.TELEMETRY_DATA_DIR) / "backups"


def back_up(folder: Path, now: datetime, *, keep: int) -> Backup:
    """Copy the database into the folder and keep the newest `keep` copies there. Raises CannotCopy.

    Not inside a transaction, of which SQLite would wait for the end.
    """
    if connection.in_atomic_block:
        raise RuntimeError("A copy is of what was committed; this is inside a transaction.")
    suffix = SUFFIXES[connection.vendor]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.glob(f"{STEM}*{PARTIAL}*"):
            left.unlink()
        path = folder / f"{STEM}{now:%Y%m%dT%H%M%SZ}{suffix}"
        digest = _publish(path, _copy_sqlite if connection.vendor == "sqlite" else _copy_postgresql)
        made = Backup(path, path.stat().st_size, digest, _rotate(folder, suffix, keep))
        _remember(made, now)
    except OSError as error:
        raise CannotCopy(f"No copy was made in {folder}: {error.strerror or error}.") from error
    return made


def _publish(path: Path, copy: Callable[[Path], None]) -> str:
    """Let `copy` write a partial file, and give it its name and its digest, which is returned."""
    if path.exists():
        raise CannotCopy(f"{path} exists already, and nothing is written over; try again in a second.")
    partial = path.with_name(path.name + PARTIAL)
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        copy(partial)
        sync_to_disk(partial)
        digest = sha256_of(partial)
        _write_digest(path, digest)
        # Unlike a rename, a link never takes the place of a file that is there.
        os.link(partial, path)
        sync_to_disk(path.parent)
    except UNREADABLE as error:
        raise CannotCopy(f"The database could not be copied: {error}.") from error
    finally:
        partial.unlink(missing_ok=True)
    return digest


def _write_digest(path: Path, digest: str) -> None:
    """In the form that `sha256sum --check` reads."""
    beside = digest_file(path)
    beside.write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    sync_to_disk(beside)


def digest_file(path: Path) -> Path:
    return path.with_name(path.name + DIGEST)


def _rotate(folder: Path, suffix: str, keep: int) -> tuple[Path, ...]:
    """Delete all but the newest `keep` copies; only files that bear a name given here."""
    pattern = f"{STEM}{'[0-9]' * 8}T{'[0-9]' * 6}Z{suffix}"
    old = tuple(sorted(folder.glob(pattern), reverse=True)[keep:])
    for path in old:
        path.unlink()
        digest_file(path).unlink(missing_ok=True)
    return old


def _memory() -> Path:
    return Path(settings.TELEMETRY_DATA_DIR) / "last-backup.json"


def _remember(made: Backup, now: datetime) -> None:
    """Outside the database, which may be what is broken when somebody asks where the copy is."""
    told = json.dumps({"path": str(made.path.resolve()), "at": now.isoformat(), "bytes": made.size})
    draft = _memory().with_suffix(f".{os.getpid()}")
    draft.write_text(told + "\n", encoding="utf-8")
    draft.replace(_memory())


def last_backup() -> tuple[Path, datetime] | None:
    """Where the newest copy was put, wherever that was, and when; None when none was made, or it is not known."""
    try:
        told = json.loads(_memory().read_text(encoding="utf-8"))
        return Path(told["path"]), datetime.fromisoformat(told["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _copy_sqlite(target: Path) -> None:
    """By SQLite's own backup: one moment of the database, whatever is written meanwhile."""
    connection.ensure_connection()
    source: Any = connection.connection
    [pages] = source.execute("PRAGMA page_count").fetchone()
    [page_bytes] = source.execute("PRAGMA page_size").fetchone()
    require_space(target.parent, pages * page_bytes, "The copy")
    with closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        # One file, which nothing has to lie beside.
        copy.execute("PRAGMA journal_mode=DELETE")
        if problems := integrity_problems(copy):
            raise CannotCopy(
                f"The copy is damaged and was thrown away, as the database is damaged: {problems[0]}. "
                "`manage.py restore` goes back to an older copy; `manage.py doctor --full` says more."
            )


def _copy_postgresql(target: Path) -> None:
    connection.ensure_connection()
    raw: Any = connection.connection
    address = make_conninfo(**{k: v for k, v in raw.info.get_parameters().items() if k in ADDRESS})
    if shutil.which("pg_dump") is None:
        raise CannotCopy(
            "PostgreSQL is copied by its own pg_dump, which is not on the PATH: install PostgreSQL's client programs, "
            f"or run where they are: pg_dump --format=custom --file=agent-ledger.dump --dbname='{address}'"
        )
    # Not as an argument, which every user of the machine could read.
    password = str(connection.settings_dict.get("PASSWORD") or "")
    environ = os.environ | ({"PGPASSWORD": password} if password else {})
    _run(["pg_dump", "--format=custom", f"--file={target}", f"--dbname={address}"], environ)
    _run(["pg_restore", "--list", str(target)], environ)


def _run(command: list[str], environ: dict[str, str]) -> None:
    try:
        subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise CannotCopy(f"{command[0]} is not on the PATH, so that the copy cannot be checked.") from None
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines() or [f"status {error.returncode}"]
        raise CannotCopy(f"{command[0]} failed: {' '.join(said[:2])}") from None
