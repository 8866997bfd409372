from alerts.models.channel import Channel, Delivery
from alerts.models.event import AlertEvent, AlertInstance, Notification
from alerts.models.mark import EvaluationMark
from alerts.models.rule import AlertRule, AlertRuleRevision
from alerts.models.silence import Silence

__all__ = [
    "AlertEvent",
    "AlertInstance",
    "AlertRule",
    "AlertRuleRevision",
    "Channel",
    "Delivery",
    "EvaluationMark",
    "Notification",
    "Silence",
]
