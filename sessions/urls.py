from django.urls import path, register_converter

from sessions import export_views, list_views, live_views, tab_views, transcript_views, views


class SessionId:
    """A session's public id. Ids come out of files: what a path cannot hold is written as ~ and its code."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        for character in "/.~":
            value = value.replace(f"~{ord(character):02X}", character)
        return value

    def to_url(self, value: str) -> str:
        value = value.replace("~", "~7E").replace("/", "~2F")
        return value.replace(".", "~2E") if not value.strip(".") else value


register_converter(SessionId, "session_id")

urlpatterns = [
    path("sessions", list_views.session_list_page, name="session-list"),
    path("sessions/<session_id:public_id>", transcript_views.session_page, name="session-detail"),
    path("sessions/<session_id:public_id>/outline", transcript_views.session_outline, name="session-outline"),
    path("sessions/<session_id:public_id>/news", transcript_views.session_news, name="session-news"),
    path("sessions/<session_id:public_id>/inline", transcript_views.session_inline, name="session-inline"),
    path(
        "sessions/<session_id:public_id>/jump/<str:way>/<str:kind>",
        transcript_views.session_jump,
        name="session-jump",
    ),
    path(
        "sessions/<session_id:public_id>/timeline", tab_views.session_timeline_page, name="session-timeline"
    ),
    path("sessions/<session_id:public_id>/cost", tab_views.session_cost_page, name="session-cost"),
    path(
        "sessions/<session_id:public_id>/artifacts",
        tab_views.session_artifacts_page,
        name="session-artifacts",
    ),
    path("sessions/<session_id:public_id>/impact", tab_views.session_impact_page, name="session-impact"),
    path("sessions/<session_id:public_id>/tokens", tab_views.session_tokens_page, name="session-tokens"),
    path("sessions/<session_id:public_id>/tools", tab_views.session_tools_page, name="session-tools"),
    path("sessions/<session_id:public_id>/files", tab_views.session_files_page, name="session-files"),
    path("sessions/<session_id:public_id>/tree", tab_views.session_tree_page, name="session-tree"),
    path("sessions/<session_id:public_id>/thread", list_views.session_thread_region, name="session-thread"),
    path("sessions/<session_id:public_id>/events", tab_views.session_events_page, name="session-events"),
    path(
        "sessions/<session_id:public_id>/lines/<int:seq>",
        transcript_views.session_line_page,
        name="session-line",
    ),
    path(
        "sessions/<session_id:public_id>/lines/<int:seq>/reveal",
        transcript_views.reveal_line,
        name="session-reveal",
    ),
    path(
        "sessions/<session_id:public_id>/lines/<int:seq>/images/<int:number>",
        transcript_views.session_image,
        name="session-image",
    ),
    path("sessions/<session_id:public_id>/export.html", export_views.session_html, name="session-html"),
    path("sessions/<session_id:public_id>/export.md", export_views.session_markdown, name="session-markdown"),
    path("columns", list_views.choose_columns, name="session-columns"),
    path("live", live_views.live_sessions_page, name="live-sessions"),
    path("quality", views.quality_page, name="data-quality"),
    path("progress", views.progress_page, name="sync-progress"),
]
