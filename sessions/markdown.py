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

# Above these, parsing a hostile text could take longer than anyone waits for a page: it is shown as plain text. What
# takes the time is not the letters but the marks and lines between them, of which prose and tables have far fewer.
MAX_CHARS, MAX_MARKS = 20_000, 6_000
_MARKS = str.maketrans(dict.fromkeys("\n!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"))
_BLOCKS = ("p", "br", "hr", "blockquote", "pre", "ul", "ol", "li", "h3", "h4", "h5", "h6")
_INLINES = ("em", "strong", "s", "code", "a")
_TABLES = ("table", "thead", "tbody", "tr", "th", "td")
_SCHEMES = frozenset({"http", "https", "mailto"})
_FIRST_HEADING = 3  # the page's own headings stand above a text's


def render(text: str) -> SafeString:
    """The text as HTML to be put into `.prose`; escaped plain text where it is too long to be parsed."""
    if len(text) > MAX_CHARS or len(text) - len(text.translate(_MARKS)) > MAX_MARKS:
        return SafeString(f'<div class="plain-text">{escape(text)}</div>')
    html = nh3.clean(
        _parser().render(text.encode("utf-8", "replace").decode()),  # half a character is none
        tags={*_BLOCKS, *_INLINES, *_TABLES},
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


def _heading(_renderer: Any, tokens: list[Token], at: int, _options: Any, env: Any) -> str:
    """The start or end of a heading; whatever level a writer skipped, none is skipped here."""
    if tokens[at].nesting > 0:
        written = int(tokens[at].tag[1:]) + _FIRST_HEADING - 1
        env["level"] = min(6, written, env.get("level", _FIRST_HEADING - 1) + 1)
    return f"<{'/' if tokens[at].nesting < 0 else ''}h{env['level']}>"


def _only_outside(_tag: str, name: str, value: str) -> str | None:
    """Addresses without a scheme would lead into this site."""
    return value if name != "href" or value.split(":", 1)[0].lower() in _SCHEMES else None
