"""Writing channels down, for the API and the pages: where they may lead, and the secrets that sign."""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import validate_email
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from alerts.egress import TargetRefused, parse_target
from alerts.models import Channel
from alerts.signatures import new_secret

MOST_CHANNELS = 100
MOST_ADDRESSES = 20

Values = dict[str, Any]


class TooManyChannels(Exception):
    """One more than there may be. The message is a sentence."""


def create_channel(values: Values) -> Channel:
    """Make a channel of validated fields. Raises ValidationError for where it must not lead, and TooManyChannels."""
    values = values | {"target": checked_target(values["kind"], values["target"])}
    if values["kind"] == Channel.Kind.WEBHOOK:
        values.setdefault("secret", new_secret())
    if Channel.objects.count() >= MOST_CHANNELS:
        raise TooManyChannels(f"There can be {MOST_CHANNELS} channels at most; delete one first.")
    return Channel.objects.create(public_id=f"channel-{uuid4().hex[:12]}", **values)


def change_channel(channel: Channel, values: Values) -> Channel:
    """Change some fields. The secret before a new one stays valid beside it. Raises ValidationError."""
    values = dict(values)
    if "target" in values or "kind" in values:
        kind = values.get("kind", channel.kind)
        values["target"] = checked_target(kind, values.get("target", channel.target))
    if "secret" in values and values["secret"] != channel.secret:
        values["previous_secret"] = channel.secret
    if values.get("is_active"):
        values |= {"disabled_reason": "", "consecutive_failures": 0}
    for name, value in values.items():
        setattr(channel, name, value)
    channel.version, channel.updated_at = channel.version + 1, timezone.now()
    channel.save()
    return channel


def masked(channel: Channel) -> str:
    """An address without what gives access."""
    if channel.kind == Channel.Kind.EMAIL:
        return channel.target
    head, mark, rest = channel.target.partition("://")
    return f"{head}{mark}{rest.partition('/')[0]}/…"


def checked_target(kind: str, target: str) -> str:
    """A target that can be sent to; raises ValidationError. The same question is asked again at sending."""
    if kind != Channel.Kind.EMAIL:
        try:
            parse_target(target, settings.TELEMETRY_ALERT_HOSTS)
        except TargetRefused as error:
            raise ValidationError({"target": [str(error)]}) from None
        return target
    addresses = [each.strip() for each in target.split(",") if each.strip()]
    try:
        for each in addresses:
            validate_email(each)
    except DjangoValidationError:
        raise ValidationError({"target": ["Enter e-mail addresses, separated by commas."]}) from None
    if not 1 <= len(addresses) <= MOST_ADDRESSES:
        raise ValidationError({"target": [f"Enter 1 to {MOST_ADDRESSES} e-mail addresses."]})
    return ", ".join(addresses)
