"""Is anything off? What a reader of the figures should look at, each with a sentence and where to look."""

from dataclasses import dataclass

from django.urls import reverse

from analytics.formatting import percentage, tokens
from analytics.freshness import Freshness
from analytics.links import Links
from analytics.selectors import Overview
from sessions.models import SourceFile


@dataclass(frozen=True, slots=True)
class Concern:
    """`level`: error, warning or info; it names the icon and the colour."""

    level: str
    text: str
    title: str
    href: str = ""


def concerns(overview: Overview, fresh: Freshness, links: Links) -> list[Concern]:
    """The worst first; none when all is well."""
    found = [_failed_run(fresh), _api_errors(overview, links), _unpriced(overview), _unread_lines()]
    found += [_rejected(overview, links), _lower_bound(overview)]
    return [concern for concern in found if concern]


def _failed_run(fresh: Freshness) -> Concern | None:
    if not fresh.failure:
        return None
    words = "The last reading failed"
    return Concern("error", words, f"{fresh.failure}. Figures are those of before.", reverse("data-quality"))


def _api_errors(overview: Overview, links: Links) -> Concern | None:
    count = overview.api_error_count
    if not count:
        return None
    words = f"{count:,} API error{'' if count == 1 else 's'}"
    title = "Requests to a model that ended in an error, such as a rate limit or an overload."
    return Concern("warning", words, title, links.sessions(has_errors="true"))


def _unpriced(overview: Overview) -> Concern | None:
    usage = overview.usage
    if not usage.unpriced_tokens:
        return None
    size = tokens(usage.unpriced_tokens)
    title = f"{size.exact} in {usage.unpriced_responses:,} responses; the cost does not include them."
    return Concern("warning", f"{size} tokens without a price", title, reverse("data-quality"))


def _unread_lines() -> Concern | None:
    count = SourceFile.objects.line_totals()["lines_quarantined"]
    if not count:
        return None
    words = f"{count:,} line{'' if count == 1 else 's'} could not be read"
    title = "In all files, whatever the period; each is kept and listed with its reason."
    return Concern("warning", words, title, reverse("data-quality"))


def _rejected(overview: Overview, links: Links) -> Concern | None:
    tools = overview.tools
    counts = ((tools.outcome_rejected, "rejected"), (tools.outcome_blocked, "blocked"), (tools.outcome_pending, "unanswered"))
    parts = [f"{count:,} {word}" for count, word in counts if count]
    if not parts:
        return None
    title = f"Of {tools.calls:,} tool calls. Rejected: a person said no. Blocked: a rule did. Unanswered: no result was found."
    return Concern("info", f"Tool calls: {', '.join(parts)}", title, links.sessions(sort_by="tool_calls"))


def _lower_bound(overview: Overview) -> Concern | None:
    usage = overview.usage
    if not usage.lower_bound_responses:
        return None
    share = percentage(100 * usage.lower_bound_responses / usage.responses)
    title = (
        f"{usage.lower_bound_responses:,} of {usage.responses:,} responses have no final record in the transcripts; "
        "the real output and cost may be higher."
    )
    return Concern("info", f"Output is a lower bound in {share} of responses", title, reverse("data-quality"))
