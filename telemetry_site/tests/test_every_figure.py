"""No page without a comparison: the figures of every page there is equal the API's, or it is said why it has none.

The pages are those of the URL configuration. The history is the demo, in which everything happens; what real
transcripts make of the same comparisons is `test_figures_and_api`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from sessions.tests import samples as s
from telemetry_site.pipeline import sync
from telemetry_site.tests import (
    alert_figures,
    explore_figures,
    list_figures,
    plan_figures,
    session_figures,
    site_figures,
    transcript_figures,
)
from telemetry_site.tests.compared import Seen, api, items
from telemetry_site.tests.dashboard_figures import dashboard_page
from telemetry_site.tests.every_page import FILES, address_of, named_routes
from telemetry_site.tests.figures_world import CARDS, write_and_read_world
from telemetry_site.tests.filled import Kept
from telemetry_site.tests.plan_figures import Facts
from telemetry_site.tests.shown import counts, figures

pytestmark = pytest.mark.django_db

DAYS = {"start": "2026-02-01", "end": "2026-03-10"}


@pytest.fixture(scope="class", autouse=True)
def read_once(request: pytest.FixtureRequest, kept: Kept) -> None:
    kept.fill(request, write_and_read_world)


def each(compare: Callable[..., None], *ways: object) -> None:
    for way in ways:
        compare(way)


def each_split() -> None:
    for by in ("", "model", "tool"):
        explore_figures.explorer(by, DAYS)


def both_lists_of_features() -> None:
    plan_figures.feature_list()
    plan_figures.feature_board()


def each_session(*tabs: Callable[..., None]) -> None:
    for public_id in dict.fromkeys([CARDS, *session_figures.sessions_to_look_into()]):
        told, tree = api(f"sessions/{public_id}"), api(f"sessions/{public_id}/tree")["items"]
        for tab in tabs:
            tab(told, tree)


def each_feature() -> None:
    facts = Facts()
    for feature in items("features"):
        plan_figures.feature_page(feature["key"], facts)


def each_task() -> None:
    """Those that something was done for, and one of each status."""
    facts, tasks = Facts(), items("tasks")
    looked_at = {task["status"]: task["id"] for task in tasks}.values()
    for key in {*looked_at, *[task["id"] for task in tasks if task["sessionCount"]][:3]}:
        plan_figures.task_page(key, facts)


def each_document() -> None:
    for document in {found["docSubtype"]: found for found in items("documents")}.values():
        plan_figures.document_page(document["id"])


def each_rule(compare: Callable[..., None]) -> None:
    for rule in api("analytics/alerts"):
        compare(rule)


def each_search() -> None:
    for words in ("test", '"the order"', "invoice -export", "nothingofthisname"):
        site_figures.search(words)


def each_file() -> None:
    """One of each thing that can be done to a file."""
    calls = [call for call in items("tool-calls") if call["filePath"]]
    for path in {call["fileAction"]: call["filePath"] for call in calls}.values():
        site_figures.file_history(path)


def families() -> tuple[str, str]:
    """A session that started another, and that one."""
    listed = items("sessions", include_subagents="true")
    child = next(session for session in listed if session["parentSessionId"])
    return child["parentSessionId"], child["id"]


# Of each route that shows figures, what compares them.
COMPARED: dict[str, Callable[[], None]] = {
    "dashboard": partial(each, dashboard_page, {}, DAYS),
    "activity": list_figures.activity,
    "explore": each_split,
    "compare": partial(explore_figures.comparison, {}),
    "correlation": partial(explore_figures.correlation, {}),
    "file-history": each_file,
    "search": each_search,
    "feature-list": both_lists_of_features,
    "flow": plan_figures.flow_page,
    "velocity": partial(each, plan_figures.velocity, {}, DAYS),
    "feature-costs": partial(plan_figures.feature_costs, {}),
    "feature-detail": each_feature,
    "task-list": plan_figures.task_list,
    "task-detail": each_task,
    "document-list": plan_figures.document_list,
    "document-detail": each_document,
    "plan-settings": plan_figures.plan_folders,
    "session-list": partial(list_figures.session_list, {}),
    "session-detail": partial(each_session, transcript_figures.transcript_tab),
    "session-outline": partial(each_session, transcript_figures.outline_tab),
    "session-timeline": partial(each_session, transcript_figures.timeline_tab),
    "session-cost": partial(each_session, session_figures.cost_tab),
    "session-artifacts": partial(each_session, transcript_figures.artifacts_tab),
    "session-impact": partial(each_session, session_figures.impact_tab),
    "session-tools": partial(each_session, session_figures.tools_tab),
    "session-files": partial(each_session, session_figures.files_tab),
    "session-tree": partial(each_session, session_figures.tree_tab),
    "session-events": partial(each_session, transcript_figures.events_tab),
    "session-served": partial(each_session, transcript_figures.served_tab),
    "session-line": partial(each_session, transcript_figures.line_page),
    "session-served-brief": partial(each_session, transcript_figures.served_brief),
    "session-inline": lambda: transcript_figures.inline_region(families()[1]),
    "session-thread": lambda: transcript_figures.thread_region(families()[0]),
    "session-news": partial(each_session, transcript_figures.news_region),
    "live-sessions": partial(site_figures.live, []),
    "data-quality": site_figures.quality,
    "secret-list": site_figures.secrets,
    "sync-progress": site_figures.progress_page,
    "alert-list": alert_figures.rule_list,
    "alert-detail": partial(each_rule, alert_figures.rule_page),
    "alert-draft": partial(each_rule, alert_figures.draft),
    "alert-delete": partial(each_rule, alert_figures.rule_deletion),
    "notification-list": alert_figures.notifications,
    "notification-bell": alert_figures.bell,
    "alerts-firing": alert_figures.firing_region,
    "channel-detail": alert_figures.channel_page,
    "settings": site_figures.settings_page,
    "folder-check": site_figures.folder_check,
    "audit-log": site_figures.audit_log,
}
# Pages that show no figure, and why; that they do not is looked at.
WITHOUT: dict[str, str] = {
    "session-jump": "leads to an entry",
    "alert-new": "the form of a rule; what it would have said is alert-draft",
    "alert-edit": "the same",
    "channel-list": "names, states and times",
    "silence-list": "names and times",
    "saved-views": "names",
    "go": "names",
    "login": "a form",
    "password": "a form",
    "people": "names and roles",
    "token-list": "names and times",
    "api-docs": "made by Swagger UI in the browser",
}
HTMX = {"host": "localhost", "hx-request": "true"}


def shows_a_page(name: str) -> bool:
    """Whether a route answers a GET with HTML of its own, to a browser or to htmx."""
    pattern = next(route for route in named_routes() if route.name == name)
    address = address_of(pattern)
    answers = [Client(headers=headers).get(address) for headers in ({"host": "localhost"}, HTMX)]
    return any(
        answer.status_code == 200 and "attachment" not in answer.headers.get("Content-Disposition", "")
        for answer in answers
    )


@pytest.mark.parametrize("name", sorted({str(pattern.name) for pattern in named_routes()}))
def test_every_figure_of_every_page(name: str) -> None:
    if name in COMPARED:
        Seen.routes.clear()
        COMPARED[name]()
        assert name in Seen.routes, f"{name} was not looked at, but {Seen.routes}"
    elif name in WITHOUT:
        pattern = next(route for route in named_routes() if route.name == name)
        html = Client(headers={"host": "localhost"}).get(address_of(pattern), follow=True).content.decode()
        assert WITHOUT[name] == "leads to an entry" or (figures(html), counts(html)) == ({}, [])
    else:
        assert name in FILES or not shows_a_page(name), f"nothing compares the figures of {name}"


def test_what_runs_now(tmp_path: Path) -> None:
    """A call that has no answer yet, of a moment ago, and a subagent beside it."""
    ago = (timezone.now() - s.START).total_seconds() - 30
    call = s.call("toolu_now", "Bash", command="make")
    lines = [s.prompt("n1", ago, "now"), s.reply("n2", ago + 5, "now", blocks=[call], stop="tool_use")]
    side = [s.side(s.prompt("n3", ago, "now"), "eyes"), s.side(s.reply("n4", ago + 6, "now"), "eyes")]
    files = {s.main_path("now"): s.lines(lines), s.agent_path("eyes", "now"): s.lines(side)}
    s.write(tmp_path, files)
    sync([tmp_path])
    running = items("sessions", status="active", include_subagents="true")
    assert s.uid("now") in [each["id"] for each in running]
    site_figures.live(running)


def test_nothing_is_said_of_pages_that_are_not() -> None:
    names = {str(pattern.name) for pattern in named_routes()}
    assert names >= {*COMPARED, *WITHOUT}
    assert not COMPARED.keys() & WITHOUT.keys()
