"""The shapes of the API about alerts; field names are part of the API and described in `/api/schema`."""

import re
import unicodedata
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from alerts.definition import Baseline, Compare, ConditionKind, NoData, Operator, Scope, Severity
from alerts.states import Reason, State
from analytics.metrics import METRICS, Aggregation, UnknownMetric, metric
from sessions.serializer_fields import InstantField

ID = re.compile(r"\A(?!\.+\Z)[A-Za-z0-9_.-]{1,64}\Z")
# Paths of their own below `alerts/`, of the API and of the pages.
RESERVED_IDS = frozenset(
    {"preview", "presets", "new", "draft", "fields", "channels", "deliveries", "silences", "notifications"}
)
MAX_INT = 2**31 - 1
STATES = [str(word) for word in State]


class StrictSerializer(serializers.Serializer[Any]):
    """A body in which every key must be known: what is misspelt is refused by name, not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            known = ", ".join(name for name, field in self.fields.items() if not field.read_only)
            raise ValidationError(
                {str(name)[:100]: [f"This field is not known here; known are {known}."] for name in unknown}
            )
        return super().to_internal_value(data)


@extend_schema_field(OpenApiTypes.DOUBLE)
class AmountField(serializers.DecimalField):
    """A finite number, compared exactly, written as a JSON number."""

    def __init__(self, **more: Any) -> None:
        super().__init__(max_digits=20, decimal_places=6, **more)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return super().to_internal_value(data)

    def to_representation(self, value: Any) -> Any:
        return None if value is None else float(value)


class WordField(serializers.ChoiceField):
    """One word of an enumeration; the error lists what there is."""

    def __init__(self, words: Any, **more: Any) -> None:
        self._words = words
        listed = ", ".join(words)
        messages: Any = {"invalid_choice": f"“{{input:.40}}” is not one of {listed}."}
        super().__init__([str(word) for word in words], error_messages=messages, **more)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=str(data))
        return self._words(super().to_internal_value(data))


class FlagField(serializers.BooleanField):
    """`true` or `false`, not words or numbers for them."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class TextField(serializers.CharField):
    """A JSON text; a number is none."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class PlainTextField(TextField):
    """Text on one line: no control characters, and none that turn the direction of writing around."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, str) and any(
            unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in data
        ):
            raise ValidationError("Control characters and marks of writing direction are not allowed.")
        return str(super().to_internal_value(data))


class CountField(serializers.IntegerField):
    """A whole number; `true` is none."""

    def __init__(self, least: int = 0, most: int = MAX_INT, **more: Any) -> None:
        super().__init__(min_value=least, max_value=most, **more)

    def to_internal_value(self, data: Any) -> int:
        whole = isinstance(data, int) or (isinstance(data, float) and data.is_integer())
        if isinstance(data, bool) or not whole:
            self.fail("invalid")
        return int(super().to_internal_value(int(data)))


class MetricField(TextField):
    """The id of a metric of the catalogue, or one of its older names."""

    def __init__(self, **more: Any) -> None:
        super().__init__(max_length=60, help_text=f"One of: {', '.join(METRICS)}.", **more)

    def to_internal_value(self, data: Any) -> str:
        name = str(super().to_internal_value(data))
        if name == "avg_quality":
            raise ValidationError(
                "Transcripts hold no measure of quality, so there is no metric avg_quality."
            )
        try:
            return metric(name).id
        except UnknownMetric as error:
            raise ValidationError(str(error)) from None


def _texts(most: int) -> Any:
    return serializers.ListField(child=TextField(max_length=300), max_length=most)


class RuleFields(StrictSerializer):
    """What a rule says. Only the first seven have to be understood; the rest has defaults."""

    name = PlainTextField(max_length=120, help_text="Once per project.")
    metric = MetricField()
    operator = WordField(Operator, help_text="On which side of the threshold a value breaches.")
    threshold = AmountField(
        help_text="In the metric's unit; in percent or units of change, or in deviations for an anomaly."
    )
    isActive = FlagField(source="is_active", required=False, help_text="Default true.")
    scope = WordField(Scope, required=False, help_text="What one value is about. Default session.")
    windowSeconds = CountField(
        source="window_seconds",
        required=False,
        allow_null=True,
        help_text="Length of a rolling window, a multiple of 900; null for other scopes.",
    )
    timeZone = TextField(
        source="time_zone",
        required=False,
        allow_blank=True,
        max_length=60,
        help_text="IANA zone whose midnights cut calendar windows; empty for the installation's.",
    )
    aggregation = WordField(Aggregation, required=False, help_text="Default: the metric's own.")
    condition = WordField(ConditionKind, required=False, help_text="Default static.")
    compare = WordField(Compare, required=False, help_text="How a change is measured. Default percent.")
    baseline = WordField(Baseline, required=False, help_text="What a change is measured against.")
    baselineLength = CountField(
        source="baseline_length", required=False, help_text="Windows an anomaly is told from. Default 28."
    )
    warnThreshold = AmountField(source="warn_threshold", required=False, allow_null=True)
    recoveryThreshold = AmountField(
        source="recovery_threshold",
        required=False,
        allow_null=True,
        help_text="An alert goes on until the value is past this; null: until it is past the threshold.",
    )
    steps = serializers.ListField(
        child=AmountField(), max_length=20, required=False, help_text="Further thresholds on the way."
    )
    minSamples = CountField(
        1,
        source="min_samples",
        required=False,
        help_text="Calls, responses, sessions or tasks a value needs.",
    )
    minSessions = CountField(
        source="min_sessions", required=False, help_text="Sessions that must begin in the window. Default 0."
    )
    forSeconds = CountField(
        source="for_seconds", required=False, help_text="How long a breach must last. Default 0."
    )
    keepFiringSeconds = CountField(
        source="keep_firing_seconds", required=False, help_text="How long it must be over. Default 0."
    )
    filters = serializers.DictField(
        child=_texts(50), required=False, help_text="{dimension: [value, ...]}; only these count."
    )
    groupBy = serializers.ListField(
        source="group_by",
        child=TextField(max_length=40),
        max_length=10,
        required=False,
        help_text="Dimensions, each group of which is judged by itself.",
    )
    noData = WordField(NoData, source="no_data", required=False, help_text="What an unknown value means.")
    severity = WordField(Severity, required=False, help_text="Default warning.")
    channels = serializers.ListField(
        child=TextField(max_length=64),
        max_length=20,
        required=False,
        help_text="Ids of the channels that are told; the bell always is.",
    )
    notifyResolved = FlagField(source="notify_resolved", required=False)
    repeatSeconds = CountField(
        source="repeat_seconds", required=False, help_text="0: told once. Default 0 for sessions, else 14400."
    )
    maxPerHour = CountField(1, 1000, source="max_per_hour", required=False)
    snoozedUntil = serializers.DateTimeField(source="snoozed_until", required=False, allow_null=True)
    note = TextField(required=False, allow_blank=True, max_length=4096, help_text="Markdown.")
    link = serializers.URLField(required=False, allow_blank=True, max_length=1000)
    project = TextField(
        required=False,
        allow_null=True,
        max_length=200,
        help_text="Id or slug; null for all projects together.",
    )

    def validate_link(self, link: str) -> str:
        if link and not link.startswith(("http://", "https://")):
            raise ValidationError("A link begins with http:// or https://.")
        return link


