"""What a person says about a project's plans: which folders they are in, and what counts as a task."""

import os

from django.db import transaction

from sessions.derive.places import free_slug
from sessions.models import Project
from sessions.parsers.paths import folder_slug, place_of
from tasks.discovery import is_inside, project_folder
from tasks.models import PlanRoot, PlanSettings


def add_manual_root(folder: str, project_name: str = "") -> PlanRoot:
    """Keep a folder as one of a project's roots; a folder that is one already stays it.

    The project is the one of that name (made when there is none), else the one whose folder holds it, else one named
    after the folder. Raises ValueError for a folder that does not exist.
    """
    path = os.path.realpath(os.path.expanduser(folder))
    if not os.path.isdir(path):
        raise ValueError(f"There is no folder {folder}.")
    with transaction.atomic():
        project = _named(project_name, path) if project_name else _holding(path) or _made(path)
        root, _ = PlanRoot.objects.get_or_create(project=project, path=path)
        if root.origin != PlanRoot.Origin.MANUAL:
            root.origin = PlanRoot.Origin.MANUAL
            root.save(update_fields=["origin"])
    return root


def _named(name: str, path: str) -> Project:
    found = Project.objects.filter(name=name[:200]).first() or Project.objects.filter(slug=name).first()
    return found or _made(path, name)


def _holding(path: str) -> Project | None:
    """The project with the deepest folder that holds a path; one that has it as a root already comes first."""
    known = PlanRoot.objects.filter(path=path).select_related("project").first()
    if known:
        return known.project
    bases = [(os.path.realpath(p.root_path), p) for p in Project.objects.exclude(root_path="") if p.root_path]
    holding = [(base, p) for base, p in bases if os.path.isabs(p.root_path) and is_inside(path, base)]
    return max(holding, key=lambda pair: len(pair[0]))[1] if holding else None


def _made(path: str, name: str = "") -> Project:
    """A new project at the folder's place, or beside the one that is there under another name."""
    place = place_of(project_folder(path))
    taken = Project.objects.filter(key=place.key[:1000]).exists()
    known_as = (name or place.name)[:200]
    return Project.objects.create(
        key=f"plans:{known_as}"[:1000] if taken else place.key[:1000],
        slug=free_slug(known_as),
        name=known_as,
        root_path="" if taken else place.root_path[:1000],
        folder_slug="" if taken else folder_slug(place.root_path)[:1000],
        awaits_sessions=bool(name),
    )


def choose_checklists(project_id: int, choice: str) -> None:
    """Choose whether check-list items count; the next sync derives the tasks by it."""
    row, _ = PlanSettings.objects.get_or_create(project_id=project_id)
    if row.count_checklists != choice:
        row.count_checklists, row.stale = choice, True
        row.save()
