"""The API's answers about planned work and what it cost: links, features, tasks."""

from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics import plan_json as shapes
from analytics.api import PeriodParameters
from analytics.correlation import CorrelationAsked, CorrelationPage, correlation
from analytics.periods import ALL_TIME_END, ALL_TIME_START, Period
from analytics.plan_exports import TASK_PARTS, feature_export, task_export
from sessions.api_parameters import PageParameters, ProjectParameters, named_session, page_body
from sessions.date_bounds import reporting_zone
from sessions.exporting.downloads import ExportableView, as_list_or_file, file_format, file_response
from sessions.representation import public_ids
from sessions.scope import Projects, in_projects, readable_projects
from sessions.selectors import session_rows
from tasks.api_parameters import FeatureParameters, TaskParameters
from tasks.filters import features_named, filtered_features, filtered_tasks, is_key
from tasks.models import Feature, ProjectTask
from tasks.representation import (
    feature_details,
    feature_json,
    parts_of,
    task_details,
    task_json,
)


class CorrelationParameters(PageParameters, PeriodParameters):
    feature = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="Slug or key of a feature."
    )
    session = serializers.CharField(
        required=False, allow_blank=True, max_length=300, help_text="Id of a session."
    )
    min_confidence = serializers.FloatField(
        min_value=0, max_value=1, default=0.0, help_text="Above 0, sessions without a link are left out."
    )


class CorrelationView(APIView):
    @extend_schema(
        operation_id="analytics_correlation",
        parameters=[CorrelationParameters],
        responses=shapes.correlation_shape(),
    )
    def get(self, request: Request) -> Response:
        """Sessions that began in a period, newest first, one item per feature they served, with the evidence."""
        asked = CorrelationParameters.of(request)
        found = correlation(_links_asked(asked), offset=asked["offset"], limit=asked["limit"])
        now = timezone.now()
        return Response(
            page_body([shapes.correlation_json(item, now) for item in found.items], found.total, asked)
        )


def _links_asked(asked: dict[str, Any]) -> CorrelationAsked:
    projects = asked["projects"]
    feature_ids = None
    if asked.get("feature"):
        feature_ids = list(features_named(asked["feature"], projects).values_list("pk", flat=True))
        if not feature_ids:
            raise NotFound("There is no feature with this slug or key.")
    return CorrelationAsked(
        period=asked["within"],
        projects=projects,
        session_id=named_session(asked["session"], projects).pk if asked.get("session") else None,
        feature_ids=feature_ids,
        min_confidence=asked["min_confidence"],
    )


