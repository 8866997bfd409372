"""The pages about alerts. Fixed words come before ids; `alerts/serializers.py` keeps them from being ids."""

from django.urls import path

from alerts import channel_views, edit_views, notification_views, rule_views, silence_views

urlpatterns = [
    path("alerts", rule_views.alert_list_page, name="alert-list"),
    path("alerts/new", edit_views.new_alert_page, name="alert-new"),
    path("alerts/draft", edit_views.alert_draft_region, name="alert-draft"),
    path("alerts/fields", edit_views.alert_fields_region, name="alert-fields"),
    path("alerts/notifications", notification_views.notification_list_page, name="notification-list"),
    path("alerts/notifications/bell", notification_views.bell_region, name="notification-bell"),
    path("alerts/notifications/firing", notification_views.firing_region, name="alerts-firing"),
    path(
        "alerts/notifications/read", notification_views.read_every_notification, name="notification-read-all"
    ),
    path(
        "alerts/notifications/<int:notification_id>/read",
        notification_views.read_notification,
        name="notification-read",
    ),
    path("alerts/channels", channel_views.channel_list_page, name="channel-list"),
    path("alerts/channels/<str:channel_id>", channel_views.channel_detail_page, name="channel-detail"),
    path("alerts/channels/<str:channel_id>/test", channel_views.try_channel_page, name="channel-test"),
    path("alerts/channels/<str:channel_id>/delete", channel_views.delete_channel, name="channel-delete"),
    path(
        "alerts/deliveries/<int:delivery_id>/again", channel_views.send_delivery_again, name="delivery-again"
    ),
    path("alerts/silences", silence_views.silence_list_page, name="silence-list"),
    path("alerts/silences/<int:silence_id>/end", silence_views.end_silence_page, name="silence-end"),
    path("alerts/<str:alert_id>", rule_views.alert_detail_page, name="alert-detail"),
    path("alerts/<str:alert_id>/edit", edit_views.edit_alert_page, name="alert-edit"),
    path("alerts/<str:alert_id>/switch", rule_views.switch_alert, name="alert-switch"),
    path("alerts/<str:alert_id>/snooze", rule_views.snooze_alert, name="alert-snooze"),
    path("alerts/<str:alert_id>/delete", rule_views.delete_alert_page, name="alert-delete"),
]
