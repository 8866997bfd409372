"""What the templates of `templates/sessions/file/` need: documents that are read without the server."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from sessions.exporting.file_style import file_style

register = template.Library()


@register.simple_tag
def inline_style() -> SafeString:
    """The file's whole style. Only for files: test_conventions.py keeps it out of pages, whose policy refuses it."""
    return mark_safe(f"<style>{file_style().text}</style>")  # noqa: S308  (our own sheets, checked for markup)


@register.simple_tag
def file_policy() -> str:
    """What the file may do when it is opened: show itself."""
    return file_style().policy
