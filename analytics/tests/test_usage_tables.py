"""Tables of parts add up to the whole, however many parts there are."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analytics.links import Links
from analytics.periods import Period
from analytics.selectors import overview
from analytics.sums import ToolUse, Usage
from analytics.tests.ledger import read, working_session
from analytics.usage_tables import MAX_ROWS, ToolRow, model_table, project_table, tool_tables
from sessions.models import Project
from sessions.tests import samples

pytestmark = pytest.mark.django_db

DAY = samples.START.replace(hour=0)
MARCH = Period(DAY, DAY + timedelta(days=31), ZoneInfo("UTC"))
LINKS = Links(MARCH)


def test_models_after_the_first_are_one_row_and_nothing_is_lost(tmp_path: Path) -> None:
    read(
        tmp_path,
        *(working_session(f"s{n}", model=f"claude-opus-4-5-2025110{n}") for n in range(MAX_ROWS + 3)),
    )
    figures = overview(MARCH)
    table = model_table(figures.models, figures.usage, LINKS)
    assert len(table.rows) == MAX_ROWS + 1
    assert (table.rows[-1].name, table.rows[-1].sessions) == ("3 other models", None)
    assert sum((row.usage for row in table.rows), Usage()) == figures.usage
    assert sum(row.share or 0 for row in table.rows) == pytest.approx(100)


def test_a_part_without_a_price_has_no_share(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"), working_session("b", model="house-model-1"))
    figures = overview(MARCH)
    priced, unpriced = model_table(figures.models, figures.usage, LINKS).rows
    assert priced.share == 100
    assert (unpriced.name, unpriced.share) == ("house-model-1", None)


def test_two_projects_of_one_name_lead_nowhere(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"))
    figures = overview(MARCH)
    project = Project.objects.get()
    (row,) = project_table(MARCH, figures.usage, LINKS).rows
    assert f"project={project.slug}" in row.href
    Project.objects.create(key="twin", slug="twin", name=project.name)
    (row,) = project_table(MARCH, figures.usage, LINKS).rows
    assert row.href == ""


def test_tools_by_failures_and_by_time(tmp_path: Path) -> None:
    read(tmp_path, working_session("a"), working_session("b", 1))
    tables = tool_tables(MARCH, projects=None, links=LINKS)
    assert [(row.name, row.use.outcome_error, row.failed) for row in tables.by_failures] == [("Edit", 2, 100)]
    assert [(row.name, row.use.elapsed_ms, row.mean_ms) for row in tables.by_time] == [
        ("Bash", 4000, 2000),
        ("Edit", 2000, 1000),
    ]
    assert tables.count == 2


@pytest.mark.parametrize(
    ("name", "server", "title"),
    [
        ("mcp__browser__take_picture", "browser", "take_picture"),
        ("mcp__a_b__c__d", "a_b", "c__d"),
        ("Bash", "", "Bash"),
        ("mcp__", "", "mcp__"),
    ],
)
def test_the_name_of_an_mcp_tool_is_split(name: str, server: str, title: str) -> None:
    row = ToolRow(name, ToolUse(), "")
    assert (row.server, row.title) == (server, title)
    assert row.failed is None
    assert row.mean_ms is None
