"""Sessions as files to keep: by pages and by the API."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from sessions import inspector
from sessions.acts import tell
from sessions.api_parameters import ProjectParameters, named_session
from sessions.exporting.documents import SessionDocument, session_document
from sessions.exporting.downloads import ExportableView
from sessions.exporting.session_files import FORMATS, session_file
from sessions.models import AgentSession
from sessions.scope import readable_projects


@require_safe
def session_html(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """A session as an HTML file; `?subagents=true` puts the transcripts of its subagents into it."""
    wanted = request.GET.get("subagents") == "true"
    return session_file(_document(request, inspector.named_session(request, public_id), wanted), "html")


@require_safe
def session_markdown(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """A session as a Markdown file."""
    wanted = request.GET.get("subagents") == "true"
    return session_file(_document(request, inspector.named_session(request, public_id), wanted), "markdown")


def _document(request: Any, session: AgentSession, with_subagents: bool) -> SessionDocument:
    projects = readable_projects(request)
    inspector.without_foreign(session, projects)
    tell(request, session.public_id, session.project)

    def address(public_id: str) -> str:
        return str(request.build_absolute_uri(reverse("session-detail", args=[public_id])))

    return session_document(
        session, now=timezone.now(), with_subagents=with_subagents, address=address, projects=projects
    )


class HtmlFormat(BaseRenderer):
    """Names the format; the file is streamed by `session_file`."""

    format, media_type, charset = "html", "text/html", "utf-8"


class MarkdownFormat(BaseRenderer):
    """Names the format; the file is streamed by `session_file`."""

    format, media_type, charset = "markdown", "text/markdown", "utf-8"


class SessionFileParameters(ProjectParameters):
    format = serializers.ChoiceField(
        tuple(FORMATS), required=False, help_text="What the file is written as: `html` when not given."
    )
    subagents = serializers.BooleanField(
        default=False, help_text="Whether the transcripts of its subagents are in the file, too."
    )


class SessionFileView(ExportableView):
    renderer_classes = (HtmlFormat, MarkdownFormat)

    @extend_schema(
        operation_id="session_export",
        parameters=[SessionFileParameters],
        responses={(200, "text/html"): OpenApiTypes.STR, (200, "text/markdown"): OpenApiTypes.STR},
    )
    def get(self, request: Request, session_id: str) -> HttpResponseBase:
        """A whole session as one file to keep or to send, which needs no server, no network and no script."""
        asked: dict[str, Any] = SessionFileParameters.of(request)
        session = named_session(session_id, asked["projects"])
        document = _document(request, session, asked["subagents"])
        return session_file(document, str(request.accepted_renderer.format))
