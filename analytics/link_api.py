"""A person's decisions about links, by API."""

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.link_decisions import DECISIONS, follow
from sessions import selectors
from sessions.models import AgentSession
from tasks.models import Feature, Link


class DecisionSerializer(serializers.Serializer[dict[str, str]]):
    """What a person says of a session and a feature; `automatic` takes an earlier decision back."""

    featureId = serializers.CharField(  # noqa: N815
        max_length=200, help_text="The slug of a feature of the session's project."
    )
    decision = serializers.ChoiceField(choices=DECISIONS)

    def to_internal_value(self, data: object) -> dict[str, str]:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            raise serializers.ValidationError({name: ["This field is not known here."] for name in unknown})
        read: dict[str, str] = super().to_internal_value(data)
        return read


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
        asked = DecisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        session = selectors.session(session_id)
        if session is None:
            raise NotFound("There is no session with this id.")
        feature = _feature(session, asked.validated_data["featureId"])
        follow(session, feature, asked.validated_data["decision"])
        made = session.links.filter(feature=feature, phase=None, task=None, origin=Link.Origin.MANUAL).first()
        state = made.state if made else None
        return Response({"sessionId": session.public_id, "featureId": feature.slug, "state": state})


def _feature(session: AgentSession, name: str) -> Feature:
    mine = Feature.objects.present().filter(project_id=session.project_id)
    found: Feature | None = mine.filter(Q(slug=name) | Q(canonical_slug=name)).order_by("slug").first()
    if found is None:
        raise NotFound("There is no feature with this id in the session's project.")
    return found
