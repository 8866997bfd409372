"""Tasks and features as exports: the fields of the API's lists, with what each of them cost to the nano-dollar."""

from collections.abc import Iterator
from typing import Any

from analytics import plan_json as shapes
from analytics.serializers import exact_cost
from analytics.sums import Usage
from sessions.exporting.definition import Export, Item, columns_of, in_order, items_of
from tasks.exports import about_plans
from tasks.filters import filtered_features, filtered_tasks
from tasks.models import Feature, ProjectTask
from tasks.representation import feature_json, parts_of, task_json

TASK_PARTS = ("project", "document", "feature", "phase")
_FIRST = ("project", "status", "statusRaw", "startedAt", "completedAt", "cost", "tokens", "sessionCount")
_NOTHING = shapes.usage_json(Usage(), 0, exact_cost)


def task_export(asked: dict[str, Any]) -> Export:
    """Every task that `TaskParameters` let through. Raises NotFound for an unknown project."""
    found = filtered_tasks(asked)
    return Export(
        name="tasks",
        columns=columns_of(shapes.tasks_shape().fields["items"], first=("id", "rawId", "title", *_FIRST)),
        items=items_of(found, _tasks),
        count=found.count,
        about=about_plans(asked),
    )


def _tasks(keys: list[int]) -> Iterator[Item]:
    tasks = in_order(ProjectTask.objects.filter(pk__in=keys).select_related(*TASK_PARTS), keys)
    used = shapes.usage_by("task", keys, exact_cost)
    return (task_json(task) | used.get(task.pk, _NOTHING) for task in tasks)


def feature_export(asked: dict[str, Any]) -> Export:
    """Every feature that `FeatureParameters` let through. Raises NotFound for an unknown project."""
    found = filtered_features(asked)
    return Export(
        name="features",
        columns=columns_of(shapes.features_shape().fields["items"], first=("id", "name", *_FIRST)),
        items=items_of(found, _features),
        count=found.count,
        about=about_plans(asked),
    )


def _features(keys: list[int]) -> Iterator[Item]:
    features = in_order(Feature.objects.filter(pk__in=keys).select_related("project"), keys)
    parts, used = parts_of(features), shapes.usage_by("feature", keys, exact_cost)
    return (feature_json(feature, parts) | used.get(feature.pk, _NOTHING) for feature in features)
