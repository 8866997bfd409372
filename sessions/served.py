"""Filters of sessions by what they served. The app that knows plans, which this one may not import, adds them."""

from collections.abc import Callable, Iterator

from django.db.models import Q
from django.utils.module_loading import import_string

from sessions.scope import Projects

# The condition for a value and the projects it may be asked of; None where nothing has such a name.
type Condition = Callable[[str, Projects], Q | None]

_names: dict[str, str] = {}


def add_filter(name: str, condition: str) -> None:
    """Add a filter by the dotted name of its Condition, which is imported when it is asked for.

    Apps do it in `AppConfig.ready`, which every command runs.
    """
    _names[name] = condition


def filters() -> Iterator[tuple[str, Condition]]:
    """Every filter with its condition."""
    for name, condition in _names.items():
        yield name, import_string(condition)
