"""Where transcripts are, found by looking at folders only: no file is opened (R16, R17)."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

TRANSCRIPT = "transcript"
SIDECAR = "sidecar"
TOOL_OUTPUT = "tool_output"
OUTPUTS_FOLDER = "tool-results"
_NOT_TRANSCRIPTS = frozenset({"journal.jsonl", "history.jsonl"})


@dataclass(frozen=True, slots=True)
class Root:
    """A folder of project folders, as it was asked for and as it is."""

    path: str  # real path of the `projects` folder
    asked: str
    exists: bool


class FoundFile(NamedTuple):
    """A transcript or sidecar with what the file system says of it."""

    path: str
    root: str
    relative: str
    kind: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    # What to open: `path` itself, but for names that are not UTF-8, of which `path` is a spelling to store.
    location: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A folder or file that could not be looked at, and why."""

    path: str
    reason: str


def default_folders(environ: Mapping[str, str], home: Path) -> list[str]:
    """The config folders Claude Code may use here, in its own order (R16)."""
    if configured := environ.get("CLAUDE_CONFIG_DIR", "").strip():
        return [part.strip() for part in configured.split(",") if part.strip()]
    xdg = environ.get("XDG_CONFIG_HOME", "").strip()
    folders = [str(Path(xdg) / "claude")] if xdg else []
    folders += [str(home / ".config" / "claude"), str(home / ".claude")]
    profile = environ.get("USERPROFILE") or environ.get("HOMEDRIVE", "") + environ.get("HOMEPATH", "")
    return folders + ([str(Path(profile) / ".claude")] if profile else [])


def roots_of(folders: list[str]) -> list[Root]:
    """Each folder's `projects` folder, or the folder itself when it is one; the same place only once."""
    found: dict[str, Root] = {}
    for folder in folders:
        asked = os.path.expanduser(folder)
        inner = os.path.join(asked, "projects")
        place = inner if os.path.isdir(inner) else asked
        real = os.path.realpath(place)
        found.setdefault(real, Root(real, folder, os.path.isdir(real)))
    return list(found.values())


def walk(
    root: Root,
    kind_of: Callable[[str], str] | None = None,
    enters: Callable[[str], bool] = lambda _: True,
) -> Iterator[FoundFile | Unreadable]:
    """Every transcript and sidecar under a root, at any depth. Links to folders are followed once.

    Other kinds of files are found by `kind_of`, which gives the kind of a file's name, "" for one to leave out;
    `enters` says of a folder's path whether to look into it.
    """
    yield from _Walk(root, kind_of or _kind, enters).of(root.path)


@dataclass(slots=True)
class _Walk:
    root: Root
    kind_of: Callable[[str], str]
    enters: Callable[[str], bool]
    seen: set[tuple[int, int]] = field(default_factory=set)

    def of(self, folder: str) -> Iterator[FoundFile | Unreadable]:
        try:
            identity = os.stat(folder)
            if (identity.st_dev, identity.st_ino) in self.seen:
                return
            self.seen.add((identity.st_dev, identity.st_ino))
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda e: e.name)
        except OSError as error:
            yield Unreadable(folder, error.strerror or str(error))
            return
        if self.kind_of is _kind and os.path.basename(folder) == OUTPUTS_FOLDER:
            yield from self._outputs(folder, entries)
            return
        for entry in entries:
            yield from self._entry(entry)

    def _outputs(
        self, folder: str, entries: "Iterable[os.DirEntry[str]]"
    ) -> Iterator[FoundFile | Unreadable]:
        """What tools answered, kept beside a session's transcript (R27). Nothing that a link leads to is taken."""
        if not os.path.realpath(folder).startswith(self.root.path + os.sep) or os.path.islink(folder):
            return
        for entry in entries:
            try:
                info = entry.stat(follow_symlinks=False)
            except OSError as error:
                yield Unreadable(entry.path, error.strerror or str(error))
                continue
            if stat.S_ISREG(info.st_mode):
                yield _found(entry.path, self.root, TOOL_OUTPUT, info)

    def _entry(self, entry: "os.DirEntry[str]") -> Iterator[FoundFile | Unreadable]:
        try:
            if entry.is_dir():
                if self.enters(entry.path):
                    yield from self.of(entry.path)
                return
            kind = self.kind_of(entry.name)
            if not kind:
                return
            info = entry.stat()
        except OSError as error:
            yield Unreadable(entry.path, error.strerror or str(error))
            return
        if stat.S_ISREG(info.st_mode):
            yield _found(entry.path, self.root, kind, info)
        else:
            yield Unreadable(entry.path, "not a regular file")


def _kind(name: str) -> str:
    if name.endswith(".jsonl") and name not in _NOT_TRANSCRIPTS:
        return TRANSCRIPT
    return SIDECAR if name.startswith("agent-") and name.endswith(".meta.json") else ""


def _found(path: str, root: Root, kind: str, info: os.stat_result) -> FoundFile:
    safe = _storable(path)
    return FoundFile(
        path=safe,
        root=root.path,
        relative=_storable(path[len(root.path) :].lstrip(os.sep)),
        kind=kind,
        device=info.st_dev % (1 << 63),
        inode=info.st_ino % (1 << 63),
        size=info.st_size,
        mtime_ns=info.st_mtime_ns,
        ctime_ns=info.st_ctime_ns,
        location=path,
    )


def _storable(path: str) -> str:
    """A file name that is not UTF-8 keeps its bytes, written as %XX, so that a database can hold it."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        raw = os.fsencode(path)
        return "".join(chr(b) if 32 <= b < 127 and b != 37 else f"%{b:02X}" for b in raw)
    return path
