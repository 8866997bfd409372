"""A session as one HTML file that needs nothing else: no network, no script, no server."""

from collections.abc import Generator

from django.template.loader import get_template

from sessions.exporting.documents import SessionDocument, pages_of
from sessions.exporting.file_style import file_style
from sessions.exporting.snapshot import snapshot
from sessions.transcript_groups import grouped

MEDIA_TYPE = "text/html; charset=utf-8"


def as_html(document: SessionDocument) -> Generator[str]:
    """The file, piece by piece. Everything in it that a transcript says is escaped or sanitised."""
    begin, section_head, piece, end = (
        get_template(f"sessions/file/{name}.html") for name in ("begin", "section", "entries", "end")
    )
    with snapshot():
        yield begin.render({"document": document})
        for section in document.sections:
            context = {"document": document, "section": section, "session": section.session}
            yield section_head.render(context)
            for items in pages_of(section.session, document.projects):
                yield piece.render(context | {"groups": grouped(items)})
            yield "</section>\n"
        yield end.render({"document": document})


def policy() -> str:
    """For the header of an answer with the file in it."""
    return f"sandbox; frame-ancestors 'none'; {file_style().policy}"
