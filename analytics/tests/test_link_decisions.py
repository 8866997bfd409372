"""What a person says of a link holds, is followed at once, and can be taken back."""

import pytest
from django.test import Client
from django.urls import reverse

from analytics.link_decisions import follow
from analytics.models import SessionUsage
from analytics.rollups import roll_up
from sessions.models import AgentSession
from tasks.deciding import decide
from tasks.linking import link_all
from tasks.models import Feature, Link, ServedSpan
from tasks.tests.test_linking import feature, of, project  # noqa: F401 (fixtures: a session and its plans)

pytestmark = pytest.mark.django_db
CLIENT = {"host": "localhost"}


def states(session: AgentSession) -> list[str]:
    made = Link.objects.filter(session=session, origin="manual").order_by("id")
    return list(made.values_list("state", flat=True))


def attributed(session: AgentSession) -> int:
    return SessionUsage.objects.filter(session=session, feature__isnull=False).count()


def test_what_is_unlinked_is_attributed_to_nothing_until_it_is_taken_back(feature: Feature) -> None:  # noqa: F811
    session = of()
    link_all()
    roll_up()
    assert attributed(session) > 0

    follow(session, feature, "unlinked")
    assert states(session) == ["unlinked"]
    assert attributed(session) == 0
    assert not ServedSpan.objects.filter(session=session).exclude(feature=None).exists()

    follow(session, feature, "automatic")
    assert states(session) == []
    assert Link.objects.filter(session=session, is_primary=True, origin="auto").count() == 1
    assert attributed(session) > 0


def test_a_second_pin_takes_the_place_of_the_first(feature: Feature) -> None:  # noqa: F811
    session = of()
    other = Feature.objects.create(
        project=feature.project, slug="other", canonical_slug="other", first_seen_at=feature.first_seen_at
    )
    follow(session, feature, "pinned")
    follow(session, other, "pinned")
    assert Link.objects.get(session=session, is_primary=True).feature == other
    assert sorted(states(session)) == ["linked", "pinned"]


def test_a_feature_of_another_project_is_refused(feature: Feature) -> None:  # noqa: F811
    session = of()
    session.project_id = None
    with pytest.raises(ValueError, match="another project"):
        decide(session, feature, Link.State.LINKED)


def test_the_form_decides_and_leads_back(feature: Feature) -> None:  # noqa: F811
    session = of()
    url = reverse("session-decide", args=[session.public_id])
    answer = Client(headers=CLIENT).post(url, {"feature": feature.pk, "decision": "unlinked"})
    assert answer.status_code == 302
    assert states(session) == ["unlinked"]
    page = Client(headers=CLIENT).get(answer["Location"])
    assert b"let the evidence decide" in page.content


@pytest.mark.parametrize(("decision", "status"), [("nonsense", 400), ("", 400)])
def test_the_form_refuses_what_is_no_decision(feature: Feature, decision: str, status: int) -> None:  # noqa: F811
    url = reverse("session-decide", args=[of().public_id])
    answer = Client(headers=CLIENT).post(url, {"feature": feature.pk, "decision": decision})
    assert answer.status_code == status
    assert states(of()) == []


def test_the_api_decides_and_names_what_it_does_not_know(feature: Feature) -> None:  # noqa: F811
    client, url = Client(headers=CLIENT), f"/api/sessions/{of().public_id}/links"
    body = {"featureId": feature.slug, "decision": "pinned"}
    answer = client.post(url, body, content_type="application/json")
    assert answer.json() == {"sessionId": of().public_id, "featureId": feature.slug, "state": "pinned"}
    again = client.post(url, body | {"decision": "automatic"}, content_type="application/json")
    assert again.json()["state"] is None
    for wrong, status, field in (
        (body | {"extra": 1}, 400, "extra"),
        (body | {"decision": "maybe"}, 400, "decision"),
        (body | {"featureId": "no-such"}, 404, None),
    ):
        refused = client.post(url, wrong, content_type="application/json")
        assert refused.status_code == status
        assert field is None or field in refused.json()["errors"]
