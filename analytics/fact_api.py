"""The API's lists of the rows behind the numbers: model responses and tool calls."""

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import fact_json as shapes
from analytics.api import PeriodParameters
from analytics.facts import FactsAsked, call_facts, counted_calls, counted_responses, response_facts
from analytics.number_exports import days_told
from sessions.api_parameters import PageParameters, named_session, page_body
from sessions.exporting.definition import Export, columns_of, items_of
from sessions.exporting.downloads import (
    ExportableView,
    ExportParameters,
    as_list_or_file,
    file_format,
    file_response,
)
from sessions.models import ToolCall


class ResponseParameters(PageParameters, PeriodParameters, ExportParameters):
    session = serializers.CharField(
        required=False, allow_blank=True, max_length=300, help_text="Id of the session that counts it."
    )
    model = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="A model under the name that breakdowns give it.",
    )


class CallParameters(ResponseParameters):
    tool = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="A tool's whole name."
    )
    outcome = serializers.ChoiceField(
        ToolCall.Outcome.choices, required=False, help_text="How the call ended."
    )


def _facts_asked(asked: dict[str, Any]) -> FactsAsked:
    projects = asked["projects"]
    session = named_session(asked["session"], projects) if asked.get("session") else None
    narrower = {name: asked.get(name) or None for name in ("model", "tool", "outcome")}
    return FactsAsked(asked["within"], projects, session, **narrower)


def _about(asked: dict[str, Any]) -> tuple[str, ...]:
    narrower = (asked.get(name) or "" for name in ("project", "session", "model", "tool", "outcome"))
    return (*days_told(asked["within"]), *narrower)


def response_export(asked: dict[str, Any]) -> Export:
    """Every response that `ResponseParameters` let through. Raises NotFound for an unknown project or session."""
    found = counted_responses(_facts_asked(asked))
    return Export(
        name="responses",
        columns=columns_of(shapes.responses_shape().fields["items"]),
        items=items_of(found, lambda keys: map(shapes.response_json, response_facts(keys))),
        count=found.count,
        about=_about(asked),
    )


def call_export(asked: dict[str, Any]) -> Export:
    """Every tool call that `CallParameters` let through. Raises NotFound for an unknown project or session."""
    found = counted_calls(_facts_asked(asked))
    return Export(
        name="tool-calls",
        columns=columns_of(shapes.calls_shape().fields["items"]),
        items=items_of(found, lambda keys: map(shapes.call_json, call_facts(keys))),
        count=found.count,
        about=_about(asked),
    )


class ResponseListView(ExportableView):
    @extend_schema(
        operation_id="responses",
        parameters=[ResponseParameters],
        responses=as_list_or_file(shapes.responses_shape()),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Model responses as they count, by time: the rows that tokens and cost of the same filter are summed from."""
        file = file_format(request)
        asked = ResponseParameters.of(request)
        if file:
            return file_response(response_export(asked), file)
        found = counted_responses(_facts_asked(asked))
        facts = response_facts(_page_keys(found, asked))
        return Response(
            page_body([shapes.floats(shapes.response_json(fact)) for fact in facts], found.count(), asked)
        )


class ToolCallListView(ExportableView):
    @extend_schema(
        operation_id="tool_calls",
        parameters=[CallParameters],
        responses=as_list_or_file(shapes.calls_shape()),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Tool calls as they count, by time, with outcome, duration and the line each stands on."""
        file = file_format(request)
        asked = CallParameters.of(request)
        if file:
            return file_response(call_export(asked), file)
        found = counted_calls(_facts_asked(asked))
        facts = call_facts(_page_keys(found, asked))
        return Response(page_body([shapes.call_json(fact) for fact in facts], found.count(), asked))


def _page_keys(found: Any, asked: dict[str, Any]) -> list[int]:
    return list(found.values_list("pk", flat=True)[asked["offset"] : asked["offset"] + asked["limit"]])
