"""Where the API answers about alerts: route below `/api/`, view, name. Fixed words come before ids."""

from alerts import channel_api
from alerts.api import AlertEventsView, AlertListView, AlertView
from alerts.notification_api import NotificationListView, NotificationView, ReadAllView
from alerts.preview_api import PresetsView, PreviewView
from alerts.silence_api import SilenceListView, SilenceView

endpoints = (
    ("analytics/alerts", AlertListView, "api-alerts"),
    ("analytics/alerts/presets", PresetsView, "api-alert-presets"),
    ("analytics/alerts/preview", PreviewView, "api-alert-preview"),
    ("analytics/alerts/<str:alert_id>", AlertView, "api-alert"),
    ("analytics/alerts/<str:alert_id>/events", AlertEventsView, "api-alert-events"),
    ("analytics/alerts/<str:alert_id>/test", channel_api.AlertTestView, "api-alert-test"),
    ("analytics/channels", channel_api.ChannelListView, "api-channels"),
    ("analytics/channels/<str:channel_id>", channel_api.ChannelView, "api-channel"),
    ("analytics/channels/<str:channel_id>/test", channel_api.ChannelTestView, "api-channel-test"),
    (
        "analytics/channels/<str:channel_id>/deliveries",
        channel_api.ChannelDeliveriesView,
        "api-channel-deliveries",
    ),
    ("analytics/deliveries/<str:delivery_id>/again", channel_api.DeliveryAgainView, "api-delivery-again"),
    ("analytics/silences", SilenceListView, "api-silences"),
    ("analytics/silences/<str:silence_id>", SilenceView, "api-silence"),
    ("analytics/notifications", NotificationListView, "api-notifications"),
    ("analytics/notifications/read-all", ReadAllView, "api-notifications-read-all"),
    ("analytics/notifications/<str:notification_id>", NotificationView, "api-notification"),
)
