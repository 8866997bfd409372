"""What may be asked of the search: one form for the page, the API and the command."""

from dataclasses import dataclass
from typing import Any

from django import forms

from sessions.date_bounds import lower_bound, upper_bound
from sessions.form_parts import LEFT_OUT, ReadableForm, read_moments
from sessions.forms import MomentField
from sessions.models import AgentSession, SearchItem
from sessions.search.finding import RANK, ROLES, SORTS, Filters, kinds_named
from sessions.search.query import BadQuery, Query, parsed
from sessions.selectors import session

DEFAULT_LIMIT, MAX_LIMIT = 20, 100
MAX_OFFSET = 10_000
KINDS = {kind.name.lower(): kind for kind in SearchItem.Kind if kind is not SearchItem.Kind.GONE}
# One of a kind, and several.
KIND_LABELS = {
    "prompt": ("Prompt", "Prompts"),
    "answer": ("Answer", "Answers"),
    "thinking": ("Thinking", "Thinking"),
    "tool_input": ("Tool call", "Tool calls"),
    "tool_result": ("Tool result", "Tool results"),
    "note": ("Note", "Notes"),
    "title": ("Title", "Titles"),
    "document": ("Document", "Documents"),
    "feature": ("Feature", "Features"),
    "task": ("Task", "Tasks"),
}
SORT_LABELS = {"rank": "Best first", "newest": "Newest first"}


@dataclass(frozen=True, slots=True)
class SearchAsked:
    """A search understood."""

    query: Query
    filters: Filters
    sort: str
    offset: int
    limit: int


class SearchForm(ReadableForm):
    """Words, filters, order and page of a search. Times are UTC inside, ends exclusive."""

    q = forms.CharField(
        required=False, strip=False, help_text='Words, "phrases", beginnings* and -exclusions.'
    )
    project = forms.CharField(required=False, max_length=200, help_text="Id or slug of a project.")
    kind = forms.CharField(
        required=False,
        max_length=200,
        help_text=f"What the words stand in, separated by commas: {', '.join(KINDS)}.",
    )
    role = forms.ChoiceField(
        required=False,
        choices=[("", "Anyone"), *((role, role) for role in ROLES)],
        help_text="Whose words they are.",
    )
    tool = forms.CharField(
        required=False,
        max_length=200,
        help_text="Name of the tool that was called or answered; case does not count.",
    )
    session = forms.CharField(required=False, max_length=300, help_text="Id of a session.")
    start = MomentField(
        required=False, max_length=60, help_text="ISO date or datetime, cut to a quarter of an hour."
    )
    end = MomentField(
        required=False, max_length=60, help_text="ISO date, that whole day included, or datetime."
    )
    tz = forms.CharField(required=False, max_length=100, help_text="IANA name of the zone of naive times.")
    sort = forms.ChoiceField(
        required=False,
        choices=[(sort, SORT_LABELS[sort]) for sort in SORTS],
        help_text="Best or newest first.",
    )
    offset = forms.IntegerField(
        required=False, min_value=0, max_value=MAX_OFFSET, help_text="How many to leave out before the first."
    )
    limit = forms.IntegerField(
        required=False, min_value=1, max_value=MAX_LIMIT, help_text="How many at most."
    )

    def clean_q(self) -> Query:
        try:
            return parsed(self.cleaned_data["q"])
        except BadQuery as bad:
            raise forms.ValidationError(str(bad)) from None

    def clean_session(self) -> AgentSession | None:
        name = self.cleaned_data["session"].strip()
        found = session(name, projects=self._readable) if name else None
        if name and found is None:
            raise forms.ValidationError(f"There is no session “{name:.60}”.")
        return found

    def clean_kind(self) -> frozenset[int] | None:
        names = [name.strip() for name in self.cleaned_data["kind"].split(",") if name.strip()]
        for name in names:
            if name not in KINDS:
                raise forms.ValidationError(f"“{name:.40}” is not one of {', '.join(KINDS)}.")
        return kinds_named(names) if names else None

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        read_moments(self, {"start": lower_bound, "end": upper_bound})
        if data["start"] and data["end"] and data["start"] >= data["end"]:
            self.add_error("end", "It must not be before start.")
        return data

    @property
    def problems(self) -> list[str]:
        """Everything that was not understood, a sentence each; without words there is nothing to filter."""
        return [
            str(sentence) if name == "q" else f"{sentence} {LEFT_OUT}"
            for name, sentences in self.errors.items()
            for sentence in sentences
        ]

    @property
    def is_asking(self) -> bool:
        """Whether there are words to look for."""
        return bool(str(self.data.get("q", "")).strip())

    def asked(self) -> SearchAsked | None:
        """What was asked, without what was not understood; None where that leaves no words to look for."""
        self.is_valid()
        data = self.cleaned_data
        if "q" not in data:
            return None
        filters = Filters(
            projects=self.projects,
            kinds=_both(data.get("kind"), ROLES.get(data.get("role") or "")),
            session_key=data["session"].pk if data.get("session") else None,
            tool=(data.get("tool") or "").strip(),
            start=data.get("start"),
            end=data.get("end"),
        )
        limit = data.get("limit") or DEFAULT_LIMIT
        return SearchAsked(data["q"], filters, data.get("sort") or RANK, data.get("offset") or 0, limit)


def _both(kinds: frozenset[int] | None, role: frozenset[int] | None) -> frozenset[int] | None:
    if kinds is None or role is None:
        return kinds if role is None else role
    return kinds & role
