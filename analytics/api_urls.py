"""Where the API answers about numbers: route below `/api/`, view, name."""

from analytics import plan_api
from analytics.api import BreakdownView, OverviewView, SeriesView
from analytics.compatibility_api import HeadlinesView, TrendsView
from analytics.fact_api import ResponseListView, ToolCallListView
from analytics.link_api import LinkDecisionView
from analytics.search.api import SearchView
from analytics.secrets.api import SecretListView

endpoints = (
    ("analytics/overview", OverviewView, "api-overview"),
    ("analytics/series", SeriesView, "api-series"),
    ("analytics/breakdown", BreakdownView, "api-breakdown"),
    ("analytics/metrics", HeadlinesView, "api-metrics"),
    ("analytics/trends", TrendsView, "api-trends"),
    ("analytics/correlation", plan_api.CorrelationView, "api-correlation"),
    ("responses", ResponseListView, "api-responses"),
    ("tool-calls", ToolCallListView, "api-tool-calls"),
    ("search", SearchView, "api-search"),
    ("secrets", SecretListView, "api-secrets"),
    ("tasks", plan_api.TaskListView, "api-tasks"),
    ("tasks/<str:task_id>", plan_api.TaskView, "api-task"),
    ("features", plan_api.FeatureListView, "api-features"),
    ("features/<str:feature_id>", plan_api.FeatureView, "api-feature"),
    (
        "features/<str:feature_id>/linked-sessions",
        plan_api.LinkedSessionsView,
        "api-feature-linked-sessions",
    ),
    ("sessions/<str:session_id>/links", LinkDecisionView, "api-session-links"),
    ("sessions/<str:session_id>/linked-features", plan_api.LinkedFeaturesView, "api-session-linked-features"),
)
