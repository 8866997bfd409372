"""Everything the dashboard shows, for one period and project."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from analytics.charts import Series
from analytics.concerns import Concern, concerns
from analytics.courses import STEPS, DrawnCourse, cost_and_tokens, courses, token_classes
from analytics.forms import Asked
from analytics.freshness import Freshness, freshness
from analytics.links import Links
from analytics.metrics import metric
from analytics.models import SessionUsage
from analytics.periods import DAY, Period, fitting_kind, local_date, quarter_start, start_of_day
from analytics.selectors import Overview, known_span, narrowed, overview
from analytics.tiles import Tile, tiles
from analytics.usage_tables import ToolTables, UsageTable, model_table, project_table, tool_tables
from sessions.prepared import prepared
from sessions.scope import Projects, in_projects
from sessions.selectors import SessionRow, latest_sessions

RECENT = 10
DEFAULT_DAYS = 30
LONGEST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class TokenClass:
    label: str
    value: int
    share: float | None  # percent of all tokens


@dataclass(frozen=True, slots=True)
class Days:
    """The local days a period begins and ends in, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, period: Period) -> "Days":
        last_instant = period.end_at - timedelta(microseconds=1)
        return cls(local_date(period.start_at, period.zone), local_date(last_instant, period.zone))

    def __str__(self) -> str:
        first, last = (f"{day.day} {day:%b %Y}" for day in (self.first, self.last))
        return first if first == last else f"{first} – {last}"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The period holds nothing: the day of the latest data, and as long a period that ends with it."""

    latest_on: date
    days: Days
    href: str


@dataclass(frozen=True, slots=True)
class Panels:
    """The figures of a period that holds something."""

    tiles: list[Tile]
    cost: DrawnCourse
    tokens: DrawnCourse
    classes: list[TokenClass]
    models: UsageTable
    projects: UsageTable | None  # None for a dashboard of one project
    tools: ToolTables
    recent: list[SessionRow]
    session_count: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`was_moved`: the default period holds nothing, so that the last days of data are shown instead.

    `compared` is the preceding period that changes are against. `elsewhere` is set, and `panels` is None, where a
    period that was asked for holds nothing. `is_empty`: there is nothing at all, of any period.
    """

    asked: Asked
    period: Period
    days: Days
    compared: Days | None
    links: Links
    step: str
    fresh: Freshness
    is_empty: bool
    was_moved: bool = False
    elsewhere: Elsewhere | None = None
    panels: Panels | None = None
    concerns: list[Concern] | None = None


def dashboard(asked: Asked, *, now: datetime) -> Dashboard:
    """What to show; a number of queries that does not depend on how much there is."""
    latest_at = latest_data_at(asked.projects)
    period = shown_period(asked, latest_at)
    shown = narrowed(period, asked.projects)
    links = Links(period, asked.project.slug if asked.project else "", asked.tz)
    fresh = freshness(now, asked.readable)
    parts: dict[str, Any] = {
        "asked": asked,
        "period": shown,
        "days": Days.of(shown),
        "compared": None if (before := period.preceding()) is None else Days.of(before),
        "links": links,
        "step": STEPS[fitting_kind(shown)],
        "fresh": fresh,
        "is_empty": latest_at is None,
        "was_moved": period is not asked.period,
    }
    if latest_at is None:
        return Dashboard(**parts)
    figures = overview(period, projects=asked.projects, plans=False)
    if not _holds_data(figures):
        return Dashboard(**parts, elsewhere=_elsewhere(latest_at, shown, links))
    panels = _panels(figures, shown, asked, links, now)
    return Dashboard(**parts, panels=panels, concerns=concerns(figures, fresh, links, asked.readable))


def latest_data_at(projects: Projects) -> datetime | None:
    """The start of the last quarter with a response, else the last record of any kind; None without any."""
    for quarter in _latest_quarter(projects=projects):
        return quarter_start(quarter)
    span = known_span(projects)
    return None if span is None else span.last_at


def shown_period(asked: Asked, latest_at: datetime | None) -> Period:
    """What was asked for; the last days of data where nobody asked and the default would show nothing."""
    if not asked.is_default or latest_at is None or _has_usage(asked):
        return asked.period
    return days_until(latest_at, asked.period, DEFAULT_DAYS)


def _has_usage(asked: Asked) -> bool:
    quarters = asked.period.quarters
    return bool(_any_usage(start=quarters.start, stop=quarters.stop, projects=asked.projects))


@prepared
def _latest_quarter(*, projects: Any) -> Any:
    usage = SessionUsage.objects.filter(in_projects(projects), quarter__gt=0)
    return usage.order_by("-quarter").values_list("quarter", flat=True)[:1]


@prepared
def _any_usage(*, start: Any, stop: Any, projects: Any) -> Any:
    usage = SessionUsage.objects.filter(in_projects(projects), quarter__gte=start, quarter__lt=stop)
    return usage.order_by().values_list("pk")[:1]


def days_until(latest_at: datetime, like: Period, days: int) -> Period:
    """That many local days, the last of which holds `latest_at`, in the zone of another period."""
    after = local_date(latest_at, like.zone) + DAY
    return Period(start_of_day(after - days * DAY, like.zone), start_of_day(after, like.zone), like.zone)


def nearest_data(latest_at: datetime, period: Period) -> Period:
    """As many local days as the period has, the last of which holds the latest data."""
    return days_until(latest_at, period, min(max(1, round(period.length / DAY)), LONGEST_DAYS))


def _elsewhere(latest_at: datetime, period: Period, links: Links) -> Elsewhere:
    there = nearest_data(latest_at, period)
    return Elsewhere(local_date(latest_at, period.zone), Days.of(there), links.dashboard(there))


def _holds_data(figures: Overview) -> bool:
    return bool(figures.usage.responses or figures.tools.calls or figures.session_count)


def _panels(figures: Overview, period: Period, asked: Asked, links: Links, now: datetime) -> Panels:
    projects = asked.projects
    preceding = figures.period.preceding()
    before = None if preceding is None else overview(preceding, projects=projects, plans=False)
    found = courses(period, projects=projects)
    step = STEPS[fitting_kind(period)]
    return Panels(
        tiles=tiles(figures, before, found, links),
        cost=cost_and_tokens(found, step),
        tokens=token_classes(found, step),
        classes=_classes(found),
        models=model_table(figures.models, figures.usage, links),
        projects=None if asked.project else project_table(figures.period, figures.usage, links, projects),
        tools=tool_tables(period, projects=projects, links=links),
        recent=_recent(period, asked, now),
        session_count=figures.session_count,
    )


def _classes(found: dict[str, Series]) -> list[TokenClass]:
    names = ("cache_read_tokens", "cache_creation_tokens", "input_tokens", "output_tokens")
    sums = {name: int(sum(point.value or 0 for point in found[name].points)) for name in names}
    whole = sum(sums.values())
    return [
        TokenClass(metric(name).label, value, 100 * value / whole if whole else None)
        for name, value in sums.items()
    ]


def _recent(period: Period, asked: Asked, now: datetime) -> list[SessionRow]:
    """The latest sessions that began in the period, each with its subagents' part."""
    filters: dict[str, Any] = {"start_date": period.start_at, "end_date": period.end_at}
    if asked.project:
        filters["project"] = asked.project.slug
    return latest_sessions(filters, RECENT, now=now, projects=asked.projects)
