"""The form of a rule: what its fields show, and the body of the API that they say.

It checks nothing by itself: page and API read the same body with the same serializer, so both refuse the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from alerts.definition import ConditionKind, Scope, aggregations_of, default_no_data
from alerts.editing import RuleConflict, StaleVersion, change_rule, create_rule
from alerts.models import AlertRule, Channel
from alerts.rule_input import draft_rule, rule_values
from alerts.serializers import RuleInput
from analytics.metrics import METRICS, Metric
from sessions.scope import Projects

AMOUNTS = ("threshold", "warnThreshold", "recoveryThreshold")
COUNTS = (
    "windowSeconds",
    "baselineLength",
    "minSamples",
    "minSessions",
    "forSeconds",
    "keepFiringSeconds",
    "repeatSeconds",
    "maxPerHour",
)
WORDS = ("operator", "scope", "severity", "condition", "compare", "baseline")
PLAIN = ("timeZone", "note", "link")
FLAGS = ("isActive", "notifyResolved")
LISTS = ("groupBy", "channels")
EMPTIED = ("warnThreshold", "recoveryThreshold")
MOST_FIELD = 5000

FIRST: dict[str, Any] = {
    "metric": "session_cost",
    "operator": ">",
    "scope": "session",
    "severity": "warning",
    "isActive": True,
}


@dataclass(slots=True)
class RuleForm:
    """Texts by field, as they are shown; flags are booleans, lists are lists. `errors`: a sentence by field."""

    texts: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)
    readable: Projects = None  # the projects that the writer may watch

    @classmethod
    def of_body(cls, body: Mapping[str, Any], readable: Projects = None) -> "RuleForm":
        """The fields of a rule as the API tells it, of a preset, or of nothing yet."""
        texts: dict[str, Any] = {
            name: _text(body.get(name)) for name in (*AMOUNTS, *COUNTS, *WORDS, *PLAIN, "name", "metric")
        }
        texts |= {name: body.get(name) is True for name in FLAGS}
        texts |= {name: list(body.get(name) or []) for name in LISTS}
        texts |= {name: _text(body.get(name)) for name in ("project", "aggregation", "noData", "version")}
        texts["steps"] = ", ".join(_text(step) for step in body.get("steps") or [])
        texts["filters"] = [(name, "\n".join(values)) for name, values in (body.get("filters") or {}).items()]
        return cls(texts, readable=readable)

    @classmethod
    def of_post(cls, given: QueryDict, readable: Projects = None) -> "RuleForm":
        names = (*AMOUNTS, *COUNTS, *WORDS, *PLAIN, "name", "metric", "project", "aggregation", "noData")
        texts: dict[str, Any] = {name: given.get(name, "")[:MOST_FIELD] for name in (*names, "steps")}
        texts |= {name: given.get(name) == "on" for name in FLAGS}
        texts |= {name: given.getlist(name)[:30] for name in LISTS}
        texts["version"] = given.get("version", "")
        pairs = zip(given.getlist("filterBy"), given.getlist("filterValues"), strict=False)
        texts["filters"] = [(name, values[:MOST_FIELD]) for name, values in pairs if name or values.strip()]
        return cls(texts, readable=readable)

    @property
    def metric(self) -> Metric:
        """The chosen metric, else the first of the catalogue: the choices of other fields depend on it."""
        return METRICS.get(self.texts["metric"]) or METRICS["session_cost"]

    @property
    def scope(self) -> Scope:
        return Scope(self.texts["scope"]) if self.texts["scope"] in list(Scope) else Scope.SESSION

    def body(self) -> dict[str, Any]:
        """What the fields say, as the API takes it. Fields that do not apply to scope and condition are left out."""
        texts = self.texts
        body: dict[str, Any] = {name: texts[name] for name in (*WORDS, *PLAIN, "metric") if texts[name]}
        body |= {"name": texts["name"], **{name: texts[name] for name in FLAGS}}
        body |= {name: _number(texts[name]) for name in (*AMOUNTS, *COUNTS) if texts[name].strip()}
        body |= {name: None for name in EMPTIED if name not in body}
        body |= {name: [each for each in texts[name] if each] for name in LISTS}
        body |= {name: texts[name] for name in PLAIN}
        body["project"] = texts["project"] or None
        body["steps"] = [
            _number(step) for step in texts["steps"].replace(";", ",").split(",") if step.strip()
        ]
        body["filters"] = {name: _lines(values) for name, values in texts["filters"]}
        body["aggregation"] = texts["aggregation"] or str(aggregations_of(self.metric, self.scope)[0])
        body["noData"] = texts["noData"] or str(default_no_data(self.metric))
        return body | self._not_applying(body)

    def _not_applying(self, body: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.scope is not Scope.ROLLING:
            found["windowSeconds"] = None
        if self.scope is Scope.SESSION:
            found |= {
                "condition": "static",
                "forSeconds": 0,
                "keepFiringSeconds": 0,
                "recoveryThreshold": None,
                "groupBy": [],
                "minSessions": 0,
            }
        condition = found.get("condition", body.get("condition", "static"))
        if condition != ConditionKind.STATIC:
            found |= {"steps": [], "warnThreshold": None}
        if condition == ConditionKind.ANOMALY:
            found["recoveryThreshold"] = None
        return found

    def read(self) -> dict[str, Any] | None:
        """Values for `rule_values`; None, with `errors` filled, for fields that cannot be understood."""
        names = [name for name, _ in self.texts["filters"]]
        if len(set(names)) != len(names):
            self.errors["filters"] = "Each filter is about something else; put all its values into one."
            return None
        read = RuleInput(data=self.body())
        if not read.is_valid():
            self._note(read.errors)
            return None
        return dict(read.validated_data)

    def draft(self) -> AlertRule | None:
        """The unsaved rule, for a preview; None, with `errors` filled, when it cannot be."""
        named = RuleForm(self.texts | {"name": self.texts["name"].strip() or "Draft"}, readable=self.readable)
        values = named.read()
        rule = None
        if values is not None:
            try:
                rule = draft_rule(values, projects=self.readable)
            except ValidationError as error:
                named._note(error.detail)
        # What is still empty is not wrong yet.
        self.errors = {name: said for name, said in named.errors.items() if self.texts.get(name) != ""}
        return rule

    def save(self, rule: AlertRule | None, *, now: datetime, by: str) -> AlertRule | None:
        """Make the rule, or change it; None, with `errors` filled, when it cannot be."""
        values = self.read()
        if values is None:
            return None
        try:
            given, channels = rule_values(values, rule, projects=self.readable)
            if rule is None:
                return create_rule(given, channels or [], now=now, by=by)
            return change_rule(rule, given, channels, now=now, by=by, version=self._version())
        except ValidationError as error:
            self._note(error.detail)
        except RuleConflict as error:
            self.errors["name"] = str(error)
        except StaleVersion:
            self._refuse_stale(rule)
        return None

    def _version(self) -> int | None:
        text = self.texts["version"]
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None

    def _refuse_stale(self, rule: AlertRule | None) -> None:
        self.errors["version"] = (
            "Somebody else changed this rule since you opened it. What you wrote is kept; save again to put it "
            "in place of theirs."
        )
        found = AlertRule.objects.filter(pk__in=[rule.pk] if rule else []).values_list("version", flat=True)
        self.texts["version"] = _text(found.first())

    def _note(self, details: Any) -> None:
        for name, detail in dict(details).items():
            self.errors.setdefault(str(name), first_sentence(detail))

    def channel_choices(self) -> list[tuple[Channel, bool]]:
        chosen = set(self.texts["channels"])
        return [(each, each.public_id in chosen) for each in Channel.objects.seen_from(self.readable)]


def first_sentence(detail: Any) -> str:
    """The first sentence of what a serializer says of a field."""
    while isinstance(detail, dict | list):
        inner = list(detail.values()) if isinstance(detail, dict) else detail
        detail = inner[0] if inner else ""
    return str(detail)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{Decimal(str(value)).normalize():f}"
    return str(value)


def _number(text: str) -> Any:
    """A number where the text is one, else the text, for the serializer to refuse."""
    text = text.strip()
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
