"""The API's answers about sessions, projects and reading. Every view asks one selector and names the fields."""

from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions import serializers as shapes
from sessions import served
from sessions.api_fields import iso
from sessions.api_parameters import (
    MAX_LIMIT,
    PageParameters,
    ProjectParameters,
    cleaned,
    form_parameters,
    named_session,
    page_body,
    projects_named,
    refuse_unknown,
)
from sessions.archive import ArchiveDamaged, TextPruned
from sessions.exporting.downloads import (
    ExportableView,
    ExportParameters,
    as_list_or_file,
    file_format,
    file_response,
)
from sessions.exporting.sessions import session_export
from sessions.forms import SessionFilterForm
from sessions.ingest_json import ingest_json
from sessions.log_rows import MAX_LOG_LINES, log_row, logs_of, updated_files
from sessions.models import AgentSession, Project
from sessions.representation import (
    all_dates,
    artifacts,
    file_json,
    node_json,
    public_ids,
    session_item,
    session_json,
    tool_json,
    tools_used,
)
from sessions.scope import Projects, in_projects, readable_projects
from sessions.selectors import (
    entries,
    ingest_status,
    raw_line,
    session_files,
    session_list,
    session_tools,
    session_tree,
    status_of,
)

MAX_SEQ = 2**63 - 1
MAX_FILES = 10_000


def _named_session(session_id: str, asked: dict[str, Any]) -> AgentSession:
    return named_session(session_id, asked["projects"])


def _sliced(items: list[dict[str, Any]], asked: dict[str, Any]) -> dict[str, Any]:
    offset, limit = asked["offset"], asked["limit"]
    return page_body(items[offset : offset + limit], len(items), asked)


def refuse_unknown_names(asked: dict[str, Any], readable: Projects) -> None:
    """What does not exist, or not for this asker, is an error, not an empty list. Raises NotFound."""
    projects_named(asked.get("project"), readable)
    for name, condition in served.filters():
        if asked.get(name) and condition(asked[name], readable) is None:
            raise NotFound(f"There is no {name} of this name.")


