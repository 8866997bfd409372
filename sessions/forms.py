"""What may be asked of the list of sessions: one form for the page and the API."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from sessions.date_bounds import lower_bound, reporting_zone, upper_bound
from sessions.selectors.filters import SORTS, STATUSES

DEFAULT_LIMIT, MAX_LIMIT = 50, 1000
MAX_OFFSET = 10**9
MAX_SECONDS = 10**10
MAX_USD = 10**9
DATE_RANGES = {
    "start_date": lower_bound,
    "end_date": upper_bound,
    "created_start": lower_bound,
    "created_end": upper_bound,
    "completed_start": lower_bound,
    "completed_end": upper_bound,
    "updated_start": lower_bound,
    "updated_end": upper_bound,
}
_PAIRS = (
    ("start_date", "end_date"),
    ("created_start", "created_end"),
    ("completed_start", "completed_end"),
    ("updated_start", "updated_end"),
    ("min_duration", "max_duration"),
    ("min_cost", "max_cost"),
)
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


class FlagField(forms.Field):
    """Yes, no, or None where it is not given."""

    def to_python(self, value: Any) -> bool | None:
        word = str(value or "").strip().lower()
        if not word:
            return None
        if word not in (*_TRUE, *_FALSE):
            raise forms.ValidationError(f"“{word:.40}” is neither true nor false.")
        return word in _TRUE


def _text(limit: int = 300) -> forms.CharField:
    return forms.CharField(required=False, max_length=limit)


def _number(most: int) -> forms.DecimalField:
    return forms.DecimalField(required=False, min_value=0, max_value=most)


def _choice(values: Mapping[str, Any] | tuple[str, ...]) -> forms.ChoiceField:
    names = ", ".join(values)
    return forms.ChoiceField(
        required=False,
        choices=[("", "Any"), *((name, name) for name in values)],
        error_messages={"invalid_choice": f"“%(value)s” is not one of {names}."},
    )


class SessionFilterForm(forms.Form):
    """Filters, order and page of the session list, out of a query string.

    `filters()` gives what was asked in the types `session_list` takes; times are UTC, ends exclusive.
    """

    status = _choice(STATUSES)
    model = _text()
    model_provider = _text()
    model_family = _text()
    model_version = _text()
    include_subagents = FlagField(required=False)
    # Probes and files of hooks alone hold no prompt, response or call: hidden unless asked for.
    include_inactive = FlagField(required=False)
    root_session_id = _text()
    project = _text(200)
    branch = _text()
    tool = _text()
    skill = _text()
    agent = _text()
    has_errors = FlagField(required=False)
    q = _text(500)
    tz = _text(100)
    start_date = _text(60)
    end_date = _text(60)
    created_start = _text(60)
    created_end = _text(60)
    completed_start = _text(60)
    completed_end = _text(60)
    updated_start = _text(60)
    updated_end = _text(60)
    min_duration = _number(MAX_SECONDS)
    max_duration = _number(MAX_SECONDS)
    min_cost = _number(MAX_USD)
    max_cost = _number(MAX_USD)
    sort_by = _choice(SORTS)
    sort_order = _choice(("asc", "desc"))
    offset = forms.IntegerField(required=False, min_value=0, max_value=MAX_OFFSET)
    limit = forms.IntegerField(required=False, min_value=1, max_value=MAX_LIMIT)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        try:
            zone = reporting_zone(data.get("tz") or "")
        except ValueError as error:
            self.add_error("tz", str(error))
            zone = reporting_zone()
        for name, read in DATE_RANGES.items():
            data[name] = self._moment(name, read, zone)
        for low, high in _PAIRS:
            if data.get(low) is not None and data.get(high) is not None and data[low] > data[high]:
                self.add_error(high, f"It must not be before or below {low}.")
        return data

    def _moment(
        self, name: str, read: Callable[[str, ZoneInfo], datetime], zone: ZoneInfo
    ) -> datetime | None:
        given = self.cleaned_data.get(name)
        if not given:
            return None
        try:
            return read(given, zone)
        except ValueError as error:
            self.add_error(name, str(error))
            return None

    def filters(self) -> dict[str, Any]:
        """What was given, without what was not; order and page always. The form must be valid."""
        data = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        data.pop("tz", None)
        defaults = {"sort_by": "started_at", "sort_order": "desc", "offset": 0, "limit": DEFAULT_LIMIT}
        return defaults | data
