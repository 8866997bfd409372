"""The API's answer to a search."""

from dataclasses import replace

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.search.forms import KINDS, SearchForm
from analytics.search.selectors import search
from analytics.search.serializers import search_json, search_shape
from sessions.api_parameters import cleaned, form_parameters, named_session, projects_of, refuse_unknown

_WORDS = OpenApiParameter("q", str, required=True, description=str(SearchForm.base_fields["q"].help_text))
_A_KIND = rf"\s*({'|'.join(KINDS)})?\s*"
_KIND = OpenApiParameter(
    "kind",
    {"type": "string", "maxLength": 200, "pattern": f"^{_A_KIND}(,{_A_KIND})*$"},
    description=str(SearchForm.base_fields["kind"].help_text),
)
_OWN = {"q": _WORDS, "kind": _KIND}
_PARAMETERS = [*_OWN.values(), *(known for known in form_parameters(SearchForm) if known.name not in _OWN)]


class SearchView(APIView):
    @extend_schema(operation_id="search", parameters=_PARAMETERS, responses=search_shape())
    def get(self, request: Request) -> Response:
        """Words in prompts, answers, thinking, tool calls and results, titles and plans, best or newest first."""
        given = request.query_params
        refuse_unknown(given, SearchForm.base_fields)
        projects = projects_of(request, given.get("project", "").strip())
        if name := given.get("session", "").strip():
            named_session(name, projects)
        form = SearchForm(given)
        cleaned(form)
        asked = form.asked()
        if asked is None:
            raise ValidationError({"q": ["Give at least one word to look for."]})
        asked = replace(asked, filters=replace(asked.filters, projects=projects))
        return Response(search_json(search(asked, now=timezone.now()), asked.offset, asked.limit))
