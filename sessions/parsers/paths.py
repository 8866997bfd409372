"""Which project a working directory belongs to (R25).

A project is a repository; a worktree that Claude Code made inside it is folded into it and keeps its name.
Two spellings of one place (drive letter case, slashes, the Windows and the WSL form) are one project.
"""

import re
from typing import NamedTuple

_WORKTREE = re.compile(r"^(?P<root>.*?)/\.claude/worktrees/(?P<name>[^/]+)")
# Claude Desktop keeps worktrees apart from their repository, whose path the name alone does not tell: those of
# one repository are one project.
_APART = re.compile(r"^(?P<root>.*?/\.claude-worktrees/[^/]+)/(?P<name>[^/]+)")
_DRIVE = re.compile(r"^(?:/mnt)?/?([A-Za-z]):?(?=/|$)")
_WINDOWS = re.compile(r"^[A-Za-z]:(?:[\\/]|$)|^\\\\")
_WSL = re.compile(r"^/mnt/[a-z](?:/|$)")
_NOT_SLUG = re.compile(r"[^A-Za-z0-9-]")


class Place(NamedTuple):
    """A project as a path tells of it."""

    key: str  # equal for every spelling of the same root
    root_path: str  # as it was written
    name: str
    worktree: str  # the worktree's name, "" outside one


def place_of(cwd: str) -> Place:
    """The project a working directory lies in."""
    path = cwd.replace("\\", "/").rstrip("/") or "/"
    inside = _WORKTREE.match(path) or _APART.match(path)
    root, worktree = (inside["root"], inside["name"]) if inside else (path, "")
    written = root.replace("/", "\\") if "\\" in cwd else root
    return Place(_key(root, cwd), written, root.rsplit("/", 1)[-1] or root, worktree)


def _key(root: str, cwd: str) -> str:
    if _WINDOWS.match(cwd) or _WSL.match(root):
        drive = _DRIVE.match(root)
        rest = root[drive.end() :] if drive else root
        letter = drive[1].lower() + ":" if drive else ""
        return f"{letter}{rest}".lower()
    return root


def folder_slug(path: str) -> str:
    """The name of the folder in which Claude Code keeps the transcripts of a working directory."""
    return _NOT_SLUG.sub("-", path)


def slug_place(folder: str) -> Place:
    """A project of which only the folder's name is known: the name is kept as it is, since it cannot be undone."""
    root, _, worktree = folder.partition("--claude-worktrees-")
    return Place(f"slug:{root}", "", root.rsplit("-", 1)[-1] or root, worktree)