class RuleInput(RuleFields):
    """A new rule."""

    id = TextField(
        source="public_id", required=False, max_length=64, help_text="Letters, digits, `_`, `.` and `-`."
    )

    def validate_id(self, name: str) -> str:
        if not ID.match(name):
            raise ValidationError("An id has 1 to 64 letters, digits, underscores, dots and hyphens.")
        if name in RESERVED_IDS:
            raise ValidationError(f"{name} is not free as an id.")
        return name


class RuleSerializer(RuleFields):
    """A rule and how it stands."""

    id = serializers.CharField()
    unit = serializers.CharField(help_text="The unit of the metric.")
    state = serializers.ChoiceField(STATES, help_text="The worst of its groups.")
    firing = serializers.IntegerField(help_text="Groups for which it fires now.")
    fired = serializers.IntegerField(help_text="How often it ever fired.")
    lastValue = AmountField(allow_null=True, help_text="The last value that was judged.")
    lastEvaluatedAt = InstantField(allow_null=True, help_text="When what is known of it last changed.")
    error = serializers.CharField(allow_blank=True, help_text="Why it could not be evaluated.")
    groupsLeftOut = serializers.IntegerField(help_text="Groups beyond those a rule may follow.")
    version = serializers.IntegerField()
    createdAt = InstantField()
    updatedAt = InstantField()
    project = TextField(allow_null=True, help_text="Slug; null for all projects together.")
    snoozedUntil = InstantField(allow_null=True)
    link = TextField(allow_blank=True)  # type: ignore[assignment]
    filters = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class DeletedSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()
    id = serializers.CharField()


class EvidenceWindowSerializer(serializers.Serializer[Any]):
    start = InstantField()
    end = InstantField()


class EvidenceSessionSerializer(serializers.Serializer[Any]):
    """A session behind an event, and where to open it."""

    id = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    href = serializers.CharField()


class ContributorSerializer(EvidenceSessionSerializer):
    value = serializers.FloatField(help_text="The session's part of the value.")


class EvidenceSerializer(serializers.Serializer[Any]):
    """What an event was told from."""

    window = EvidenceWindowSerializer(allow_null=True)
    sessions = EvidenceSessionSerializer(many=True)
    contributors = ContributorSerializer(many=True, help_text="What contributed most.")


class EventSerializer(serializers.Serializer[Any]):
    """A change of state, and what it was told from."""

    id = serializers.CharField()
    alertId = serializers.CharField()
    fromState = serializers.ChoiceField(STATES)
    toState = serializers.ChoiceField(STATES)
    reason = serializers.ChoiceField([str(word) for word in Reason])
    severity = serializers.ChoiceField([str(word) for word in Severity])
    message = serializers.CharField()
    value = AmountField(allow_null=True)
    threshold = AmountField(allow_null=True, help_text="The threshold that was in force.")
    samples = serializers.IntegerField()
    group = serializers.DictField(child=serializers.CharField())
    subject = serializers.CharField(allow_blank=True, help_text="Session or start of the calendar window.")
    ruleVersion = serializers.IntegerField()
    evidence = EvidenceSerializer()
    eventTime = InstantField(help_text="When it happened in the data.")
    evaluatedAt = InstantField(help_text="When it was noticed.")
    isLate = serializers.BooleanField()
    isBackfilled = serializers.BooleanField(help_text="History that was read in later; never sent.")


class EventPageSerializer(serializers.Serializer[Any]):
    items = EventSerializer(many=True)
    total = serializers.IntegerField()
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()


class NotificationSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    alertId = serializers.CharField()
    message = serializers.CharField()
    timestamp = InstantField()
    isRead = serializers.BooleanField()
    severity = serializers.ChoiceField([str(word) for word in Severity])
    state = serializers.ChoiceField(STATES)
    eventId = serializers.CharField()


class ReadInput(StrictSerializer):
    isRead = FlagField(source="is_read")


class ReadAllSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()
    read = serializers.IntegerField(help_text="Notifications that were unread until now.")
