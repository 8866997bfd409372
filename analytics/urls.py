from django.urls import path

# Loaded first: it registers the converter of session ids.
import sessions.urls  # noqa: F401
from analytics import compare_views, explore_views, file_views, plan_settings_views, plan_views, views
from analytics.search.views import search_page
from analytics.secrets.views import secrets_page

urlpatterns = [
    path("", views.dashboard_page, name="dashboard"),
    path("activity", views.activity_region, name="activity"),
    path("explore", explore_views.explore_page, name="explore"),
    path("explore/compare", compare_views.compare_page, name="compare"),
    path("explore/correlation", compare_views.correlation_page, name="correlation"),
    path("files", file_views.file_history_page, name="file-history"),
    path("search", search_page, name="search"),
    path("quality/secrets", secrets_page, name="secret-list"),
    path("features", plan_views.feature_list_page, name="feature-list"),
    path("features/flow", plan_views.flow_page, name="flow"),
    path("features/velocity", plan_views.velocity_region, name="velocity"),
    path("features/costs", plan_views.feature_costs_region, name="feature-costs"),
    path("features/<int:feature_id>", plan_views.feature_detail_page, name="feature-detail"),
    path("tasks", plan_views.task_list_page, name="task-list"),
    path("tasks/<int:task_id>", plan_views.task_detail_page, name="task-detail"),
    path("documents", plan_views.document_list_page, name="document-list"),
    path("documents/<int:document_id>", plan_views.document_detail_page, name="document-detail"),
    path("plans", plan_settings_views.plan_settings_page, name="plan-settings"),
    path("plans/folders", plan_settings_views.add_plan_folder, name="plan-folder-add"),
    path(
        "plans/<int:project_id>/checklists",
        plan_settings_views.choose_plan_checklists,
        name="plan-checklists",
    ),
    path("sessions/<session_id:public_id>/served", plan_views.session_served_region, name="session-served"),
    path(
        "sessions/<session_id:public_id>/served/brief",
        plan_views.session_served_brief,
        name="session-served-brief",
    ),
    path("sessions/<session_id:public_id>/served/decide", plan_views.decide_served, name="session-decide"),
]
