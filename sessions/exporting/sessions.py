"""Sessions as an export: the fields of the API's list, money exact."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from sessions import serializers as shapes
from sessions.api_fields import dollars
from sessions.exporting.definition import Export, Item, columns_of, in_order, items_of
from sessions.forms import SessionFilterForm
from sessions.models import AgentSession
from sessions.representation import HEAVY_LISTS, public_ids, session_item
from sessions.scope import Projects
from sessions.selectors import SessionRow, Totals, session_rows
from sessions.selectors.filters import filtered_sessions, sorted_sessions

# Lists leave these empty; a session's own answer has them.
_LEFT_OUT = (*HEAVY_LISTS, "sessionMetadata", "qualityRating", "frictionRating")

_FIRST = (
    *(
        "id",
        "title",
        "project",
        "status",
        "sessionType",
        "startedAt",
        "endedAt",
        "durationSeconds",
        "activeSeconds",
    ),
    *("model", "totalCost", "costProvenance", "inputTokens", "outputTokens", "cacheReadTokens"),
    *(
        "cacheCreationTokens",
        "unpricedTokens",
        "responseCount",
        "toolCallCount",
        "toolErrorCount",
        "familyTotals",
    ),
)
_IN_A_NAME = (("start_date", "from-"), ("end_date", "to-"), ("project", ""), ("status", ""), ("model", ""))


def session_export(form: SessionFilterForm, *, now: datetime, projects: Projects = None) -> Export:
    """Every session of these projects that a valid form lets through, in the order it asks for."""
    filters = form.filters()
    mine = filtered_sessions(filters, now=now, projects=projects)
    found = sorted_sessions(mine, filters["sort_by"], filters["sort_order"])
    return Export(
        name="sessions",
        columns=columns_of(shapes.list_shape().fields["items"], first=_FIRST, without=_LEFT_OUT),
        items=items_of(found, lambda keys: _items(keys, now, projects)),
        count=found.count,
        about=tuple(f"{word}{form.data[name]}" for name, word in _IN_A_NAME if form.data.get(name)),
    )


def _items(keys: list[int], now: datetime, projects: Projects) -> Iterator[Item]:
    held = AgentSession.objects.light().filter(pk__in=keys).select_related("project", "parent")
    sessions = in_order(held, keys)
    names = public_ids(sessions, projects=projects)
    for row in session_rows(sessions, now=now, projects=projects):
        yield _exact(row, session_item(row, names))


def _exact(row: SessionRow, item: Item) -> Item:
    reported = dollars(row.session.reported_cost_nano_usd)
    family = item["familyTotals"] | {"cost": exact_cost(row.family)}
    return item | {"totalCost": exact_cost(row.own), "reportedCost": reported, "familyTotals": family}


def exact_cost(totals: Totals) -> Decimal | None:
    """0 where nothing was used; None where something was and nothing of it has a price."""
    return totals.cost_usd if totals.responses else Decimal(0)
