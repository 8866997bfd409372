"""What the templates of the transcript need beyond figures and icons."""

from django import template
from django.utils.safestring import SafeString

from sessions import markdown as markdown_text

register = template.Library()

_ICONS = {
    "shell": "terminal",
    "file": "edit",
    "search": "search",
    "web": "external",
    "agent": "agent",
    "skill": "spark",
    "plan": "list",
}


@register.filter
def markdown(text: str) -> SafeString:
    """A text that a stranger wrote as safe HTML."""
    return markdown_text.render(text)


@register.simple_tag
def tool_icon(category: str) -> str:
    """The icon of a kind of tool."""
    return _ICONS.get(category, "tool")


@register.filter
def diff_mark(line: str) -> str:
    """Which side of a change a line of a patch is on: ins, del, or "" for neither."""
    return {"+": "ins", "-": "del"}.get(line[:1], "")
