"""A person's decisions about links, by API."""

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.link_decisions import DECISIONS, follow
from sessions.acts import tell
from sessions.api_parameters import Body, named_session
from sessions.models import AgentSession
from sessions.scope import readable_projects
from tasks.models import Feature, Link


class DecisionSerializer(Body):
    """What a person says of a session and a feature; `automatic` takes an earlier decision back."""

    featureId = serializers.CharField(  # noqa: N815
        max_length=200, help_text="The slug of a feature of the session's project."
    )
    decision = serializers.ChoiceField(choices=DECISIONS)


class DecidedSerializer(serializers.Serializer[dict[str, str]]):
    """The decision as it stands now; `state` is null when none is left."""

    sessionId = serializers.CharField()  # noqa: N815
    featureId = serializers.CharField()  # noqa: N815
    state = serializers.ChoiceField(choices=Link.State.choices, allow_null=True)


class LinkDecisionView(APIView):
    @extend_schema(
        operation_id="session_link_decide", request=DecisionSerializer, responses={200: DecidedSerializer}
    )
    def post(self, request: Request, session_id: str) -> Response:
        """Link, unlink or pin a session to a feature of its project, or let the evidence decide again."""
        asked = DecisionSerializer.of(request)
        session = named_session(session_id, readable_projects(request))
        feature = _feature(session, asked["featureId"])
        tell(request, f"{session.public_id} and {feature}: {asked['decision']}", session.project)
        follow(session, feature, asked["decision"])
        made = session.links.filter(feature=feature, phase=None, task=None, origin=Link.Origin.MANUAL).first()
        state = made.state if made else None
        return Response({"sessionId": session.public_id, "featureId": feature.slug, "state": state})


def _feature(session: AgentSession, name: str) -> Feature:
    mine = Feature.objects.present().filter(project_id=session.project_id)
    found: Feature | None = mine.filter(Q(slug=name) | Q(canonical_slug=name)).order_by("slug").first()
    if found is None:
        raise NotFound("There is no feature with this id in the session's project.")
    return found
