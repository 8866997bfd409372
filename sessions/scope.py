"""Which projects an answer is about: a choice of the asker, and the limit of what the asker may read."""

from django.db.models import Q

# Keys of projects; None is every project, the empty set is none at all.
Projects = frozenset[int] | None


def only(project_id: int) -> Projects:
    """One project alone."""
    return frozenset((project_id,))


def in_projects(projects: Projects, field: str = "project") -> Q:
    """The condition that a row belongs to one of the projects; `field` is the path to its project."""
    return Q() if projects is None else Q(**{f"{field}__in": projects})
