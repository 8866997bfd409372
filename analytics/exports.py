"""Every list that can leave as a file, by the name of its rows: what it reads, and what it makes of it."""

from collections.abc import Callable
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from analytics.api import BreakdownParameters, SeriesParameters
from analytics.fact_api import CallParameters, ResponseParameters, call_export, response_export
from analytics.number_exports import breakdown_export, series_export
from analytics.plan_exports import feature_export, task_export
from sessions.api import refuse_unknown_names
from sessions.api_parameters import Parameters, cleaned, refuse_unknown
from sessions.exporting.definition import Export
from sessions.exporting.sessions import session_export
from sessions.forms import SessionFilterForm
from tasks.api_parameters import DocumentParameters, FeatureParameters, TaskParameters
from tasks.exports import document_export

_BUILDERS: dict[str, tuple[type[Parameters], Callable[[dict[str, Any]], Export]]] = {
    "responses": (ResponseParameters, response_export),
    "tool-calls": (CallParameters, call_export),
    "tasks": (TaskParameters, task_export),
    "features": (FeatureParameters, feature_export),
    "documents": (DocumentParameters, document_export),
    "series": (SeriesParameters, series_export),
    "breakdown": (BreakdownParameters, breakdown_export),
}
EXPORTS = ("sessions", *_BUILDERS)


def export_asked(name: str, given: dict[str, str]) -> Export:
    """The export of these rows under the parameters of their list in the API.

    Raises ValidationError with a sentence for each parameter that is wrong or unknown, NotFound for a project or
    session that is not there.
    """
    query = QueryDict(mutable=True)
    query.update(given)
    if name != "sessions":
        parameters, build = _BUILDERS[name]
        return build(parameters.read(query))
    refuse_unknown(query, SessionFilterForm.base_fields)
    form = SessionFilterForm(query)
    refuse_unknown_names(cleaned(form), None)  # an unknown project is an error, not an empty file
    return session_export(form, now=timezone.now())
