"""Where plans are: folders found under a project's own, and folders named by a person. Nothing is opened or written."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sessions.models import Project, SourceFile
from sessions.parsers.discovery import FoundFile, Root, Unreadable, walk
from sessions.reading import is_unchanged
from tasks.models import Document, PlanRoot, PlanSettings
from tasks.parsers.layouts.registry import FOLDERS, is_plan_name
from tasks.parsers.records import FACTS_VERSION
from tasks.repository import log_stamp

PLAN = SourceFile.Kind.PLAN
# Folders full of Markdown that plans nothing of this project.
_SKIPPED = frozenset(
    {"node_modules", "vendor", "venv", "site-packages", "dist", "build", "target", "__pycache__"}
)
_HIDDEN_BUT_PLANS = frozenset({".planning", ".claude"})


@dataclass(slots=True)
class RootSurvey:
    """One root's files beside what is known of them."""

    root: PlanRoot
    prefix: str  # of paths in it, as plans cite them
    files: dict[str, FoundFile] = field(default_factory=dict)  # by relative path
    changed: list[tuple[Document | None, FoundFile]] = field(default_factory=list)
    lost: list[Document] = field(default_factory=list)
    exists: bool = True
    moved_in_git: bool = False  # commits came since history was read
    seen: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)

    @property
    def is_new(self) -> bool:
        """Whether the root was found just now and has no row yet."""
        return self.root._state.adding

    @property
    def has_news(self) -> bool:
        came_or_went = self.exists == (self.root.missing_since is not None) or self.is_new
        return bool(self.changed or self.lost or came_or_went or self.moved_in_git)


@dataclass(slots=True)
class Survey:
    """What there is to read in all roots."""

    roots: list[RootSurvey]
    stale_projects: set[int]  # derived with another choice than is made now

    @property
    def is_empty(self) -> bool:
        return not self.stale_projects and not any(root.has_news for root in self.roots)

    @property
    def seen(self) -> int:
        return sum(root.seen for root in self.roots)

    def by_project(self) -> dict[int, list[RootSurvey]]:
        """The roots of each project in which something is to be done."""
        found: dict[int, list[RootSurvey]] = {pk: [] for pk in self.stale_projects}
        for root in self.roots:
            if root.has_news:
                found.setdefault(root.root.project_id, [])
        for root in self.roots:
            if root.root.project_id in found:
                found[root.root.project_id].append(root)
        return found


def survey_plans(now: datetime) -> Survey:
    """Look at every root of every project. Roots seen for the first time have no row yet."""
    known: dict[int, list[PlanRoot]] = {}
    for root in PlanRoot.objects.select_related("project").order_by("path"):
        known.setdefault(root.project_id, []).append(root)
    surveys = []
    for project in Project.objects.order_by("id"):
        roots = known.get(project.pk, [])
        roots += [PlanRoot(project=project, path=path) for path in _new_folders(project, roots)]
        surveys += [_survey_root(root, roots, now) for root in roots]
    stale = PlanSettings.objects.filter(stale=True).values_list("project_id", flat=True)
    return Survey(surveys, set(stale))


def _new_folders(project: Project, known: Iterable[PlanRoot]) -> list[str]:
    """The usual folders of plans under a project's, those left out that a known root has already."""
    base = project.root_path
    if not base or not os.path.isabs(base):
        return []
    paths = [root.path for root in known]
    found = (os.path.realpath(os.path.join(base, folder)) for folder in FOLDERS)
    return [path for path in found if os.path.isdir(path) and not any(is_inside(path, p) for p in paths)]


def is_inside(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies under it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _survey_root(root: PlanRoot, siblings: Iterable[PlanRoot], now: datetime) -> RootSurvey:
    survey = RootSurvey(root, prefix_of(root), exists=os.path.isdir(root.path))
    if not survey.exists:
        # A disk that is not there says nothing about the files on it.
        return survey
    survey.moved_in_git = log_stamp(root.path) != root.git_stamp_ns
    inner = {s.path for s in siblings if s.path != root.path and is_inside(s.path, root.path)}
    documents = _known_documents(root)
    for item in walk(Root(root.path, root.path, True), _kind, lambda path: _enters(path, inner)):
        if isinstance(item, Unreadable):
            survey.unreadable.append(item)
            continue
        survey.seen += 1
        survey.files[item.relative] = item
        document = documents.get(item.relative)
        if document is None or _is_due(document, item, now):
            survey.changed.append((document, item))
    folders = [item.path for item in survey.unreadable]
    survey.lost = [
        document
        for path, document in documents.items()
        if path not in survey.files
        # What could not be looked into is not gone.
        and not any(is_inside(os.path.join(root.path, path), folder) for folder in folders)
    ]
    return survey


def _known_documents(root: PlanRoot) -> dict[str, Document]:
    if root._state.adding:
        return {}
    present = Document.objects.filter(root=root, removed_at=None).select_related("source").defer("facts")
    return {document.path: document for document in present}


def _is_due(document: Document, found: FoundFile, now: datetime) -> bool:
    source = document.source
    return not (
        is_unchanged(source, found, now)
        and source.path == found.path
        and document.source_generation == source.generation
        and document.facts_version == FACTS_VERSION
    )


def _kind(name: str) -> str:
    return PLAN.value if is_plan_name(name) else ""


def _enters(path: str, inner: set[str]) -> bool:
    """Whether a folder may hold plans of its root; those of another root are read there."""
    name, parent = os.path.basename(path), os.path.basename(os.path.dirname(path))
    if path in inner or name in _SKIPPED:
        return False
    if parent == ".claude":
        return name == "progress"
    return not name.startswith(".") or name in _HIDDEN_BUT_PLANS


def prefix_of(root: PlanRoot) -> str:
    """What stands before a root's paths where plans cite them: its place in the project, as far as it tells."""
    base = root.project.root_path
    if base and os.path.isabs(base) and is_inside(root.path, os.path.realpath(base)):
        relative = os.path.relpath(root.path, os.path.realpath(base))
    else:
        path = Path(root.path).as_posix()
        relative = next((folder for folder in FOLDERS if path.endswith("/" + folder)), ".")
    return "" if relative == "." else Path(relative).as_posix()


def project_folder(path: str) -> str:
    """The folder of the project to which a folder of plans belongs by its name."""
    for folder in FOLDERS:
        if Path(path).as_posix().endswith("/" + folder):
            return str(Path(*Path(path).parts[: -len(Path(folder).parts)]))
    return path
