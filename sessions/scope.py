"""Which projects an answer is about: a choice of the asker, and the limit of what the asker may read."""

from typing import Any

from django.conf import settings
from django.db.models import F, Q
from django.db.models.lookups import In

# Keys of projects; None is every project, the empty set is none at all.
Projects = frozenset[int] | None


def only(project_id: int) -> Projects:
    """One project alone."""
    return frozenset((project_id,))


def in_projects(projects: Projects | tuple[Any, ...], field: str = "project") -> Q:
    """The condition that a row belongs to one of the projects; `field` is the path to its project.

    A prepared question has a tuple of blanks, which Django does not take for keys of a relation.
    """
    if isinstance(projects, tuple):
        return Q(In(F(field), projects))
    return Q() if projects is None else Q(**{f"{field}__in": projects})


def both(first: Projects, second: Projects) -> Projects:
    """The projects that are among the first and among the second."""
    if first is None or second is None:
        return second if first is None else first
    return first & second


def readable_projects(request: Any) -> Projects:
    """The projects in which the asker may do what this request is for: to read them, or to change them.

    `request` is Django's or the API's. The site's middleware says who asks (`request.asker`); a request that did
    not pass it may read nothing on a server.
    """
    asker = getattr(request, "asker", None)
    token = getattr(request, "auth", None)
    if asker is not None:
        limit: Projects = asker.projects(token)
        return limit
    return getattr(token, "project_ids", None) if token or not settings.IS_TEAM else frozenset()