class SessionListView(ExportableView):
    @extend_schema(
        operation_id="sessions",
        parameters=[*form_parameters(SessionFilterForm), ExportParameters],
        responses=as_list_or_file(shapes.list_shape()),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Sessions that the filters let through, without their transcripts."""
        refuse_unknown(request.query_params, (*SessionFilterForm.base_fields, "format"))
        file = file_format(request)
        form = SessionFilterForm(request.query_params)
        readable = readable_projects(request)
        refuse_unknown_names(cleaned(form), readable)
        if file:
            return file_response(session_export(form, now=timezone.now(), projects=readable), file)
        page = session_list(form.filters(), now=timezone.now(), sums=False, projects=readable)
        names = public_ids([row.session for row in page.items], projects=readable)
        items = [session_item(row, names) for row in page.items]
        return Response({"items": items, "total": page.total, "offset": page.offset, "limit": page.limit})


class SessionView(APIView):
    @extend_schema(operation_id="session", parameters=[ProjectParameters], responses=shapes.detail_shape())
    def get(self, request: Request, session_id: str) -> Response:
        """One session with its log, files, tools, dates and course."""
        found = _named_session(session_id, ProjectParameters.of(request))
        readable = readable_projects(request)
        names = public_ids([found], projects=readable)
        body = session_json(found, status_of(found, now=timezone.now()), names)
        logs = logs_of(found, projects=readable)
        log_ids = {log["relatedToolCallId"]: log["id"] for log in logs}
        return Response(
            body
            | {
                "logs": logs,
                "logsTruncated": found.entry_count > MAX_LOG_LINES,
                "dates": all_dates(found.dates),
                "timeline": found.timeline,
                "impactHistory": found.impact_history,
                "toolsUsed": tools_used(found.tools),
                "updatedFiles": updated_files(found, body["rootSessionId"], log_ids),
                "linkedArtifacts": artifacts(found),
            }
        )


class EntriesParameters(ProjectParameters):
    """Either end of a page by the number of a line: it starts after one, or ends before one."""

    after = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SEQ,
        help_text="Lines behind this one; `nextAfter` of a page.",
    )
    before = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SEQ,
        help_text="Lines before this one; `previousBefore` of a page.",
    )
    limit = serializers.IntegerField(
        min_value=1, max_value=MAX_LIMIT, default=200, help_text="How many lines at most."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "after" in attrs and "before" in attrs:
            raise ValidationError({"before": ["Give either after or before."]})
        return attrs


class EntriesView(APIView):
    @extend_schema(
        operation_id="session_entries", parameters=[EntriesParameters], responses=shapes.entries_shape()
    )
    def get(self, request: Request, session_id: str) -> Response:
        """The transcript by pages of lines; a line can be several items."""
        asked = EntriesParameters.of(request)
        found = _named_session(session_id, asked)
        page = entries(
            found,
            after_seq=asked.get("after"),
            before_seq=asked.get("before"),
            limit=asked["limit"],
            projects=readable_projects(request),
        )
        return Response(
            {
                "items": [log_row(found, item) for item in page.items],
                "nextAfter": page.next_after,
                "previousBefore": page.previous_before,
                "total": found.entry_count,
                "limit": asked["limit"],
            }
        )


class RawParameters(ProjectParameters):
    seq = serializers.IntegerField(min_value=0, max_value=MAX_SEQ, help_text="The number of the line.")


class RawView(APIView):
    @extend_schema(operation_id="session_raw", parameters=[RawParameters], responses=shapes.raw_shape())
    def get(self, request: Request, session_id: str) -> Response:
        """An original line from the archive, secrets masked, and where it stood."""
        asked = RawParameters.of(request)
        try:
            line = raw_line(_named_session(session_id, asked), asked["seq"])
        except TextPruned as pruned:
            raise NotFound(str(pruned)) from None
        except ArchiveDamaged:
            raise NotFound("The archive no longer holds this line as it was read.") from None
        if line is None:
            raise NotFound("The session has no line of this number.")
        text = line.raw.decode("utf-8", "replace")
        return Response(
            {
                "seq": line.entry.seq,
                "lineNumber": line.line_no,
                "generation": line.entry.generation,
                "offset": line.entry.offset,
                "length": line.entry.length,
                "file": line.file,
                "sha256": line.sha256,
                "superseded": line.entry.superseded,
                "isExactText": line.is_exact and text.encode() == line.raw,
                "text": text,
            }
        )


class TreeView(APIView):
    @extend_schema(operation_id="session_tree", parameters=[ProjectParameters], responses=shapes.tree_shape())
    def get(self, request: Request, session_id: str) -> Response:
        """The sessions this one belongs with: what started it, what it started, what was forked from it."""
        found = _named_session(session_id, ProjectParameters.of(request))
        readable = readable_projects(request)
        tops = session_tree(found, now=timezone.now(), projects=readable)
        members = [node.session for top in tops for node in top.walk()]
        names = public_ids(members, projects=readable)
        return Response({"items": [node_json(top, names) for top in tops], "total": len(members)})


class PartParameters(PageParameters, ProjectParameters):
    """One page of what belongs to a session."""


class FilesView(APIView):
    @extend_schema(operation_id="session_files", parameters=[PartParameters], responses=shapes.files_shape())
    def get(self, request: Request, session_id: str) -> Response:
        """Files the session's own calls read or changed, changed ones first."""
        asked = PartParameters.of(request)
        found = session_files(_named_session(session_id, asked), limit=MAX_FILES)
        return Response(_sliced([file_json(file) for file in found], asked))


class ToolsView(APIView):
    @extend_schema(operation_id="session_tools", parameters=[PartParameters], responses=shapes.tools_shape())
    def get(self, request: Request, session_id: str) -> Response:
        """Tools the session itself called, the most used first."""
        asked = PartParameters.of(request)
        found = session_tools(_named_session(session_id, asked))
        return Response(_sliced([tool_json(tool) for tool in found], asked))


class ProjectListView(APIView):
    @extend_schema(operation_id="projects", parameters=[PageParameters], responses=shapes.projects_shape())
    def get(self, request: Request) -> Response:
        """Every project that sessions were read of, by name."""
        asked = PageParameters.of(request)
        offset, limit = asked["offset"], asked["limit"]
        readable = in_projects(readable_projects(request), "pk")
        found = Project.objects.filter(readable).order_by("name", "id")
        items = [_project_json(project) for project in found[offset : offset + limit]]
        return Response(page_body(items, found.count(), asked))


def _project_json(project: Project) -> dict[str, Any]:
    return {
        "id": project.pk,
        "slug": project.slug,
        "name": project.name,
        "path": project.root_path or None,
        "isDemo": project.is_demo,
        "createdAt": iso(project.created_at),
    }


class IngestStatusView(APIView):
    @extend_schema(operation_id="ingest_status", parameters=[PageParameters], responses=shapes.ingest_shape())
    def get(self, request: Request) -> Response:
        """How reading stands: the last run, its progress, what became of every line, and each source."""
        asked = PageParameters.of(request)
        projects = readable_projects(request)
        status = ingest_status(timezone.now(), projects)
        return Response(ingest_json(status, projects, asked["offset"], asked["limit"]))
