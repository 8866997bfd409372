"""Where the API answers about sessions: route below `/api/`, view, name."""

from sessions import api, export_views

endpoints = (
    ("sessions", api.SessionListView, "api-sessions"),
    ("sessions/<str:session_id>", api.SessionView, "api-session"),
    ("sessions/<str:session_id>/entries", api.EntriesView, "api-session-entries"),
    ("sessions/<str:session_id>/raw", api.RawView, "api-session-raw"),
    ("sessions/<str:session_id>/tree", api.TreeView, "api-session-tree"),
    ("sessions/<str:session_id>/files", api.FilesView, "api-session-files"),
    ("sessions/<str:session_id>/tools", api.ToolsView, "api-session-tools"),
    ("sessions/<str:session_id>/export", export_views.SessionFileView, "api-session-export"),
    ("projects", api.ProjectListView, "api-projects"),
    ("ingest/status", api.IngestStatusView, "api-ingest-status"),
)
