"""Links, features and tasks with what they cost, as JSON-ready values, and the shapes of those answers."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from rest_framework import serializers

from analytics.correlation import Correlated
from analytics.models import SessionUsage
from analytics.serializers import known_cost, token_classes
from analytics.sums import Usage
from sessions.api_fields import iso
from sessions.representation import session_item
from sessions.selectors import SessionRow, status_of
from sessions.serializers import (
    TOKEN_CLASSES,
    Fields,
    counts,
    family_fields,
    flags,
    instants,
    money,
    page,
    session_fields,
    shape,
    status_and_type,
    text_lists,
    texts,
    unsure_counts,
    words,
)
from tasks.matching import RULES
from tasks.models import Feature, Link
from tasks.representation import Counts, day, progress_json
from tasks.serializers import (
    feature_detail_fields,
    feature_fields,
    phase_fields,
    progress_fields,
    status_field,
    task_detail_fields,
    task_fields,
)

_COMMANDS = ("command_path", "command_phase", "command_slug")


def usage_by(
    dimension: str, keys: Iterable[int], cost: Callable[[Usage], Any] = known_cost
) -> dict[int, dict[str, Any]]:
    """{key of a feature, phase or task: what was used for it}, as JSON; files ask for the exact `cost`."""
    rows = SessionUsage.objects.filter(**{f"{dimension}_id__in": list(keys)}).by_dimension(dimension)
    return {int(row["row"]): usage_json(Usage.from_sums(row), row["sessions"], cost) for row in rows}


def usage_json(usage: Usage, sessions: int, cost: Callable[[Usage], Any] = known_cost) -> dict[str, Any]:
    return {
        "cost": cost(usage),
        "tokens": usage.tokens,
        **token_classes(usage),
        "unpricedTokens": usage.unpriced_tokens,
        "sessionCount": sessions,
    }


NOTHING_USED = usage_json(Usage(), 0)


def link_json(item: Correlated) -> dict[str, Any]:
    """What a link says, with empty values where there is none."""
    link = item.link
    return {
        "confidence": link.confidence if link else 0.0,
        "linkStrategy": link.strategy if link else "",
        "isPrimary": item.is_primary,
        "origin": link.origin if link else None,
        "state": link.state if link else None,
        "evidence": [evidence_json(piece) for piece in link.evidence] if link else [],
        "phase": item.phases[0] if item.phases else None,
        "phases": item.phases,
        "taskIds": [str(key) for key in item.task_ids],
        "cost": known_cost(item.usage),
        "tokens": item.usage.tokens,
    }


def evidence_json(piece: dict[str, Any]) -> dict[str, Any]:
    rule = RULES.get(piece.get("kind", ""))
    return {
        "kind": piece.get("kind", ""),
        "detail": piece.get("detail", ""),
        "weight": piece.get("weight", 0.0),
        "meaning": rule.meaning if rule else None,
        "seq": piece.get("seq"),
        "at": piece.get("at"),
    }


def correlation_json(item: Correlated, now: datetime) -> dict[str, Any]:
    session, feature = item.session, item.feature
    return {
        "sessionId": session.public_id,
        "featureId": feature.slug if feature else "",
        "featureKey": feature.pk if feature else None,
        "featureName": feature.name if feature else "",
        **link_json(item),
        "commitHash": session.commits[-1] if session.commits else None,
        "model": session.model or None,
        "status": status_of(session, now=now),
        "sessionType": session.session_type,
        "startedAt": iso(session.started_at),
        "endedAt": iso(session.ended_at),
    }


def linked_session_json(item: Correlated, row: SessionRow, names: dict[int, str]) -> dict[str, Any]:
    """A session that served a feature: the session as lists have it, and why it is there."""
    return session_item(row, names) | {
        "sessionId": item.session.public_id,
        **told_links(item),
        "titleConfidence": None,
        "isSubthread": item.session.session_type not in ("session", "fork"),
        "workflowType": None,
    }


def linked_feature_json(item: Correlated, feature: Feature, counted: Counts) -> dict[str, Any]:
    """A feature that a session served, and why."""
    return {
        "featureId": feature.slug,
        "featureKey": feature.pk,
        "featureName": feature.name,
        "featureStatus": feature.status,
        "featureCategory": feature.category or None,
        "featureUpdatedAt": day(feature.updated_on),
        **progress_json(counted),
        **told_links(item),
    }


def told_links(item: Correlated) -> dict[str, Any]:
    """A link under the names that lists of linked things have."""
    link = link_json(item)
    evidence = link["evidence"]
    return {
        **{name: value for name, value in link.items() if name != "isPrimary"},
        "isPrimaryLink": link["isPrimary"],
        "reasons": list(dict.fromkeys(piece["kind"] for piece in evidence)),
        "commands": [piece["detail"] for piece in evidence if piece["kind"] in _COMMANDS],
        "commitHashes": [piece["detail"] for piece in evidence if piece["kind"] == "commit_ref"],
    }


def usage_fields() -> Fields:
    return {**counts("tokens", *TOKEN_CLASSES, "sessionCount"), **money("cost")}


def link_fields(primary: str) -> Fields:
    piece = shape(
        "LinkEvidence",
        {"kind": serializers.CharField(), "detail": serializers.CharField(allow_blank=True)},
        {"weight": serializers.FloatField()},
        texts("meaning", "at"),
        unsure_counts("seq"),
        many=True,
    )
    return {
        "confidence": serializers.FloatField(min_value=0, max_value=1),
        "linkStrategy": serializers.CharField(
            allow_blank=True, help_text="The kind of the strongest evidence; empty where there is none."
        ),
        **flags(primary),
        "origin": serializers.ChoiceField(Link.Origin.choices, allow_null=True),
        "state": serializers.ChoiceField(Link.State.choices, allow_null=True),
        "evidence": piece,
        **texts("phase"),
        **text_lists("phases", "taskIds"),
        **money("cost"),
        **counts("tokens"),
    }


def correlation_shape() -> Any:
    return page(
        "CorrelationPage",
        shape(
            "Correlation",
            words("sessionId"),
            status_and_type(),
            {name: serializers.CharField(allow_blank=True) for name in ("featureId", "featureName")},
            unsure_counts("featureKey"),
            link_fields("isPrimary"),
            texts("commitHash", "model"),
            instants("startedAt", "endedAt"),
            many=True,
        ),
    )


def told_link_fields() -> Fields:
    return {**link_fields("isPrimaryLink"), **text_lists("reasons", "commands", "commitHashes")}


def linked_sessions_shape() -> Any:
    more = {
        **words("sessionId"),
        **texts("titleConfidence", "workflowType"),
        **flags("isSubthread"),
    }
    item = shape("LinkedSession", session_fields(), family_fields(), told_link_fields(), more, many=True)
    return page("LinkedSessionPage", item)


def linked_features_shape() -> Any:
    named = {**words("featureId", "featureName"), **counts("featureKey")}
    told = {"featureStatus": status_field()["status"], **texts("featureCategory", "featureUpdatedAt")}
    item = shape("LinkedFeature", named, told, progress_fields(), told_link_fields(), many=True)
    return page("LinkedFeaturePage", item)


def tasks_shape() -> Any:
    return page("TaskPage", shape("TaskItem", task_fields(), usage_fields(), many=True))


def task_shape() -> Any:
    return shape("Task", task_fields(), usage_fields(), task_detail_fields())


def features_shape() -> Any:
    fields = feature_fields(shape("PhaseItem", phase_fields(), many=True))
    return page("FeaturePage", shape("FeatureItem", fields, usage_fields(), many=True))


def feature_shape() -> Any:
    tasks = shape("PhaseTask", task_fields(), usage_fields(), many=True)
    phase = shape("Phase", phase_fields(), usage_fields(), {"tasks": tasks}, many=True)
    loose = {"tasksWithoutPhase": shape("PhaseTask", task_fields(), usage_fields(), many=True)}
    return shape("Feature", feature_fields(phase), usage_fields(), feature_detail_fields(), loose)
