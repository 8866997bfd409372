"""Sessions as files, by the name of the format: what pages, the API and the command send."""

from collections.abc import Callable, Generator
from typing import NamedTuple

from django.http import StreamingHttpResponse

from sessions.exporting import html_file, markdown_file
from sessions.exporting.documents import SessionDocument
from sessions.exporting.downloads import attachment, named


class Format(NamedTuple):
    """How a document is written, what it is called in HTTP, and how its file's name ends."""

    write: Callable[[SessionDocument], Generator[str]]
    media_type: str
    ending: str


FORMATS = {
    "html": Format(html_file.as_html, html_file.MEDIA_TYPE, "html"),
    "markdown": Format(markdown_file.as_markdown, markdown_file.MEDIA_TYPE, "md"),
}


def session_file(document: SessionDocument, name: str) -> StreamingHttpResponse:
    """The document as a file to save, under a policy in which it can do nothing where it is shown all the same."""
    form = FORMATS[name]
    return attachment(
        form.write(document), file_name(document, form.ending), form.media_type, html_file.policy()
    )


def file_name(document: SessionDocument, ending: str) -> str:
    """The session's day, title and the beginning of its id."""
    session = document.session
    day = f"{session.started_at:%Y-%m-%d}" if session.started_at else ""
    return f"{named('session', day, session.title, session.public_id[:8])}.{ending}"
