"""The vocabulary of questions about alerts; the only place of this app that aggregates."""

from alerts.querysets.rows import (
    AlertEventQuerySet,
    AlertInstanceQuerySet,
    AlertRuleQuerySet,
    ChannelQuerySet,
    DeliveryQuerySet,
    NotificationQuerySet,
)

__all__ = [
    "AlertEventQuerySet",
    "AlertInstanceQuerySet",
    "AlertRuleQuerySet",
    "ChannelQuerySet",
    "DeliveryQuerySet",
    "NotificationQuerySet",
]
