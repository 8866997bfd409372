"""Fields of serializers, which write values as api_fields.py says."""

from typing import Any

from rest_framework import serializers

from sessions.api_fields import iso, rounded_money


class MoneyField(serializers.FloatField):
    """US dollars as a JSON number with at most six places; null where no price is known."""

    def to_representation(self, value: Any) -> Any:
        return rounded_money(value)


class InstantField(serializers.DateTimeField):
    """An instant as ISO 8601 in UTC, with milliseconds and Z."""

    def to_representation(self, value: Any) -> Any:
        return iso(value)
