"""The key figures of a period: value, change against the preceding period, course, and what is behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from analytics.charts import Series, sparkline
from analytics.formatting import DASH, SPACE, Number, change, count, figure, percentage, tokens
from analytics.links import Links
from analytics.metrics import HigherIs, Metric, Unit, metric
from analytics.selectors import Overview
from analytics.sums import Usage


@dataclass(frozen=True, slots=True)
class Change:
    """`text` and, on hover, what it is a change from; `direction` names an icon, `tone` is good, bad or ""."""

    text: str
    title: str
    direction: str = ""
    tone: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is anything to compare with."""
        return self.text != DASH


@dataclass(frozen=True, slots=True)
class Mark:
    """What a reader must know beside a figure: a few words, and a sentence on hover."""

    text: str
    title: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    label: str
    value: Number | None
    unit: Unit
    meaning: str
    change: Change
    course: list[float | None]
    href: str
    note: str = ""
    marks: tuple[Mark, ...] = ()


def tiles(now: Overview, before: Overview | None, course: dict[str, Series], links: Links) -> list[Tile]:
    """Six tiles; `course` has the series of their metrics by id."""
    judged = now.tools.outcome_ok + now.tools.outcome_error
    failed = (
        f"{count(now.tools.outcome_error)} of {count(judged)} failed" if judged else "no call was answered"
    )
    subagents = now.subagent_session_count
    figures = (
        ("session_cost", "Cost, API-equivalent", "cost", "", money_marks(now.usage)),
        ("session_tokens", "Tokens, input + output", "tokens", "", output_marks(now.usage)),
        (
            "session_count",
            "Sessions",
            "started_at",
            f"and {count(subagents)} subagents" if subagents else "",
            (),
        ),
        ("tool_success_rate", "Tool success rate", "tool_errors", failed, ()),
        ("cache_hit_rate", "Cache hit rate", "tokens", "of all input", ()),
        ("active_seconds", "Active time", "active", "subagents included", ()),
    )
    return [
        _tile(metric(id), label, now, before, course[id], links.sessions(sort_by=sort), note, marks)
        for id, label, sort, note, marks in figures
    ]


def _tile(
    measured: Metric,
    label: str,
    now: Overview,
    before: Overview | None,
    course: Series,
    href: str,
    note: str,
    marks: tuple[Mark, ...],
) -> Tile:
    value = VALUES[measured.id](now)
    earlier = None if before is None else VALUES[measured.id](before)
    return Tile(
        label=label,
        value=value,
        unit=measured.unit,
        meaning=measured.description,
        change=changed(measured, value, earlier),
        course=_course(course),
        href=href,
        note=note,
        marks=marks,
    )


def _course(course: Series) -> list[float | None]:
    """A ratio has a value only where something happened: its line joins those, without the empty days."""
    values = sparkline(course)
    return values if course.metric.adds_up else [value for value in values if value is not None]


def _has_sessions(overview: Overview) -> bool:
    return bool(overview.session_count or overview.subagent_session_count)


VALUES: dict[str, Callable[[Overview], Number | None]] = {
    "session_cost": lambda o: o.usage.cost_usd if o.usage.responses else Decimal(0),
    "session_tokens": lambda o: o.usage.tokens,
    "session_count": lambda o: o.session_count,
    "tool_success_rate": lambda o: o.tools.success_rate,
    "cache_hit_rate": lambda o: o.usage.cache_hit_rate,
    "active_seconds": lambda o: o.active_seconds if _has_sessions(o) else None,
}


def changed(measured: Metric, value: Number | None, earlier: Number | None) -> Change:
    """Growth in percent; of a ratio the difference in percentage points. Unknown is a dash."""
    if value is None or earlier is None:
        return Change(DASH, "unknown in the preceding period")
    was = figure(earlier, measured.unit)
    title = f"{was.exact or was.text} in the preceding period"
    grown = Decimal(str(value)) - Decimal(str(earlier))
    if not grown:
        return Change("unchanged", title, "minus")
    text = _points(grown) if measured.unit is Unit.PERCENT else change(value, earlier).text
    if text == DASH:
        return Change(DASH, title)
    return Change(text, title, "arrow-up" if grown > 0 else "arrow-down", _tone(measured, grown))


def _points(grown: Decimal) -> str:
    size = percentage(abs(grown)).text.removesuffix(f"{SPACE}%")
    return f"{size}{SPACE}points {'more' if grown > 0 else 'less'}"


def _tone(measured: Metric, grown: Decimal) -> str:
    if measured.higher_is is HigherIs.NEUTRAL:
        return ""
    return "good" if (grown > 0) is (measured.higher_is is HigherIs.GOOD) else "bad"


def money_marks(usage: Usage) -> tuple[Mark, ...]:
    """What a cost leaves out or may still miss."""
    return tuple(mark for mark in (_unpriced(usage), _lower_bound(usage)) if mark)


def output_marks(usage: Usage) -> tuple[Mark, ...]:
    mark = _lower_bound(usage)
    return (mark,) if mark else ()


def _unpriced(usage: Usage) -> Mark | None:
    if not usage.unpriced_tokens:
        return None
    size = tokens(usage.unpriced_tokens)
    sentence = f"{size.exact} are of models without a known price; no cost includes them."
    return Mark(f"{size} tokens unpriced", sentence, is_warning=True)


def _lower_bound(usage: Usage) -> Mark | None:
    """Responses whose last line was never found: the transcript may hold only a first count of their output."""
    if not usage.lower_bound_responses:
        return None
    share = percentage(100 * usage.lower_bound_responses / usage.responses)
    return Mark(
        f"lower bound in {share}",
        f"{count(usage.lower_bound_responses)} of {count(usage.responses)} responses have no final record in "
        "the transcripts: their output tokens, and so their cost, may be higher.",
    )
