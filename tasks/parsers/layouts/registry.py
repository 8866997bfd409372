"""Which layout a file is read by. A new layout is one module here and one sample among the tests."""

from collections.abc import Collection, Sequence
from pathlib import PurePosixPath
from typing import Protocol, cast

from tasks.parsers.documents import PlanFile
from tasks.parsers.layouts import bmad, gsd, plain, prd_progress
from tasks.parsers.records import ParsedDocument


class Layout(Protocol):
    """What a layout's module offers."""

    NAME: str
    FOLDERS: tuple[str, ...]  # where its plans are, under a project's folder
    FILES: frozenset[str]  # names that are read although they do not end in .md

    def claims(self, path: PurePosixPath) -> bool:
        """Whether a path, relative to the project, is one of its own."""

    def recognises(self, paths: Collection[PurePosixPath]) -> bool:
        """Whether a folder with these files, whose own name says nothing, is laid out like this."""

    def parse(self, file: PlanFile) -> ParsedDocument:
        """A file's content; never raises on what stands in it."""

    def settle(self, documents: Sequence[ParsedDocument]) -> list[ParsedDocument]:
        """What its files say together and none of them alone."""


# The last one claims whatever is left.
LAYOUTS = cast("tuple[Layout, ...]", (gsd, bmad, prd_progress, plain))
BY_NAME = {layout.NAME: layout for layout in LAYOUTS}
FOLDERS = tuple(folder for layout in LAYOUTS for folder in layout.FOLDERS)
FILES = frozenset[str]().union(*(layout.FILES for layout in LAYOUTS))


def layouts_of(paths: Collection[str]) -> dict[str, Layout]:
    """The layout of each file of one root: by its path, else by what else stands in the root."""
    pure = {path: PurePosixPath(path) for path in paths}
    rest = [p for p in pure.values() if not any(layout.claims(p) for layout in LAYOUTS[:-1])]
    common = next(layout for layout in LAYOUTS if layout.recognises(rest))
    if len(rest) < len(pure):
        # A project's whole folder: what lies beside the folders of a layout is not laid out by it.
        common = LAYOUTS[-1]
    return {
        path: next((layout for layout in LAYOUTS[:-1] if layout.claims(p)), common)
        for path, p in pure.items()
    }


def is_plan_name(name: str) -> bool:
    """Whether a file of this name may be a plan."""
    return name.endswith((".md", ".markdown")) or name in FILES