class TaskListView(ExportableView):
    @extend_schema(
        operation_id="tasks", parameters=[TaskParameters], responses=as_list_or_file(shapes.tasks_shape())
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Tasks that stand in plans, in the order of their plans, with what was used for each."""
        file = file_format(request)
        asked = TaskParameters.of(request)
        if file:
            return file_response(task_export(asked), file)
        found = filtered_tasks(asked)
        offset, limit = asked["offset"], asked["limit"]
        return Response(page_body(_tasks_json(found[offset : offset + limit]), found.count(), asked))


def _tasks_json(rows: Any) -> list[dict[str, Any]]:
    tasks = list(rows.select_related(*TASK_PARTS))
    used = shapes.usage_by("task", [task.pk for task in tasks])
    return [task_json(task) | used.get(task.pk, shapes.NOTHING_USED) for task in tasks]


class TaskView(APIView):
    @extend_schema(operation_id="task", parameters=[ProjectParameters], responses=shapes.task_shape())
    def get(self, request: Request, task_id: str) -> Response:
        """One task with how its status changed; by its id, or as its plan writes it where that is clear."""
        asked = ProjectParameters.of(request)
        task = _named_task(task_id, asked["projects"])
        used = shapes.usage_by("task", [task.pk]).get(task.pk, shapes.NOTHING_USED)
        return Response(task_json(task) | used | task_details(task))


def _named_task(name: str, projects: Projects) -> ProjectTask:
    rows: Any = ProjectTask.objects.select_related(*TASK_PARTS)
    rows = rows.filter(in_projects(projects))
    found = rows.filter(pk=int(name)).first() if is_key(name) else None
    named: list[ProjectTask] = [found] if found else list(rows.present().filter(raw_id=name)[:2])
    if not named:
        raise NotFound("There is no task with this id.")
    if len(named) > 1:
        raise ValidationError({"task_id": ["Several plans have a task of this name; ask for it by its id."]})
    return named[0]


class FeatureListView(ExportableView):
    @extend_schema(
        operation_id="features",
        parameters=[FeatureParameters],
        responses=as_list_or_file(shapes.features_shape()),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Features by name, with their phases, documents and what was used for each."""
        file = file_format(request)
        asked = FeatureParameters.of(request)
        if file:
            return file_response(feature_export(asked), file)
        found = filtered_features(asked)
        offset, limit = asked["offset"], asked["limit"]
        features = list(found.select_related("project")[offset : offset + limit])
        parts, used = parts_of(features), shapes.usage_by("feature", [f.pk for f in features])
        items = [feature_json(f, parts) | used.get(f.pk, shapes.NOTHING_USED) for f in features]
        return Response(page_body(items, found.count(), asked))


class FeatureView(APIView):
    @extend_schema(operation_id="feature", parameters=[ProjectParameters], responses=shapes.feature_shape())
    def get(self, request: Request, feature_id: str) -> Response:
        """One feature with its phases and their tasks, and what was used for each."""
        asked = ProjectParameters.of(request)
        feature = named_feature(feature_id, asked["projects"])
        body = feature_json(feature, parts_of([feature]))
        used = shapes.usage_by("feature", [feature.pk]).get(feature.pk, shapes.NOTHING_USED)
        tasks = _tasks_json(filtered_tasks({}).filter(feature_id=feature.pk))
        by_phase = shapes.usage_by("phase", [int(phase["id"]) for phase in body["phases"]])
        for phase in body["phases"]:
            phase |= by_phase.get(int(phase["id"]), shapes.NOTHING_USED)
            phase["tasks"] = [task for task in tasks if task["phaseId"] == phase["id"]]
        known = {phase["id"] for phase in body["phases"]}
        loose = {"tasksWithoutPhase": [task for task in tasks if task["phaseId"] not in known]}
        return Response(body | used | feature_details(feature) | loose)


def named_feature(name: str, projects: Projects) -> Feature:
    """The feature of a slug or key. Raises NotFound, or ValidationError where several projects have the slug."""
    rows = features_named(name, projects).select_related("project")
    found = list(rows.order_by("removed_at", "pk"))
    present = [feature for feature in found if feature.removed_at is None] or found
    if not present:
        raise NotFound("There is no feature with this slug or key.")
    if len(present) > 1:
        raise ValidationError(
            {"project": ["Several projects have a feature of this slug; name one of them."]}
        )
    return present[0]


class LinkedParameters(PageParameters, ProjectParameters):
    pass


class LinkedSessionsView(APIView):
    @extend_schema(
        operation_id="feature_linked_sessions",
        parameters=[LinkedParameters],
        responses=shapes.linked_sessions_shape(),
    )
    def get(self, request: Request, feature_id: str) -> Response:
        """Sessions that served a feature, the surest first, and why each is thought to have."""
        asked = LinkedParameters.of(request)
        feature = named_feature(feature_id, asked["projects"])
        readable = readable_projects(request)
        narrowed = {"projects": readable, "feature_ids": [feature.pk]}
        found = _linked(asked, **narrowed, surest_first=True, whole_sessions=True)
        sessions = [item.session for item in found.items]
        rows = session_rows(sessions, now=timezone.now(), projects=readable)
        names = public_ids(sessions, projects=readable)
        items = [
            shapes.linked_session_json(item, row, names) for item, row in zip(found.items, rows, strict=True)
        ]
        return Response(page_body(items, found.total, asked))


class LinkedFeaturesView(APIView):
    @extend_schema(
        operation_id="session_linked_features",
        parameters=[LinkedParameters],
        responses=shapes.linked_features_shape(),
    )
    def get(self, request: Request, session_id: str) -> Response:
        """Features that a session served, its main one first, and why each is thought to be."""
        asked = LinkedParameters.of(request)
        projects = asked["projects"]
        session = named_session(session_id, projects)
        found = _linked(asked, projects=projects, session_id=session.pk, only_linked=True)
        features = [item.feature for item in found.items if item.feature]
        counted = parts_of(features).counts
        items = [
            shapes.linked_feature_json(item, item.feature, counted.get(item.feature.pk, {}))
            for item in found.items
            if item.feature
        ]
        return Response(page_body(items, found.total, asked))


def _linked(asked: dict[str, Any], **more: Any) -> CorrelationPage:
    ever = Period(ALL_TIME_START, ALL_TIME_END, reporting_zone())
    return correlation(CorrelationAsked(ever, **more), offset=asked["offset"], limit=asked["limit"])
