"""Who tells what in a scrape. Every app adds families of its own; none needs to know of another's."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.module_loading import import_string

from sessions.scope import Projects

if TYPE_CHECKING:
    from prometheus_client import Metric

PREFIX = "agent_ledger_"


@dataclass(frozen=True, slots=True)
class Scrape:
    """What a scrape is about: the projects the asker may read, as of a moment."""

    now: datetime
    projects: Projects = None


# Reads only, gives whole families (each name from one builder), and lets database errors through: a scrape that
# cannot be answered in full is not answered.
type FamilyBuilder = Callable[[Scrape], Iterable[Metric]]

_builders: dict[str, None] = {}  # in the order of registration


def register(*builders: str) -> None:
    """Add families to every scrape: dotted names of FamilyBuilders, which are imported when a scrape asks.

    Apps do it in `AppConfig.ready`, which every command runs. Adding one twice changes nothing.
    """
    _builders.update(dict.fromkeys(builders))


def families(scrape: Scrape) -> "Iterator[Metric]":
    """The families of all builders, in the order in which they were registered."""
    for name in _builders:
        builder: FamilyBuilder = import_string(name)
        yield from builder(scrape)
