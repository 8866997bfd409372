"""The API's answers about numbers. Every view reads its parameters, asks one selector and names the fields."""

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.metrics import (
    DIMENSIONS,
    LEGACY_METRIC_NAMES,
    METRICS,
    UnknownDimension,
    UnknownMetric,
    metric,
    series_dimension,
)
from analytics.number_exports import (
    POINT,
    breakdown_export,
    series_buckets,
    series_export,
    session_timeline,
)
from analytics.period_parameters import parse_period
from analytics.periods import BucketKind, Period, PeriodError
from analytics.selectors import BREAKDOWN_DIMENSIONS, breakdown, overview
from analytics.serializers import (
    BreakdownSerializer,
    OverviewSerializer,
    SeriesSerializer,
    breakdown_rows,
    figures,
    point,
    token_point,
    top_models,
)
from sessions.api_fields import MOMENT_SCHEMA, iso
from sessions.api_parameters import MAX_LIMIT, PageParameters, ProjectParameters, page_body
from sessions.exporting.downloads import (
    ExportableView,
    ExportParameters,
    as_list_or_file,
    file_format,
    file_response,
)

SERIES_PERIODS = (POINT, *(kind for kind in BucketKind if kind is not BucketKind.QUARTER_HOUR))
TIMELINE_METRIC = "session_tokens"


@extend_schema_field(MOMENT_SCHEMA)
class MomentField(serializers.CharField):
    """An ISO date or datetime; an empty one is as good as none."""


class PeriodParameters(ProjectParameters):
    """Which time and project an answer is about."""

    start = MomentField(
        required=False,
        allow_blank=True,
        help_text="ISO date or datetime; naive ones are in the zone of `tz`.",
    )
    end = MomentField(
        required=False, allow_blank=True, help_text="ISO date, that whole day included, or datetime."
    )
    tz = serializers.CharField(
        required=False, allow_blank=True, help_text="IANA name of the zone whose midnights cut days."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = {name: attrs.pop(name, None) for name in ("start", "end", "tz")}
        zone = ZoneInfo(settings.TELEMETRY_TIME_ZONE)
        try:
            attrs["within"] = parse_period(now=timezone.now(), default_zone=zone, **given)
        except PeriodError as error:
            raise ValidationError({name: [text] for name, text in error.errors.items()}) from None
        return attrs


@extend_schema_field({"type": "string", "enum": [*METRICS, *LEGACY_METRIC_NAMES]})
class MetricField(serializers.CharField):
    """The id of a metric, out of its own or its legacy name."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return metric(super().to_internal_value(data)).id
        except UnknownMetric as error:
            raise ValidationError(str(error)) from None


class SeriesParameters(PageParameters, PeriodParameters, ExportParameters):
    metric = MetricField(help_text="The id of a metric of the catalogue.")
    period = serializers.ChoiceField(
        SERIES_PERIODS, required=False, help_text="The width of a bucket; `point` for a session's timeline."
    )
    group_by = serializers.ChoiceField(
        [dimension.id for dimension in DIMENSIONS.values() if dimension.groups_series],
        required=False,
        help_text="A dimension that the metric can be split by; each point names its group.",
    )
    session_id = serializers.CharField(
        required=False, allow_blank=True, help_text="Whose timeline of tokens is asked for."
    )
    limit = serializers.IntegerField(
        min_value=1, max_value=MAX_LIMIT, default=500, help_text="How many points at most."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        session_id = attrs.get("session_id")
        attrs.setdefault("period", POINT if session_id else BucketKind.DAILY)
        if (attrs["period"] == POINT) != bool(session_id):
            raise ValidationError({"period": ["Period point and a session_id are asked for together."]})
        if session_id and attrs["metric"] != TIMELINE_METRIC:
            raise ValidationError({"metric": [f"A session's timeline is of {TIMELINE_METRIC}."]})
        group_by = attrs.get("group_by")
        if session_id and group_by:
            raise ValidationError({"group_by": ["A session's timeline has no groups."]})
        try:
            if group_by:
                series_dimension(METRICS[attrs["metric"]], group_by)
        except UnknownDimension as error:
            raise ValidationError({"group_by": [str(error)]}) from None
        return attrs


class BreakdownParameters(PageParameters, PeriodParameters, ExportParameters):
    dimension = serializers.ChoiceField(
        BREAKDOWN_DIMENSIONS,
        default="model",
        help_text="What to split by.",
        error_messages={
            "invalid_choice": f"“{{input}}” is no dimension; valid are {', '.join(BREAKDOWN_DIMENSIONS)}."
        },
    )
    sort = serializers.ChoiceField(
        ("count", "tokens", "cost", "name"),
        default="count",
        help_text="The largest first, names from a to z.",
    )


class OverviewView(APIView):
    @extend_schema(
        operation_id="analytics_overview", parameters=[PeriodParameters], responses=OverviewSerializer
    )
    def get(self, request: Request) -> Response:
        """The figures of a period, for one project or all, and of the period before it."""
        asked = PeriodParameters.of(request)
        within: Period = asked["within"]
        projects = asked["projects"]
        answer = overview(within, projects=projects)
        before = within.preceding()
        previous = figures(overview(before, projects=projects)) if before else None
        body = {
            "kpis": {**figures(answer), "previous": previous},
            "topModels": top_models(answer),
            "generatedAt": iso(timezone.now()),
            "range": {
                "start": None if within.starts_open else iso(within.start_at),
                "end": None if within.ends_open else iso(within.end_at),
            },
        }
        return Response(body)


class SeriesView(ExportableView):
    @extend_schema(
        operation_id="analytics_series",
        parameters=[SeriesParameters],
        responses=as_list_or_file(SeriesSerializer),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """A metric over time, ascending: a value per bucket, or per response of one session."""
        file = file_format(request)
        asked = SeriesParameters.of(request)
        if file:
            return file_response(series_export(asked), file)
        items, total = page_of_points(asked)
        return Response(page_body(items, total, asked))


def page_of_points(asked: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """The points of the page asked for, and how many the series has; only those of the page are written out."""
    projects, page = asked["projects"], slice(asked["offset"], asked["offset"] + asked["limit"])
    if asked["period"] == POINT:
        steps = session_timeline(asked, projects)
        return [token_point(step) for step in steps[page]], len(steps)
    points = series_buckets(asked, projects)
    return [point(at, asked.get("group_by")) for at in points[page]], len(points)


class BreakdownView(ExportableView):
    @extend_schema(
        operation_id="analytics_breakdown",
        parameters=[BreakdownParameters],
        responses=as_list_or_file(BreakdownSerializer),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """A period split by a dimension; the parts add up to the overview's totals."""
        file = file_format(request)
        asked = BreakdownParameters.of(request)
        if file:
            return file_response(breakdown_export(asked), file)
        projects = asked["projects"]
        rows = breakdown(asked["dimension"], asked["within"], projects=projects, sort=asked["sort"]).rows
        items = breakdown_rows(rows, asked["offset"], asked["limit"])
        return Response(page_body(items, len(rows), asked))
