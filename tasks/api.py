"""The API's answers about documents. Those about features and tasks tell costs, too, and are in `analytics`."""

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions.api_parameters import ProjectParameters, page_body
from sessions.archive import ArchiveDamaged, masked_file
from sessions.exporting.downloads import ExportableView, as_list_or_file, file_format, file_response
from sessions.models import ArchiveSegment
from sessions.scope import in_projects
from tasks import serializers as shapes
from tasks.api_parameters import DocumentParameters
from tasks.exports import document_export, task_counts
from tasks.filters import filtered_documents, is_key
from tasks.models import Document, ProjectTask
from tasks.representation import document_details, document_json, task_json


class DocumentListView(ExportableView):
    @extend_schema(
        operation_id="documents",
        parameters=[DocumentParameters],
        responses=as_list_or_file(shapes.documents_shape()),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Plan files that exist, the last updated first."""
        file = file_format(request)
        asked = DocumentParameters.of(request)
        if file:
            return file_response(document_export(asked), file)
        found = filtered_documents(asked)
        offset, limit = asked["offset"], asked["limit"]
        page = list(found.select_related("project", "feature").defer("facts")[offset : offset + limit])
        counts = task_counts(page)
        items = [document_json(document, counts.get(document.pk, {})) for document in page]
        return Response(page_body(items, found.count(), asked))


class DocumentView(APIView):
    @extend_schema(operation_id="document", parameters=[ProjectParameters], responses=shapes.document_shape())
    def get(self, request: Request, document_id: str) -> Response:
        """One plan file: its text as it was last read, its tasks, and what could not be understood."""
        projects = ProjectParameters.of(request)["projects"]
        rows = Document.objects.filter(in_projects(projects)).select_related("project", "feature")
        found = rows.filter(pk=int(document_id)).first() if is_key(document_id) else None
        if found is None:
            raise NotFound("There is no document with this id.")
        tasks = ProjectTask.objects.present().filter(document=found)
        listed = [task_json(task) for task in tasks.select_related("project", "document", "feature", "phase")]
        body = document_json(found, task_counts([found]).get(found.pk, {})) | document_details(found)
        return Response(body | {"content": document_text(found), "tasks": listed})


def document_text(document: Document) -> str | None:
    """A document's text as it was last read, secrets masked; None where the archive no longer holds it."""
    segments = ArchiveSegment.objects.filter(
        source_id=document.source_id, generation=document.source_generation
    ).order_by("offset")
    try:
        return masked_file(segments).decode("utf-8", "replace") or None
    except ArchiveDamaged:
        return None
