"""What an entry of a transcript weighs: written without templates, as a page has hundreds and a file thousands.

Every text that comes from a transcript goes through `escape` or a tag that does the same.
"""

from __future__ import annotations

from html import escape

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from sessions.models import AgentSession
from sessions.selectors import ResponseFigures, TranscriptItem
from telemetry_site.templatetags.figures import figure
from telemetry_site.templatetags.telemetry import icon, moment

register = template.Library()

_LOWER_BOUND = "No record says that the response ended: its output may have been more"
_MARKS = (
    (
        "superseded",
        "warning",
        "replaced",
        "The line no longer stands in its file, which was rewritten after it was read",
    ),
    (
        "off_branch",
        "neutral",
        "taken back",
        "The conversation was taken back to before this and went on without it; it was paid for all the same",
    ),
)


@register.simple_tag
def entry_meta(session: AgentSession, item: TranscriptItem, is_folded: bool = False) -> SafeString:
    """Marks, usage and cost of an entry, its time, and, unless it is in a summary, links to it and to its line."""
    parts = [*_marks(session, item), *_used(session, item)]
    if item.at:
        parts.append(moment(item.at, "time"))
    if is_folded:
        parts.append(f"<span>#{item.line_no}</span>")
    else:
        page = escape(reverse("session-detail", args=[session.public_id]))
        line = escape(reverse("session-line", args=[session.public_id, item.seq]))
        parts.append(
            f'<a href="{page}?at={item.seq}#entry-{item.seq}" title="Link to this entry">#{item.line_no}</a>'
            f'<a href="{line}" title="The original line">{icon("file")}'
            f'<span class="visually-hidden">Original line {item.line_no}</span></a>'
        )
    return _span(parts)


@register.simple_tag
def file_entry_meta(session: AgentSession, item: TranscriptItem) -> SafeString:
    """The same for a file, which is read where there is no server: no links, times in UTC."""
    parts = [*_marks(session, item)]
    if item.images:
        parts.append(f"<span>{item.images} image{'' if item.images == 1 else 's'}, not shown</span>")
    parts += _used(session, item)
    if item.at:
        parts.append(f'<time datetime="{item.at.isoformat()}">{item.at.day} {item.at:%b %H:%M:%S}</time>')
    parts.append(f'<span title="Line of the transcript">#{item.line_no}</span>')
    return _span(parts)


def _span(parts: list[str]) -> SafeString:
    return mark_safe(f'<span class="entry-meta">{"".join(parts)}</span>')  # noqa: S308  (every part is escaped)


def _marks(session: AgentSession, item: TranscriptItem) -> list[str]:
    found = [
        f'<span class="badge badge-{kind}" title="{title}">{word}</span>'
        for name, kind, word, title in _MARKS
        if getattr(item, name)
    ]
    if item.is_sidechain and not session.agent_id:
        found.insert(0, f'<span class="badge badge-accent">{icon("tree")}side chain</span>')
    return found


def _used(session: AgentSession, item: TranscriptItem) -> list[str]:
    return [part for response in item.responses for part in _response(session, response)]


def _response(session: AgentSession, response: ResponseFigures) -> list[str]:
    parts = [f"<span>{escape(response.model)}</span>"] if response.model != session.model else []
    context = figure(response.context_tokens, "tokens")
    parts.append(f'<span title="All that the model was given to read">{context} context</span>')
    bound, sign = (f' title="{_LOWER_BOUND}"', "≥ ") if response.is_lower_bound else ("", "")
    parts.append(f"<span{bound}>{sign}{figure(response.output_tokens, 'tokens')} out</span>")
    if response.is_inherited:
        parts.append('<span title="Counted in the session this history comes from">inherited</span>')
    else:
        parts.append(figure(response.cost_usd, "USD"))
    if response.is_partial:
        told = "Only a progress record tells of this response"
        parts.append(f'<span class="badge badge-warning" title="{told}">partial</span>')
    return parts
