"""What was found in plans, described for a reader."""

from collections.abc import Sequence
from typing import Any

from sessions.models import SearchItem
from sessions.parsers.display import shown
from sessions.search.finding import Hit
from sessions.search.query import Query
from sessions.search.results import Result
from sessions.search.snippets import snippet
from tasks.models import Document, Feature, ProjectTask
from tasks.plan_index import Planned, moment_of, text_of_plan

_MODELS: dict[int, Any] = {
    SearchItem.Kind.DOCUMENT: Document.objects.select_related("project", "source").defer("facts"),
    SearchItem.Kind.FEATURE: Feature.objects.select_related("project"),
    SearchItem.Kind.TASK: ProjectTask.objects.select_related("project"),
}


def plan_results(hits: Sequence[Hit], query: Query) -> dict[int, Result]:
    """{item: result} for the hits in plans: a query for each kind, and the archive for documents."""
    results: dict[int, Result] = {}
    for kind, rows in _MODELS.items():
        mine = [hit for hit in hits if hit.kind == kind]
        things = rows.all().in_bulk({hit.target for hit in mine}) if mine else {}
        results |= {hit.id: _result(hit, things[hit.target], query) for hit in mine if hit.target in things}
    return results


def _result(hit: Hit, thing: Planned, query: Query) -> Result:
    title = shown(thing.name if isinstance(thing, Feature) else thing.title)
    pieces = snippet(text_of_plan(thing), query)
    plan_id = thing.slug if isinstance(thing, Feature) else str(thing.pk)
    at, project = moment_of(thing), thing.project
    return Result(hit, title, pieces, at, project, plan_key=thing.pk, plan_id=plan_id)
