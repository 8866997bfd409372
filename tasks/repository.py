"""What git says of files, asked without changing anything: which commits touched them, and what they held then."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

MAX_COMMITS = 5000
TIMEOUT_SECONDS = 30.0
# Nothing of the user's set-up is to run programs of its own, and nothing is to be written, not even an index.
_SETTINGS = (
    "core.fsmonitor=false",
    "core.quotePath=false",
    "log.showSignature=false",
    "core.hooksPath=/dev/null",
)
_OPTIONS = [part for setting in _SETTINGS for part in ("-c", setting)]


class Revision(NamedTuple):
    """A file as a commit left it."""

    path: str  # relative to the folder that was asked about
    blob: str
    commit: str
    at: int  # seconds since 1970, when it was committed


@cache
def git_program() -> str | None:
    return shutil.which("git")


def log_stamp(folder: str) -> int:
    """When the repository around a folder last moved, in nanoseconds; 0 outside of one and where git is absent.

    Looks at times of files only. A checkout that keeps no log is watched by its HEAD.
    """
    if git_program() is None:
        return 0
    place = folder
    while True:
        marker = os.path.join(place, ".git")
        for watched in (os.path.join(marker, "logs", "HEAD"), os.path.join(marker, "HEAD"), marker):
            try:
                return os.stat(watched).st_mtime_ns
            except OSError:
                continue
        above = os.path.dirname(place)
        if above == place:
            return 0
        place = above


def head_of(folder: str) -> str:
    """The commit that is checked out; "" where there is none."""
    return _text(folder, "rev-parse", "--verify", "--quiet", "HEAD").strip()


def revisions(folder: str, since: str = "") -> list[Revision]:
    """What commits after `since` (default: all) left of the files under a folder, oldest first.

    At most MAX_COMMITS commits back. Empty when git fails for whatever reason: history is a help, not a need.
    """
    wanted = f"{since}..HEAD" if since else "HEAD"
    shape = ("--raw", "--no-abbrev", "--no-renames", "--diff-filter=AM", "--no-ext-diff", "--relative")
    count = f"--max-count={MAX_COMMITS}"
    said = _text(folder, "log", *shape, count, "--format=%x01%H %ct", wanted, "--", ".")
    return list(_revisions(said))[::-1]


def _revisions(said: str) -> Iterator[Revision]:
    commit, at = "", 0
    for line in said.split("\n"):
        if line.startswith("\x01"):
            commit, _, seconds = line[1:].partition(" ")
            at = int(seconds)
        elif line.startswith(":") and "\t" in line:
            head, path = line.split("\t", 1)
            if not path.startswith('"'):
                yield Revision(path, head.split(" ")[3], commit, at)


def blobs(folder: str, names: Iterable[str], max_bytes: int) -> dict[str, bytes]:
    """{name: content} of these objects; larger ones and those that are missing are left out."""
    asked = "".join(f"{name}\n" for name in dict.fromkeys(names))
    said = _run(folder, ["cat-file", "--batch"], asked.encode())
    found: dict[str, bytes] = {}
    at = 0
    while at < len(said):
        end = said.index(b"\n", at)
        words = said[at:end].decode("ascii", "replace").split(" ")
        at = end + 1
        if len(words) != 3:
            continue  # "<name> missing"
        size = int(words[2])
        if size <= max_bytes:
            found[words[0]] = said[at : at + size]
        at += size + 1
    return found


def _text(folder: str, *arguments: str) -> str:
    return _run(folder, list(arguments)).decode("utf-8", "replace")


def _run(folder: str, arguments: list[str], given: bytes = b"") -> bytes:
    program = git_program()
    if program is None:
        return b""
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat", "LC_ALL": "C"}
    # A repository that started this program must not be taken for the one that is asked about.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            [program, "--no-pager", *_OPTIONS, "-C", folder, *arguments],
            input=given,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            env={**kept, **quiet},
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return b""
    return done.stdout if done.returncode == 0 else b""
