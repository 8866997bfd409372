"""Which sessions served a feature or a task, as filters of the session list."""

from typing import Any

from django.db.models import Exists, OuterRef, Q

from sessions.scope import Projects, in_projects
from tasks.filters import features_named, is_key
from tasks.models import Link, ProjectTask


def of_feature(name: str, projects: Projects) -> Q | None:
    """Sessions linked to the features of a slug, or to the one of a key; None where there is none."""
    keys = list(features_named(name, projects).values_list("pk", flat=True))
    whole = Q(feature__in=keys, phase=None, task=None, commit="")
    return _linked(whole) if keys else None


def of_task(name: str, projects: Projects) -> Q | None:
    """Sessions linked to the task of an id, or to those that plans give it; None where there is none."""
    mine: Any = ProjectTask.objects.filter(in_projects(projects))
    keys = mine.filter(pk=int(name)).values_list("pk", flat=True) if is_key(name) else []
    found = list(keys) or list(mine.present().filter(raw_id=name).values_list("pk", flat=True))
    return _linked(Q(task__in=found)) if found else None


def _linked(to: Q) -> Q:
    links = Link.objects.filter(to, session_id=OuterRef("pk")).exclude(state=Link.State.UNLINKED)
    return Q(Exists(links))
