"""Where the API answers about documents: route below `/api/`, view, name."""

from tasks import api

endpoints = (
    ("documents", api.DocumentListView, "api-documents"),
    ("documents/<str:document_id>", api.DocumentView, "api-document"),
)
