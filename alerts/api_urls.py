"""Where the API answers about alerts: route below `/api/`, view, name. Fixed words come before ids."""

from alerts.api import AlertEventsView, AlertListView, AlertView
from alerts.notification_api import NotificationListView, NotificationView, ReadAllView
from alerts.preview_api import PresetsView, PreviewView

endpoints = (
    ("analytics/alerts", AlertListView, "api-alerts"),
    ("analytics/alerts/presets", PresetsView, "api-alert-presets"),
    ("analytics/alerts/preview", PreviewView, "api-alert-preview"),
    ("analytics/alerts/<str:alert_id>", AlertView, "api-alert"),
    ("analytics/alerts/<str:alert_id>/events", AlertEventsView, "api-alert-events"),
    ("analytics/notifications", NotificationListView, "api-notifications"),
    ("analytics/notifications/read-all", ReadAllView, "api-notifications-read-all"),
    ("analytics/notifications/<str:notification_id>", NotificationView, "api-notification"),
)
