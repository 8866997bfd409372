"""Where the API answers about numbers: route below `/api/`, view, name."""

from analytics.api import BreakdownView, OverviewView, SeriesView

endpoints = (
    ("analytics/overview", OverviewView, "api-overview"),
    ("analytics/series", SeriesView, "api-series"),
    ("analytics/breakdown", BreakdownView, "api-breakdown"),
)
