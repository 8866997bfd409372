"""Is anything off? What a reader of the figures should look at, each with a sentence and where to look."""

from dataclasses import dataclass

from django.urls import reverse

from analytics.formatting import count, percentage, tokens
from analytics.freshness import Freshness
from analytics.links import Links
from analytics.selectors import Overview
from sessions.scope import Projects
from sessions.selectors.sources import sources_of


@dataclass(frozen=True, slots=True)
class Concern:
    """`level`: error, warning or info; it names the icon and the colour."""

    level: str
    text: str
    title: str
    href: str = ""


def concerns(overview: Overview, fresh: Freshness, links: Links, projects: Projects = None) -> list[Concern]:
    """The worst first; none when all is well. `projects`: those that the reader may know of."""
    found = [
        _failed_run(fresh),
        _api_errors(overview, links),
        _unpriced(overview),
        _unread_lines(projects),
    ]
    found += [_rejected(overview, links), _lower_bound(overview)]
    return [concern for concern in found if concern]


def _failed_run(fresh: Freshness) -> Concern | None:
    if not fresh.failure:
        return None
    words = "The last reading failed"
    return Concern("error", words, f"{fresh.failure}. Figures are those of before.", reverse("data-quality"))


def _api_errors(overview: Overview, links: Links) -> Concern | None:
    errors = overview.api_error_count
    if not errors:
        return None
    words = f"{count(errors)} API error{'' if errors == 1 else 's'}"
    title = "Requests to a model that ended in an error, such as a rate limit or an overload."
    return Concern("warning", words, title, links.sessions(has_errors="true"))


def _unpriced(overview: Overview) -> Concern | None:
    usage = overview.usage
    if not usage.unpriced_tokens:
        return None
    size = tokens(usage.unpriced_tokens)
    title = f"{size.exact} in {count(usage.unpriced_responses)} responses; the cost does not include them."
    return Concern("warning", f"{size} tokens without a price", title, reverse("data-quality"))


def _unread_lines(projects: Projects) -> Concern | None:
    lines = sources_of(projects).line_totals()["lines_quarantined"]
    if not lines:
        return None
    words = f"{count(lines)} line{'' if lines == 1 else 's'} could not be read"
    title = "In all files, whatever the period; each is kept and listed with its reason."
    return Concern("warning", words, title, reverse("data-quality"))


def _rejected(overview: Overview, links: Links) -> Concern | None:
    tools = overview.tools
    outcomes = {
        "rejected": tools.outcome_rejected,
        "blocked": tools.outcome_blocked,
        "interrupted": tools.outcome_interrupted,
        "unanswered": tools.outcome_pending,
    }
    parts = [f"{count(calls)} {word}" for word, calls in outcomes.items() if calls]
    if not parts:
        return None
    title = (
        f"Of {count(tools.calls)} tool calls. Rejected: a person said no. Blocked: a rule did. "
        "Unanswered: no result was found."
    )
    return Concern("info", f"Tool calls: {', '.join(parts)}", title, links.sessions(sort_by="tool_calls"))


def _lower_bound(overview: Overview) -> Concern | None:
    usage = overview.usage
    if not usage.lower_bound_responses:
        return None
    share = percentage(100 * usage.lower_bound_responses / usage.responses)
    title = (
        f"{count(usage.lower_bound_responses)} of {count(usage.responses)} responses have no final record in the "
        "transcripts; the real output and cost may be higher."
    )
    return Concern("info", f"Output is a lower bound in {share} of responses", title, reverse("data-quality"))
