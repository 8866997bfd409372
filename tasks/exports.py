"""Documents as an export: the fields of the API's list."""

from collections.abc import Iterator
from typing import Any

from sessions.exporting.definition import Export, Item, columns_of, in_order, items_of
from tasks import serializers as shapes
from tasks.filters import filtered_documents
from tasks.models import Document, ProjectTask
from tasks.representation import Counts, document_json


def document_export(asked: dict[str, Any]) -> Export:
    """Every plan file that `DocumentParameters` let through. Raises NotFound for an unknown project."""
    found = filtered_documents(asked)
    return Export(
        name="documents",
        columns=columns_of(shapes.documents_shape().fields["items"]),
        items=items_of(found, _items),
        count=found.count,
        about=about_plans(asked),
    )


def about_plans(asked: dict[str, Any]) -> tuple[str, ...]:
    """What narrows a list of planned work, for the name of its file."""
    return tuple(str(asked[name]) for name in ("project", "feature", "status") if asked.get(name))


def _items(keys: list[int]) -> Iterator[Item]:
    held = Document.objects.filter(pk__in=keys).select_related("project", "feature").defer("facts")
    documents = in_order(held, keys)
    counts = task_counts(documents)
    return (document_json(document, counts.get(document.pk, {})) for document in documents)


def task_counts(documents: list[Document]) -> dict[int, Counts]:
    """{document: its tasks by status}."""
    tasks: Any = ProjectTask.objects.present().filter(document_id__in=[d.pk for d in documents])
    return {key[0]: counts for key, counts in tasks.counts_by("document_id").items()}
