"""Files that people ask commands to write: whole or not at all, and never over another one unasked."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def write_whole(target: Path, pieces: Iterable[str], *, replace: bool) -> None:
    """Write the pieces to a file beside `target`, then give it that name in one step.

    Raises FileExistsError where there is a file already and it is not to be replaced, OSError where the folder cannot
    be written. The file is for its owner alone, since transcripts hold what nobody else should read.
    """
    if not replace and target.exists():
        raise FileExistsError(target)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        _name(Path(name), target, replace=replace)
    finally:
        Path(name).unlink(missing_ok=True)


def _name(written: Path, target: Path, *, replace: bool) -> None:
    if replace:
        written.replace(target)
    else:
        # A link is refused where a file came up meanwhile; a rename would silently take its place.
        target.hardlink_to(written)
