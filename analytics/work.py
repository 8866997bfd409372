"""What numbers about planned work are called: rollups hold ids, people read slugs."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import F
from django.db.models.lookups import In

from sessions.models import Project
from sessions.prepared import Among, listed, padded, prepared
from tasks.models import Feature, Phase, ProjectTask


def work_names(dimension: str, ids: Iterable[str]) -> dict[str, str]:
    """{id as text: name} of features, phases or tasks; a name that several have is told apart by what holds it."""
    rows = _named(dimension, keys=listed(int(key) for key in ids if key.isdecimal()))
    if dimension == "feature":
        return _apart({str(key): (slug, f"{project}/{slug}") for key, slug, project in rows})
    if dimension == "phase":
        names = {
            str(key): (f"{slug}/{token}", f"{project}/{slug}/{token}") for key, token, slug, project in rows
        }
        return _apart(names)
    named = {}
    for key, raw_id, slug, path, occurrence in rows:
        again = f"#{occurrence + 1}" if occurrence else ""
        named[str(key)] = (f"{slug or path}/{raw_id}", f"{path}/{raw_id}{again}")
    return _apart(named)


_NAMES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "feature": (Feature, ("slug", "project__slug")),
    "phase": (Phase, ("token", "feature__slug", "feature__project__slug")),
    "task": (ProjectTask, ("raw_id", "feature__slug", "document__project_path", "occurrence")),
}


@prepared
def _named(dimension: str, *, keys: Any) -> Any:
    model, columns = _NAMES[dimension]
    return model.objects.filter(Among(F("pk"), keys)).order_by().values_list("id", *columns)


def project_names(ids: Iterable[str]) -> dict[str, str]:
    """{id as text: name} of projects."""
    rows = _names_of_projects(keys=padded(int(key) for key in ids))
    return {str(key): name for key, name in rows}


@prepared
def _names_of_projects(*, keys: Any) -> Any:
    return Project.objects.filter(In(F("pk"), keys)).order_by().values_list("pk", "name")


def _apart(named: dict[str, tuple[str, str]]) -> dict[str, str]:
    counts = Counter(short for short, _ in named.values())
    return {key: short if counts[short] == 1 else long for key, (short, long) in named.items()}
