"""The columns of the list of sessions: which there are, and which of them a reader wants to see."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class ListColumn:
    """`sort` is the order a click asks for, "" for none; `first_way` is which way round it is looked at first."""

    name: str
    heading: str
    is_number: bool = True
    sort: str = ""
    first_way: str = "desc"
    is_usual: bool = True


TITLE = ListColumn("title", "Session", is_number=False, sort="title", first_way="asc")
COLUMNS = (
    ListColumn("status", "Status", is_number=False),
    ListColumn("model", "Model", is_number=False, sort="model", first_way="asc"),
    ListColumn("cost", "Cost", sort="cost"),
    ListColumn("tokens", "Tokens", sort="tokens"),
    ListColumn("input", "Input", sort="tokens_in", is_usual=False),
    ListColumn("output", "Output", sort="tokens_out", is_usual=False),
    ListColumn("cache", "Cache read", is_usual=False),
    ListColumn("prompts", "Prompts", is_usual=False),
    ListColumn("calls", "Calls", sort="tool_calls"),
    ListColumn("errors", "Errors", sort="tool_errors"),
    ListColumn("lines", "Lines changed", is_usual=False),
    ListColumn("active", "Active", sort="active"),
    ListColumn("duration", "Duration", sort="duration", is_usual=False),
    ListColumn("started", "Started", is_number=False, sort="started_at"),
    ListColumn("ended", "Last record", is_number=False, sort="ended_at", is_usual=False),
)
NAMES = tuple(column.name for column in COLUMNS)
USUAL = tuple(column.name for column in COLUMNS if column.is_usual)
PARAMETER = "columns"


@dataclass(frozen=True, slots=True)
class ShownColumns:
    """The names in the order of the table, and the names that were asked for and are none."""

    names: tuple[str, ...]
    unknown: tuple[str, ...] = ()

    @property
    def is_usual(self) -> bool:
        return self.names == USUAL

    @property
    def parameter(self) -> str:
        """As an address says it."""
        return ",".join(self.names) or "none"


def shown_columns(request: HttpRequest) -> ShownColumns:
    """Those of the address; without any those this reader chose last, else the usual ones."""
    if given := request.GET.get(PARAMETER, "").strip():
        return read_columns(given.split(","))
    kept = request.COOKIES.get(settings.COLUMNS_COOKIE_NAME, "")
    return ShownColumns(read_columns(kept.split(",")).names) if kept else ShownColumns(USUAL)


def read_columns(given: Iterable[str]) -> ShownColumns:
    """Names in any order, each at most once; "none" stands for none at all."""
    wanted = {name.strip() for name in given if name.strip()} - {"none"}
    known = tuple(name for name in NAMES if name in wanted)
    return ShownColumns(known, tuple(sorted(name[:40] for name in wanted if name not in NAMES)))
