"""What may be asked of the list of sessions: one form for the page and the API."""

from collections.abc import Mapping
from typing import Any

from django import forms

from sessions.date_bounds import lower_bound, upper_bound
from sessions.form_parts import read_moments
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


def _text(help_text: str, limit: int = 300) -> forms.CharField:
    return forms.CharField(required=False, max_length=limit, help_text=help_text)


class MomentField(forms.CharField):
    """An ISO date or datetime as it was written; the form reads it when it knows the zone."""


def _from(what: str) -> MomentField:
    meaning = f"{what} from here on: ISO date or datetime, naive ones in the zone of `tz`."
    return MomentField(required=False, max_length=60, help_text=meaning)


def _until(what: str) -> MomentField:
    meaning = f"{what} before this: ISO date, that whole day included, or datetime."
    return MomentField(required=False, max_length=60, help_text=meaning)


def _number(most: int, help_text: str) -> forms.DecimalField:
    return forms.DecimalField(required=False, min_value=0, max_value=most, help_text=help_text)


def _flag(help_text: str) -> FlagField:
    return FlagField(required=False, help_text=help_text)


def _choice(values: Mapping[str, Any] | tuple[str, ...], help_text: str) -> forms.ChoiceField:
    names = ", ".join(values)
    return forms.ChoiceField(
        required=False,
        help_text=help_text,
        choices=[("", "Any"), *((name, name) for name in values)],
        error_messages={"invalid_choice": f"“%(value)s” is not one of {names}."},
    )


class SessionFilterForm(forms.Form):
    """Filters, order and page of the session list, out of a query string.

    `filters()` gives what was asked in the types `session_list` takes; times are UTC, ends exclusive.
    """

    status = _choice(STATUSES, "How the session stands.")
    model = _text("Words that all occur in the name of a model it used.")
    model_provider = _text("Who makes a model it used, such as Claude.")
    model_family = _text("The family of a model it used, such as Opus.")
    model_version = _text("The version of a model it used, such as Opus 4.5.")
    include_subagents = _flag("Whether sessions that others started are listed as well.")
    # Probes and files of hooks alone hold no prompt, response or call: hidden unless asked for.
    include_inactive = _flag("Whether sessions without any prompt, response or call are listed as well.")
    root_session_id = _text("Of the family of this session, itself included.")
    project = _text("Id or slug of a project; every project when absent.", 200)
    branch = _text("The Git branch it began on.")
    tool = _text("A tool it called, by its whole name.")
    skill = _text("A skill it used, by its whole name.")
    agent = _text("A kind of subagent it started, by its whole name.")
    feature = _text("Slug or key of a feature that it served.", 200)
    task = _text("Id of a task that it served, or the id that plans give it.", 200)
    has_errors = _flag("Whether a tool call or a request to a model failed.")
    q = _text("Words that must all occur in title, branch or prompts, or begin its id.", 500)
    tz = _text("IANA name of the zone of naive times; the installation's own when absent.", 100)
    start_date = _from("Began")
    end_date = _until("Began")
    created_start = _from("Began")
    created_end = _until("Began")
    completed_start = _from("Ended, if it has ended,")
    completed_end = _until("Ended, if it has ended,")
    updated_start = _from("Last record")
    updated_end = _until("Last record")
    min_duration = _number(MAX_SECONDS, "Seconds from first to last record, pauses included, at least.")
    max_duration = _number(MAX_SECONDS, "Seconds from first to last record, pauses included, at most.")
    min_cost = _number(MAX_USD, "US dollars of its own responses, at least.")
    max_cost = _number(MAX_USD, "US dollars of its own responses, at most.")
    sort_by = _choice(SORTS, "What to sort by, started_at when absent; what is unknown comes last.")
    sort_order = _choice(("asc", "desc"), "Which way, desc when absent.")
    offset = forms.IntegerField(
        required=False, min_value=0, max_value=MAX_OFFSET, help_text="How many to leave out before the first."
    )
    limit = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_LIMIT,
        help_text=f"How many at most; {DEFAULT_LIMIT} when absent.",
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        read_moments(self, DATE_RANGES)
        for low, high in _PAIRS:
            if data.get(low) is not None and data.get(high) is not None and data[low] > data[high]:
                self.add_error(high, f"It must not be before or below {low}.")
        return data

    def filters(self) -> dict[str, Any]:
        """What was given, without what was not; order and page always. The form must be valid."""
        data = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        data.pop("tz", None)
        defaults = {"sort_by": "started_at", "sort_order": "desc", "offset": 0, "limit": DEFAULT_LIMIT}
        return defaults | data
