"""The page of the search."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from analytics.search.forms import DEFAULT_LIMIT, KIND_LABELS, SearchForm
from analytics.search.selectors import SearchAnswer, address, search
from analytics.views import HtmxRequest
from sessions.list_page import Chip
from sessions.list_page import address as query_address
from sessions.models import Project
from sessions.scope import in_projects, readable_projects

CHIPS = {
    "project": "project",
    "kind": "in",
    "role": "said by",
    "tool": "tool",
    "session": "session",
    "start": "from",
    "end": "to",
}


@require_safe
def search_page(request: HtmxRequest) -> HttpResponse:
    """What the words and filters in the address find."""
    given = request.GET.copy()
    number = _page_number(given)
    for name in ("page", "offset", "limit"):
        given.pop(name, None)
    given["offset"] = str((number - 1) * DEFAULT_LIMIT)
    projects = readable_projects(request)
    form = SearchForm(given, projects)
    asked = form.asked() if form.is_asking else None
    answer = search(asked, now=timezone.now()) if asked else None
    context = {
        "form": form,
        "answer": answer,
        "problems": form.problems if form.is_asking else [],
        "results": [(result, address(result), KIND_LABELS[result.kind][0]) for result in answer.results]
        if answer
        else [],
        "page": Paginator(range(answer.total), DEFAULT_LIMIT).get_page(number) if answer else None,
        "kinds": _kinds(answer, request.GET) if answer else [],
        "chips": _chips(form, request.GET),
        "projects": Project.objects.filter(in_projects(projects, "pk")),
        "kind_labels": {kind: labels[1] for kind, labels in KIND_LABELS.items()},
        "more_filters": any(request.GET.get(name) for name in ("tool", "session", "role", "start", "end")),
    }
    template = "analytics/search/page.html"
    response = render(request, f"{template}#results" if request.htmx else template, context)
    if request.htmx:
        response["HX-Push-Url"] = request.path + query_address(request.GET)
    return response


def _page_number(given: QueryDict) -> int:
    text = given.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 4 else 1


def _kinds(answer: SearchAnswer, query: QueryDict) -> list[dict[str, Any]]:
    """How many results there are of each kind, and the way to them alone."""
    return [
        {"label": KIND_LABELS[kind][1], "count": count, "href": query_address(query, kind=kind, page=None)}
        for kind, count in answer.kinds.items()
    ]


def _chips(form: SearchForm, query: QueryDict) -> list[Chip]:
    """The filters that are set, each with the way to take it off."""
    return [
        Chip(label, query.get(name, ""), query_address(query, **{name: None}, page=None))
        for name, label in CHIPS.items()
        if query.get(name, "").strip() and name not in form.errors
    ]
