"""The pages of planned work as a browser gets them: true figures, nothing lost, hostile text harmless."""

import re
from datetime import date
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.models import SessionUsage
from analytics.periods import Period
from analytics.plans.active_time import active_seconds
from analytics.plans.board import feature_board
from analytics.plans.feature_page import feature_page
from analytics.plans.served import served
from analytics.plans.task_pages import task_list
from analytics.selectors import breakdown, overview
from analytics.tests import planned
from sessions.models import AgentSession
from tasks.models import ChecklistItem, Feature, Link, PlanProblem, PlanRoot, PlanSettings, UnknownStatus
from telemetry_site.tests.filled import Kept

pytestmark = pytest.mark.django_db

UTC_ZONE = ZoneInfo("UTC")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client() -> Client:
    """A browser on this machine; hosts that are not served are refused."""
    return Client(headers={"host": "localhost"})


@pytest.fixture(scope="class")
def planned_work(request: pytest.FixtureRequest, kept: Kept) -> None:
    kept.fill(request, plan_and_work)


@pytest.fixture
def engine(planned_work: None, db: None) -> Feature:
    return Feature.objects.get()


def plan_and_work(folder: Path) -> None:
    """A feature of two phases and four tasks. Session a serves its first phase, then nothing planned; session b its
    second phase; session c nothing."""
    sessions = planned.read_sessions(folder, "a", "b", "c")
    place = planned.document(status="done", status_raw="completed")
    made = planned.feature(status="in-progress", status_raw="doing")
    first, second = planned.phase(made, "1", status="done"), planned.phase(made, "2")
    one = planned.task(made, place, "T-1", "done", phase=first, estimate_hours=2, estimate_raw="2 h")
    planned.task(made, place, "T-2", "deferred", phase=first, status_raw="later")
    planned.task(made, place, "T-3", "in-progress", phase=second, estimate_hours=3, owner="grace")
    planned.task(made, place, "T-4", "done", completed_on=None)
    place.feature = made
    place.save()
    planned.serve(sessions["a"], (0, {"feature": made, "phase": first, "task": one}), (8, {}))
    planned.serve(sessions["b"], (0, {"feature": made, "phase": second}))
    planned.link(sessions["a"], feature=made, is_primary=True)
    planned.link(sessions["a"], 0.8, feature=made, phase=first, task=one)
    planned.link(sessions["b"], 0.6, feature=made)
    planned.link(sessions["b"], 0.5, document=place)
    planned.count_again()


def session_of(name: str) -> AgentSession:
    return AgentSession.objects.get(title=f"Work on {name}")


