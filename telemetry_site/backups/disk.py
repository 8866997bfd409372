"""What copies need of a disk: room, names that outlast a power failure, digests."""

import os
import shutil
from hashlib import file_digest
from pathlib import Path

# What a copy may need beyond the size that the database has now.
HEADROOM_BYTES = 16 << 20


class CannotCopy(Exception):
    """A sentence that says why nothing was copied; what was there before is as it was."""


def require_space(folder: Path, needed: int, what: str) -> None:
    """Raise CannotCopy where the folder's disk has less room than `needed` bytes and a reserve."""
    free, wanted = free_bytes(folder), needed + HEADROOM_BYTES
    if free < wanted:
        raise CannotCopy(
            f"{what} needs {size_text(wanted)}, but the disk of {folder} has {size_text(free)} left."
        )


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def size_text(count: int) -> str:
    """Bytes as a person reads them: "1.4 GB"."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count} bytes"


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def sync_to_disk(path: Path) -> None:
    """Make a file, or the names in a folder, outlast a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
