"""The shape of a search's answer, as `/api/schema` describes it."""

from typing import Any

from rest_framework import serializers

from analytics.search.forms import KINDS
from analytics.search.selectors import SearchAnswer, address
from sessions.api_fields import iso
from sessions.models import SearchItem
from sessions.search.finding import ROLES
from sessions.search.results import Result
from sessions.serializers import (
    counts,
    flags,
    instants,
    project_fields,
    shape,
    text_lists,
    texts,
    unsure_counts,
    words,
)

_ROLE_OF = {kind: role for role, kinds in ROLES.items() for kind in kinds}
_Kind = SearchItem.Kind


def search_shape() -> Any:
    snippet = shape("SnippetPiece", words("text"), flags("match"), many=True)
    item = shape(
        "SearchResult",
        {"kind": serializers.ChoiceField(tuple(KINDS))},
        {"role": serializers.ChoiceField(tuple(ROLES), allow_null=True)},
        texts("sessionId", "documentId", "featureId", "taskId", "title", "tool"),
        unsure_counts("entry"),
        {"project": shape("ProjectName", project_fields(), allow_null=True), "snippet": snippet},
        instants("at"),
        {"rank": serializers.FloatField()},
        words("url"),
        many=True,
    )
    found = {kind: serializers.IntegerField(required=False) for kind in KINDS}
    return shape(
        "SearchAnswer",
        {"items": item},
        counts("total", "offset", "limit"),
        flags("totalIsLowerBound"),
        {"kinds": shape("FoundKinds", found)},
        text_lists("notes"),
    )


def search_json(answer: SearchAnswer, offset: int, limit: int) -> dict[str, Any]:
    return {
        "items": [result_json(result) for result in answer.results],
        "total": answer.total,
        "offset": offset,
        "limit": limit,
        "totalIsLowerBound": answer.is_more,
        "kinds": answer.kinds,
        "notes": list(answer.notes),
    }


def result_json(result: Result) -> dict[str, Any]:
    """One result; its snippet is pieces of text, never HTML."""
    kind, project = result.hit.kind, result.project
    return {
        "kind": result.kind,
        "role": _ROLE_OF.get(kind),
        "sessionId": result.session.public_id if result.session else None,
        "documentId": result.plan_id if kind == _Kind.DOCUMENT else None,
        "featureId": result.plan_id if kind == _Kind.FEATURE else None,
        "taskId": result.plan_id if kind == _Kind.TASK else None,
        "entry": result.seq,
        "title": result.title or None,
        "tool": result.tool or None,
        "project": project and {"id": project.pk, "slug": project.slug, "name": project.name},
        "snippet": [{"text": piece.text, "match": piece.is_match} for piece in result.pieces],
        "at": iso(result.at),
        "rank": round(result.hit.score, 4),
        "url": address(result),
    }
