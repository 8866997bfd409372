"""Every figure of every page equals the API's for the same filter, on a corpus of real transcripts and plans.

A page is asked, and the API with the same filter. What the page shows is taken away by what the API says it should
be; in the end nothing may be left, so that a figure nobody compared fails. Figures that the API does not tell are
compared with a sum of others or with the selector behind them, and said so where it is done. `test_every_figure` is
about every page there is.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.roots import add_manual_root
from telemetry_site.pipeline import sync
from telemetry_site.tests import explore_figures, list_figures, plan_figures, site_figures, transcript_figures
from telemetry_site.tests.compared import api
from telemetry_site.tests.dashboard_figures import dashboard_page
from telemetry_site.tests.filled import Kept
from telemetry_site.tests.session_figures import TABS, sessions_to_look_into

pytestmark = pytest.mark.django_db


DAYS = {"start": "2026-01-10", "end": "2026-02-25"}
PROJECT = {"project": "oh-my-posh"}
FAR = {"tz": "Pacific/Kiritimati"}
FILTERS = {
    "all time": {},
    "days": DAYS,
    "a project": PROJECT,
    "days of a zone far from UTC": DAYS | FAR,
}
LISTS = {
    "all": {},
    "days": {"start_date": "2026-01-10", "end_date": "2026-02-25"},
    "a project": PROJECT,
    "a model": {"model": "claude-opus-4-6"},
    "a tool": {"tool": "WebFetch", "include_subagents": "true"},
    "days of a zone far from UTC": {"start_date": "2026-01-10", "end_date": "2026-02-25", **FAR},
}


@pytest.fixture(scope="class", autouse=True)
def read_once(request: pytest.FixtureRequest, kept: Kept, corpus: Path) -> None:
    def fill(_: Path) -> None:
        for plans in sorted((corpus / "plans").iterdir()):
            add_manual_root(str(plans), plans.name)
        sync([corpus / "claude"])

    kept.fill(request, fill)


@pytest.mark.parametrize("asked", FILTERS.values(), ids=FILTERS)
def test_dashboard(asked: dict[str, str]) -> None:
    dashboard_page(asked)


def test_activity() -> None:
    list_figures.activity()


@pytest.mark.parametrize("asked", LISTS.values(), ids=LISTS)
def test_sessions(asked: dict[str, str]) -> None:
    list_figures.session_list(asked)


def test_session_pages() -> None:
    for public_id in sessions_to_look_into():
        told = api(f"sessions/{public_id}")
        tree = api(f"sessions/{public_id}/tree")["items"]
        for tab in (*TABS, *transcript_figures.TABS):
            tab(told, tree)


@pytest.mark.parametrize("zone", [{}, FAR], ids=["UTC", "far from it"])
def test_comparison(zone: dict[str, str]) -> None:
    explore_figures.comparison(zone)


@pytest.mark.parametrize("by", ["", "model", "project", "tool"])
@pytest.mark.parametrize("asked", [DAYS, DAYS | FAR], ids=["UTC", "far from it"])
def test_explorer(by: str, asked: dict[str, str]) -> None:
    explore_figures.explorer(by, asked)


@pytest.mark.parametrize("asked", FILTERS.values(), ids=FILTERS)
def test_correlation(asked: dict[str, str]) -> None:
    explore_figures.correlation(asked)


@pytest.mark.parametrize("asked", [{}, DAYS, DAYS | FAR], ids=["all time", "days", "far from UTC"])
def test_feature_costs(asked: dict[str, str]) -> None:
    plan_figures.feature_costs(asked)


def test_features() -> None:
    plan_figures.feature_list()


@pytest.mark.parametrize("asked", [DAYS, DAYS | FAR], ids=["UTC", "far from it"])
def test_velocity(asked: dict[str, str]) -> None:
    plan_figures.velocity(asked)


def test_search() -> None:
    for words in ("error", "test -fix", '"the file"'):
        site_figures.search(words)


def test_quality() -> None:
    site_figures.quality()
