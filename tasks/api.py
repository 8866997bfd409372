"""The API's answers about documents. Those about features and tasks tell costs, too, and are in `analytics`."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions.api_parameters import ProjectParameters, projects_of
from sessions.archive import ArchiveDamaged, segment_bytes
from sessions.models import ArchiveSegment
from sessions.scope import in_projects
from tasks import serializers as shapes
from tasks.api_parameters import DocumentParameters
from tasks.filters import filtered_documents, is_key
from tasks.models import Document, ProjectTask
from tasks.representation import Counts, document_details, document_json, task_json


class DocumentListView(APIView):
    @extend_schema(
        operation_id="documents", parameters=[DocumentParameters], responses=shapes.documents_shape()
    )
    def get(self, request: Request) -> Response:
        """Plan files that exist, the last updated first."""
        asked = DocumentParameters.of(request)
        found = filtered_documents(DocumentParameters().filters(asked))
        offset, limit = asked["offset"], asked["limit"]
        page = list(found.select_related("project", "feature").defer("facts")[offset : offset + limit])
        counts = _task_counts(page)
        items = [document_json(document, counts.get(document.pk, {})) for document in page]
        return Response({"items": items, "total": found.count(), "offset": offset, "limit": limit})


class DocumentView(APIView):
    @extend_schema(operation_id="document", parameters=[ProjectParameters], responses=shapes.document_shape())
    def get(self, request: Request, document_id: str) -> Response:
        """One plan file: its text as it was last read, its tasks, and what could not be understood."""
        projects = projects_of(ProjectParameters.of(request).get("project"))
        rows = Document.objects.filter(in_projects(projects)).select_related("project", "feature")
        found = rows.filter(pk=int(document_id)).first() if is_key(document_id) else None
        if found is None:
            raise NotFound("There is no document with this id.")
        tasks = ProjectTask.objects.present().filter(document=found)
        listed = [task_json(task) for task in tasks.select_related("project", "document", "feature", "phase")]
        body = document_json(found, _task_counts([found]).get(found.pk, {})) | document_details(found)
        return Response(body | {"content": document_text(found), "tasks": listed})


def _task_counts(documents: list[Document]) -> dict[int, Counts]:
    tasks: Any = ProjectTask.objects.present().filter(document_id__in=[d.pk for d in documents])
    return {key[0]: counts for key, counts in tasks.counts_by("document_id").items()}


def document_text(document: Document) -> str | None:
    """A document's text as it was last read; None where the archive no longer holds it."""
    segments = ArchiveSegment.objects.filter(
        source_id=document.source_id, generation=document.source_generation
    )
    try:
        parts = [segment_bytes(segment) for segment in segments.order_by("offset")]
    except ArchiveDamaged:
        return None
    return b"".join(parts).decode("utf-8", "replace") if parts else None
