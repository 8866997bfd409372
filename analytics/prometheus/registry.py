"""Who tells what in a scrape. Every app adds families of its own; none needs to know of another's."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import Metric

from sessions.scope import Projects

PREFIX = "agent_ledger_"


@dataclass(frozen=True, slots=True)
class Scrape:
    """What a scrape is about: the projects the asker may read, as of a moment."""

    now: datetime
    projects: Projects = None


# Reads only, gives whole families (each name from one builder), and lets database errors through: a scrape that
# cannot be answered in full is not answered.
FamilyBuilder = Callable[[Scrape], Iterable[Metric]]

_builders: list[FamilyBuilder] = []


def register(builder: FamilyBuilder) -> FamilyBuilder:
    """Add families to every scrape; apps do it in `AppConfig.ready`. Adding one twice changes nothing."""
    if builder not in _builders:
        _builders.append(builder)
    return builder


def families(scrape: Scrape) -> Iterator[Metric]:
    """The families of all builders, in the order in which they were registered."""
    for builder in _builders:
        yield from builder(scrape)
