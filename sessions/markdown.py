"""Markdown that strangers wrote, as HTML that can do nothing.

Raw HTML is off in the parser and an allow-list stands behind it; images are never loaded (what was an image is
a link), links lead only to http, https and mailto addresses and tell the other side nothing.
"""

from functools import cache
from typing import Any

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

# Above this, parsing a hostile text could take seconds: it is shown as plain text.
MAX_CHARS = 20_000
_TAGS = frozenset(
    "p br hr em strong s code pre blockquote ul ol li h3 h4 h5 h6 a table thead tbody tr th td".split()
)
_SCHEMES = frozenset({"http", "https", "mailto"})
_FIRST_HEADING = 3  # the page's own headings stand above a text's


def render(text: str) -> SafeString:
    """The text as HTML to be put into `.prose`; escaped plain text where it is too long to be parsed."""
    if len(text) > MAX_CHARS:
        return SafeString(f'<div class="plain-text">{escape(text)}</div>')
    html = nh3.clean(
        _parser().render(text),
        tags=set(_TAGS),
        attributes={"a": {"href"}},
        url_schemes=set(_SCHEMES),
        attribute_filter=_only_outside,
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(html)  # noqa: S308  (this is the sanitiser's output)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True})
    parser.enable(["table", "strikethrough"]).disable("image")
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    return parser


def _heading(renderer: Any, tokens: list[Token], at: int, options: Any, env: Any) -> str:
    level = min(6, int(tokens[at].tag[1:]) + _FIRST_HEADING - 1)
    return f"<{'/' if tokens[at].nesting < 0 else ''}h{level}>"


def _only_outside(tag: str, name: str, value: str) -> str | None:
    """Addresses without a scheme would lead into this site."""
    return value if name != "href" or value.split(":", 1)[0].lower() in _SCHEMES else None
