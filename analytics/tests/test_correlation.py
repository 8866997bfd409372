"""Which sessions served which features: one item per link, with its evidence, its parts and its share of the cost."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.correlation import CorrelationAsked, correlation
from analytics.periods import ALL_TIME_END, ALL_TIME_START, Period
from analytics.selectors import breakdown, overview
from analytics.sums import Usage
from analytics.tests.passkey_plans import project_with_plans
from sessions.models import AgentSession
from sessions.tests import samples as s
from tasks.models import Feature, Link
from telemetry_site.tests.filled import Kept

pytestmark = pytest.mark.django_db

EVER = Period(ALL_TIME_START, ALL_TIME_END, ZoneInfo("UTC"))
URL = "/api/analytics/correlation"
SLUG = "passkey-login-v1"


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


@pytest.fixture(autouse=True, scope="class")
def plans(request: pytest.FixtureRequest, kept: Kept) -> Path:
    return kept.fill(request, project_with_plans)


def items(client: Client, **asked: Any) -> list[dict[str, Any]]:
    response = client.get(URL, asked)
    assert response.status_code == 200, response.content
    body: dict[str, Any] = response.json()
    assert body["total"] >= len(body["items"])
    found: list[dict[str, Any]] = body["items"]
    return found


def other_feature(confidence: float = 0.7, **more: Any) -> Link:
    """A second feature of the project, and a link of session `a` to it."""
    session = AgentSession.objects.get(public_id=s.uid("a"))
    feature = Feature.objects.create(
        project=Feature.objects.get().project,
        slug="billing",
        name="Billing",
        first_seen_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    return Link.objects.create(id=77, session=session, feature=feature, confidence=confidence, **more)


def test_newest_first_with_and_without_a_link(client: Client) -> None:
    unlinked, linked = items(client)
    assert (unlinked["sessionId"], linked["sessionId"]) == (s.uid("b"), s.uid("a"))
    assert (unlinked["featureId"], unlinked["featureName"], unlinked["linkStrategy"]) == ("", "", "")
    assert (unlinked["confidence"], unlinked["isPrimary"], unlinked["evidence"]) == (0, False, [])
    assert unlinked["tokens"] == 10


def test_a_link_says_why(client: Client) -> None:
    linked = items(client)[1]
    assert (linked["featureId"], linked["featureName"]) == (SLUG, "Passkey login")
    assert linked["confidence"] >= 0.9
    assert linked["linkStrategy"] == "command_path"
    assert linked["isPrimary"] is True
    assert set(linked["phases"]) == {"1", "2"}
    assert linked["phase"] in linked["phases"]
    strongest = linked["evidence"][0]
    assert (strongest["kind"], strongest["meaning"]) == (
        "command_path",
        "a slash command was given the plan's path",
    )
    assert strongest["weight"] > 0


def test_items_of_one_link_each_share_the_whole(client: Client) -> None:
    found = items(client)
    whole = overview(EVER).usage
    assert sum(item["tokens"] for item in found) == whole.tokens
    assert whole.cost_usd is not None
    assert sum(item["cost"] for item in found) == pytest.approx(float(whole.cost_usd), abs=1e-6)


def test_a_session_has_an_item_per_feature_the_main_one_first(client: Client) -> None:
    other_feature()
    found = items(client, session=s.uid("a"))
    assert [(item["featureId"], item["isPrimary"]) for item in found] == [(SLUG, True), ("billing", False)]
    assert found[1]["tokens"] == 0  # no response was made for it
    assert len(items(client)) == 3


def test_what_a_person_unlinked_is_no_link(client: Client) -> None:
    other_feature(state=Link.State.UNLINKED, origin=Link.Origin.MANUAL)
    Link.objects.filter(feature__slug=SLUG).update(state=Link.State.UNLINKED, is_primary=False)
    assert [item["featureId"] for item in items(client)] == ["", ""]


@pytest.mark.parametrize(
    ("asked", "features"),
    [
        ({"feature": SLUG}, [SLUG]),
        ({"feature": "billing"}, ["billing"]),
        ({"min_confidence": 0.8}, [SLUG]),
        ({"min_confidence": 0.01}, [SLUG, "billing"]),
        ({"project": "nowhere-else"}, None),
        ({"start": "2026-03-02"}, [""]),
        ({"end": "2026-03-01"}, [SLUG, "billing"]),
        ({"start": "2027-01-01", "end": "2027-01-02"}, []),
    ],
)
def test_filters(client: Client, asked: dict[str, Any], features: list[str] | None) -> None:
    other_feature()
    if features is None:
        assert client.get(URL, asked).status_code == 404
    else:
        assert [item["featureId"] for item in items(client, **asked)] == features


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"feature": "nothing"}, 404),
        ({"session": "nobody"}, 404),
        ({"min_confidence": "2"}, 400),
        ({"min_confidence": "high"}, 400),
        ({"offset": "-1"}, 400),
        ({"limit": "1001"}, 400),
        ({"colour": "red"}, 400),
        ({"start": "yesterday"}, 400),
    ],
)
def test_what_cannot_be_is_refused(client: Client, asked: dict[str, str], status: int) -> None:
    assert client.get(URL, asked).status_code == status


def test_pages_hold_every_item_once(client: Client) -> None:
    other_feature()
    whole = items(client)
    pages = [client.get(URL, {"offset": n, "limit": 1}).json() for n in range(4)]
    assert [page["total"] for page in pages] == [3, 3, 3, 3]
    assert [item for page in pages for item in page["items"]] == whole


def test_the_number_of_queries_is_fixed() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            correlation(CorrelationAsked(EVER))
        return len(seen)

    few = queries()
    session = AgentSession.objects.get(public_id=s.uid("a"))
    project = Feature.objects.get().project
    for n in range(5):
        feature = Feature.objects.create(
            project=project, slug=f"f{n}", name=f"F{n}", first_seen_at=datetime(2026, 3, 1, tzinfo=UTC)
        )
        Link.objects.create(id=n, session=session, feature=feature, confidence=0.5)
    assert queries() == few


@pytest.mark.parametrize("dimension", ["feature", "phase", "task"])
def test_parts_and_the_rest_are_the_whole(client: Client, dimension: str) -> None:
    split = breakdown(dimension, EVER)
    assert split.whole == overview(EVER).usage
    body = client.get("/api/analytics/breakdown", {"dimension": dimension}).json()
    assert sum(row["tokens"] for row in body["items"]) == split.whole.tokens
    assert {row["name"] for row in body["items"]} >= {"(unattributed)"}


def test_a_session_is_split_where_its_work_changes() -> None:
    by_phase = {row.name: row.usage or Usage() for row in breakdown("phase", EVER).rows}
    assert {name: usage.output_tokens for name, usage in by_phase.items()} == {
        f"{SLUG}/1": 100,
        f"{SLUG}/2": 50,
        "(unattributed)": 7,
    }
