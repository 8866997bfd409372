"""Amplified corpora kept between runs, and the one change a benchmark makes to them and takes back."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from benchmarks.amplify import amplify, projects_folder

MARKER = "amplified.json"
_CONTINUED_KEYS = ("sessionId", "agentId", "isSidechain", "timestamp", "cwd", "version", "gitBranch")


@dataclass(frozen=True, slots=True)
class Amount:
    """How much to make of a source: complete copies, or a largest size in bytes; and the seed."""

    copies: int | None
    size: int | None
    seed: int


def prepared(source: Path, amount: Amount, *, cache: Path | None = None) -> Path:
    """The folder with `projects/` amplified from `source`, made now or found from an earlier run.

    Raises FileNotFoundError where the source holds no transcript.
    """
    cache = cache or own_cache()
    folder = cache / f"corpus-{_fingerprint(projects_folder(source), amount)}"
    if not _is_whole(folder):
        shutil.rmtree(folder, ignore_errors=True)
        written = amplify(source, folder, copies=amount.copies, size=amount.size, seed=amount.seed)
        # The marker comes last: without it, an interrupted run is made again.
        (folder / MARKER).write_text(json.dumps(asdict(written)))
    return folder


def own_cache() -> Path:
    """A folder under the system's temporary folder that only this user can read. PermissionError if taken."""
    folder = Path(tempfile.gettempdir()) / f"agent-ledger-benchmarks-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to someone else; set TMPDIR to a folder of your own.")
    return folder


def _fingerprint(projects: Path, amount: Amount) -> str:
    digest = blake2b(repr((str(projects.resolve()), amount)).encode(), digest_size=8)
    for path in sorted(projects.rglob("*")):
        status = path.stat()
        digest.update(repr((str(path), status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()


def _is_whole(folder: Path) -> bool:
    """Whether the corpus is complete and as it was written, even if a run was killed in the middle."""
    if not (folder / MARKER).exists():
        return False
    expected = json.loads((folder / MARKER).read_text())["bytes"]
    return bool(
        expected == sum(path.stat().st_size for path in (folder / "projects").rglob("*") if path.is_file())
    )


def largest_session(projects: Path) -> Path:
    """The largest transcript whose last line is complete: the hardest to append to, if all is read again."""
    complete = [path for path in projects.rglob("*.jsonl") if _ends_with_newline(path)]
    return max(complete, key=lambda path: (path.stat().st_size, path.name))


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as stream:
        return (
            stream.seek(0, os.SEEK_END) > 0 and stream.seek(-1, os.SEEK_END) >= 0 and stream.read() == b"\n"
        )


@contextmanager
def appended_entry(path: Path) -> Iterator[None]:
    """Append one new prompt to a transcript; afterwards the file has its old length and time again."""
    before = path.stat()
    with path.open("ab") as stream:
        stream.write(orjson.dumps(_next_prompt(path)) + b"\n")
    try:
        yield
    finally:
        os.truncate(path, before.st_size)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _next_prompt(path: Path) -> dict[str, Any]:
    """A prompt that continues the file's last entry, with a UUID of its own."""
    last = _last_entry(path)
    prompt: dict[str, Any] = {key: last[key] for key in _CONTINUED_KEYS if key in last}
    content = {"role": "user", "content": "One line more."}
    return prompt | {"type": "user", "uuid": str(uuid4()), "parentUuid": last["uuid"], "message": content}


def _last_entry(path: Path) -> dict[str, Any]:
    for line in reversed(path.read_bytes().splitlines()):
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(entry, dict) and "uuid" in entry:
            return entry
    raise ValueError(f"{path.name} holds no entry to continue.")