def text_of(response: Any) -> str:
    body = re.sub(r"<script.*?</script>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def seen(client: Client, address: str, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200, response.content[:500]
    return text_of(response)


def links_in(client: Client, address: str) -> set[str]:
    page = client.get(address).content.decode()
    return {unescape(href) for href in re.findall(r'(?:href|hx-get)="(/[^"]*|\?[^"]*)"', page)}


def everything() -> Period:
    sessions = AgentSession.objects.order_by("started_at")
    first, last = sessions.first(), sessions.last()
    assert first and last and first.started_at and last.ended_at
    return Period(first.started_at, last.ended_at, UTC_ZONE)


def test_the_board_adds_up_to_everything(engine: Feature) -> None:
    board = feature_board()
    whole = overview(everything()).usage
    assert board.whole.work.usage == whole
    assert board.shown.work.usage + board.unattributed.work.usage == whole
    told = {row.name: row.usage for row in breakdown("feature", everything()).rows}
    assert told == {
        engine.slug: board.rows[0].work.usage,
        "(unattributed)": board.unattributed.work.usage,
    }
    assert board.rows[0].work.usage.responses == 3
    assert board.unattributed.work.usage.responses == 3


def test_what_filters_leave_out_is_still_in_the_sum(engine: Feature) -> None:
    planned.feature("brakes", status="blocked")
    board = feature_board(status="blocked")
    assert [row.name for row in board.rows] == ["Brakes"]
    assert board.hidden
    assert board.hidden.work.usage + board.unattributed.work.usage == board.whole.work.usage
    assert [row.name for row in feature_board(q="ENGI").rows] == [engine.name]


def test_the_board_says_how_far_a_feature_is_and_what_it_cost(client: Client, engine: Feature) -> None:
    page = client.get("/features").content.decode()
    cost = feature_board().rows[0].work.cost_usd
    assert "3 of 4 tasks are done or deferred" in page
    assert f'value="{cost}"' in page
    assert "(unattributed)" in page
    assert client.get("/features?view=list").content.decode().count(f'value="{cost}"') >= 1


@pytest.mark.parametrize(
    ("sort", "first"), [("cost", "Engine"), ("progress", "Brakes"), ("recent", "Brakes")]
)
def test_features_are_sorted(engine: Feature, sort: str, first: str) -> None:
    brakes = planned.feature("brakes", updated_on="2026-04-01")
    planned.task(brakes, planned.document("docs/plans/brakes.md"), "B-1", "done")
    assert next(row.name for row in feature_board(sort=sort).rows) == first


def test_without_plans_the_page_says_where_they_are_looked_for(client: Client) -> None:
    for address in ("/features", "/tasks", "/documents"):
        page = seen(client, address)
        assert "docs/project_plans" in page
        assert "manage.py sync --plans DIR" in page


def test_a_filter_that_is_not_understood_is_said(client: Client, engine: Feature) -> None:
    assert "There is no project “nowhere”. This filter is left out." in seen(
        client, "/features?project=nowhere"
    )
    assert "Engine" in seen(client, "/features?status=nonsense")
    assert "This filter is left out" in seen(client, "/tasks?completed_from=yesterday")
    assert client.get("/documents?q=%00&type=%F0%9F%98%80").status_code == 200


def test_phases_add_up_to_the_feature(engine: Feature) -> None:
    found = feature_page(engine, zone=UTC_ZONE)
    assert [row.phase.token if row.phase else "" for row in found.phases] == ["1", "2", ""]
    assert [row.work.usage.responses for row in found.phases] == [1, 2, 0]
    assert sum(row.work.usage.cost_nano_usd or 0 for row in found.phases) == found.work.usage.cost_nano_usd
    assert sum(row.work.tools.calls for row in found.phases) == found.work.tools.calls
    assert [len(row.tasks) for row in found.phases] == [2, 1, 1]
    assert found.phases[0].tasks[0].work.usage.responses == 1


def test_the_figures_of_a_feature(engine: Feature) -> None:
    found = feature_page(engine, zone=UTC_ZONE)
    assert (found.work.sessions, found.progress.percent) == (2, 75)
    assert found.work.cost_usd is not None
    assert found.cost_per_task == found.work.cost_usd / 3
    assert found.rework is None
    engine.completed_on = session_of("a").started_at.date()  # type: ignore[union-attr]
    rework = feature_page(engine, zone=UTC_ZONE).rework
    assert rework is not None
    assert rework.responses == 2  # session b came a day later
    assert [(row.unit, row.tasks, row.estimated, row.complete) for row in found.estimates] == [
        ("hours", 2, 5, 2)
    ]
    assert found.course is not None
    drawn = found.course.chart["datasets"][0]["data"]
    assert sum(value or 0 for value in drawn) == pytest.approx(float(found.work.cost_usd))


def test_active_time_is_shared_out_at_the_moments_of_change(engine: Feature) -> None:
    whole = {name: session_of(name).active_seconds for name in "ab"}
    assert whole == {"a": 10, "b": 10}
    # Of session a, the gap from its seventh to its ninth second began while it still served the feature.
    assert active_seconds(engine.pk) == 9 + 10
    assert active_seconds(planned.feature("idle").pk) is None


def test_a_feature_page_shows_sessions_with_their_reasons(client: Client, engine: Feature) -> None:
    address = reverse("feature-detail", args=[engine.pk])
    page = seen(client, address)
    assert "mainly this" in page
    assert "A prompt names a task by its id" in page
    evidence = next(link for link in links_in(client, address) if "#entry-" in link)
    anchor = evidence.partition("#")[2]
    assert f'id="{anchor}"' in client.get(evidence).content.decode()


def test_open_tasks_are_forecast_only_from_enough_finished_ones(client: Client, engine: Feature) -> None:
    address = reverse("feature-detail", args=[engine.pk])
    assert "too little to go on" in seen(client, address)


def test_tasks_are_filtered(engine: Feature) -> None:
    def ids(**filters: Any) -> list[str]:
        return [row.task.raw_id for row in task_list(filters).page.object_list]

    assert sorted(ids()) == ["T-1", "T-2", "T-3", "T-4"]
    assert ids(owner="GRACE") == ids(status="open") == ids(phase="2") == ["T-3"]
    assert sorted(ids(status="complete")) == ["T-1", "T-2", "T-4"]
    assert ids(q="t-2") == ["T-2"]
    assert ids(completed_from=date(2026, 3, 1), completed_to=date(2026, 3, 2)) == ["T-1"]
    assert ids(feature="other") == []
    assert (task_list({}).undated, task_list({}).progress.complete) == (2, 3)


def test_tasks_cost_what_names_them(client: Client, engine: Feature) -> None:
    spent = SessionUsage.objects.filter(task__raw_id="T-1")
    assert task_list({}).usage.responses == len(spent) == 1
    row = spent.get()
    page = client.get(reverse("task-detail", args=[row.task_id])).content.decode()
    assert f'value="{Decimal(row.cost_nano_usd or 0) / 10**9}"' in page
    assert "high confidence, task" in page


def test_documents_show_text_problems_and_unknown_words(client: Client, engine: Feature) -> None:
    place = engine.documents.get()
    PlanProblem.objects.create(
        root=place.root,
        document=place,
        path=place.path,
        line=3,
        reason="broken_yaml",
        detail="A colon is missing.",
    )
    UnknownStatus.objects.create(document=place, where="task", word="simmering", count=2)
    ChecklistItem.objects.create(document=place, position=0, line=9, text="Fill the tank", is_done=True)
    listed = seen(client, "/documents?status=done&type=prd")
    assert "A colon is missing." in listed
    assert "“simmering” task 2 1" in listed
    response = client.get(reverse("document-detail", args=[place.pk]))
    assert "<strong>work</strong>" in response.content.decode()
    page = text_of(response)
    assert "status: completed" in page
    assert "Check-list: 1 of 1 checked" in page
    assert "simmering" in page


def test_a_session_says_what_it_served_and_why(client: Client, engine: Feature) -> None:
    session = session_of("a")
    found = served(session)
    assert [(part.target.name, part.work.usage.responses) for part in found.parts] == [
        ("Engine", 1),
        ("(unattributed)", 1),
    ]
    assert found.whole.responses == 2
    address = reverse("session-served", args=[session.public_id])
    assert "Phase 1: Stage 1, task T-1" in seen(client, address)
    part = client.get(address, headers=HTMX)
    assert part.content.decode().strip().startswith("<section")
    assert "HX-Request" in part["Vary"]
    assert address in links_in(client, reverse("session-detail", args=[session.public_id]))
    assert "nothing that plans name" in seen(
        client, reverse("session-served", args=[session_of("c").public_id])
    )
    assert client.get(reverse("session-served", args=["nobody"])).status_code == 404


def test_the_head_of_a_session_says_in_a_few_words_what_it_served(client: Client, engine: Feature) -> None:
    def brief(letter: str) -> str:
        address = reverse("session-served-brief", args=[session_of(letter).public_id])
        return client.get(address, headers=HTMX).content.decode()

    session = session_of("a")
    said = next((link for link in served(session).links if link.link.is_primary), None)
    assert (said.target if said else "link") in brief("a")
    assert "no planned work" in brief("c")
    assert reverse("session-served", args=[session.public_id]) in brief("a")
    assert "Its own work was for" in seen(client, reverse("session-served-brief", args=[session.public_id]))


def test_a_link_that_a_person_took_away_is_said_and_counts_for_nothing(
    client: Client, engine: Feature
) -> None:
    Link.objects.filter(session=session_of("b"), feature=engine).update(origin="manual", state="unlinked")
    address = reverse("session-served", args=[session_of("b").public_id])
    assert "A person says it did not serve: Engine" in seen(client, address)


def test_the_dashboard_includes_features_by_cost(client: Client, engine: Feature) -> None:
    links = links_in(client, "/?start=2026-03-01&end=2026-03-31")
    region = next(link for link in links if link.startswith("/features/costs"))
    assert "start=2026-03-01&end=2026-03-31" in region
    page = seen(client, region, **HTMX)
    assert "Engine" in page
    assert "(unattributed)" in page
    assert "No work of this period" in seen(client, "/features/costs?start=2026-05-01&end=2026-05-02")


def test_every_link_leads_somewhere(client: Client, engine: Feature) -> None:
    task = engine.tasks.order_by("raw_id")[0]
    pages = [
        "/features",
        "/features?view=list",
        reverse("feature-detail", args=[engine.pk]),
        "/tasks",
        reverse("task-detail", args=[task.pk]),
        "/documents",
        reverse("document-detail", args=[engine.documents.get().pk]),
        reverse("session-served", args=[session_of("a").public_id]),
        "/features/costs?period=all",
        "/plans",
    ]
    for page in pages:
        for link in links_in(client, page):
            address = link if link.startswith("/") else page.partition("?")[0] + link
            if not link.startswith("/static/"):
                assert client.get(address).status_code == 200, f"{page}: {link}"


def test_check_lists_are_chosen_and_the_choice_is_seen(client: Client, engine: Feature) -> None:
    address = reverse("plan-checklists", args=[engine.project_id])
    assert client.post(address, {"count_checklists": "always"}).headers["Location"] == "/plans"
    chosen = PlanSettings.objects.get(project=engine.project)
    assert (chosen.count_checklists, chosen.stale) == ("always", True)
    assert "The next reading counts by this choice." in seen(client, "/plans")
    assert client.post(address, {"count_checklists": "sometimes"}).status_code == 400
    assert client.get(address).status_code == 405


def test_a_folder_is_named_by_hand(client: Client, engine: Feature, tmp_path: Path) -> None:
    asked = {"folder": str(tmp_path), "project": engine.project.slug}
    assert client.post("/plans/folders", asked).status_code == 302
    assert PlanRoot.objects.get(path=str(tmp_path.resolve())).origin == "manual"
    assert f"{tmp_path.resolve()} named by hand" in seen(client, "/plans")
    wrong = client.post("/plans/folders", {"folder": str(tmp_path / "gone")})
    assert wrong.status_code == 400
    assert "There is no folder" in text_of(wrong)
    assert client.post("/plans/folders", {"folder": "\0"}).status_code == 400


def test_on_a_server_only_its_staff_names_folders(
    client: Client, engine: Feature, tmp_path: Path, settings: Any
) -> None:
    settings.IS_TEAM = True
    assert client.post("/plans/folders", {"folder": str(tmp_path)}).status_code == 403
    assert "Name a folder" not in client.get("/plans").content.decode()


def test_forms_need_their_token(engine: Feature) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    address = reverse("plan-checklists", args=[engine.project_id])
    assert strict.post(address, {"count_checklists": "always"}).status_code == 403


@pytest.mark.parametrize("address", ["/features/9", "/tasks/9", "/documents/9", f"/features/{'9' * 40}"])
def test_what_does_not_exist_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_text_of_plans_is_only_text(client: Client, engine: Feature) -> None:
    text = f"---\nname: {HOSTILE}\n---\n# {HOSTILE}\n\n[a](javascript:alert(1)) {HOSTILE}\n".encode()
    place = planned.document(
        "docs/plans/evil.md", text, title=HOSTILE, doc_type=HOSTILE[:40], status_raw=HOSTILE
    )
    evil = planned.feature(
        "evil",
        name=HOSTILE,
        aliases=[HOSTILE],
        owner=HOSTILE,
        status_reason=HOSTILE,
        lineage={"parent": HOSTILE, "children": [HOSTILE], HOSTILE: HOSTILE},
        commit_refs=[HOSTILE],
    )
    stage = planned.phase(evil, HOSTILE[:60], status_raw=HOSTILE)
    work = planned.task(
        evil, place, HOSTILE, phase=stage, title=HOSTILE, description=HOSTILE, files=[HOSTILE], owner=HOSTILE
    )
    bad = {"kind": HOSTILE, "detail": HOSTILE, "weight": 0.1, "seq": "x", "at": HOSTILE}
    planned.link(session_of("c"), feature=evil, phase=stage, task=work, evidence=[bad], strategy="x")
    PlanProblem.objects.create(
        root=place.root, document=place, path=HOSTILE, reason="x", detail=HOSTILE, excerpt=HOSTILE
    )
    ChecklistItem.objects.create(document=place, position=0, line=1, text=HOSTILE, is_done=False)
    for address in (
        "/features",
        "/features?view=list",
        "/tasks",
        "/documents",
        reverse("feature-detail", args=[evil.pk]),
        reverse("task-detail", args=[work.pk]),
        reverse("document-detail", args=[place.pk]),
        reverse("session-served", args=[session_of("c").public_id]),
    ):
        page = client.get(address).content.decode()
        assert "alert(1)" in page, address
        assert "<script>alert" not in page, address
        assert "<img" not in page, address
        assert 'href="javascript' not in page, address


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_number_of_queries_does_not_grow(client: Client, engine: Feature) -> None:
    place = engine.documents.get()
    addresses = [
        "/features",
        "/features?view=list",
        reverse("feature-detail", args=[engine.pk]),
        "/tasks",
        "/documents",
        reverse("document-detail", args=[place.pk]),
        reverse("session-served", args=[session_of("a").public_id]),
    ]
    few = [queries_of(client, address) for address in addresses]
    session = session_of("c")
    for n in range(12):
        more = planned.feature(f"more{n}")
        another = planned.document(f"docs/plans/{n}.md", feature=engine)
        stage = planned.phase(engine, f"9{n}", document=another)
        planned.task(more, another, "M-1", "done")
        work = planned.task(engine, place, f"N-{n}", phase=stage)
        planned.link(session, 0.5, feature=engine, phase=stage, task=work)
        planned.link(session_of("a"), 0.5, feature=more)
    many = [queries_of(client, address) for address in addresses]
    assert many == few
    assert max(many) <= 30
