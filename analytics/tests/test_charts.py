import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from analytics import charts
from analytics.charts import CalendarDay, Part, Point, Series
from analytics.metrics import metric

FIRST = datetime(2026, 3, 1, tzinfo=UTC)


def daily(id: str, *values: Decimal | float | None, group: str = "") -> Series:
    days = [FIRST + timedelta(days=offset) for offset in range(len(values))]
    points = (Point(day, f"{day:%Y-%m-%d}", value) for day, value in zip(days, values, strict=True))
    return Series(metric(id), tuple(points), group)


COST = daily("session_cost", Decimal("3.41"), None)
VELOCITY = daily("task_velocity", 2, 0)


def test_a_line_chart_with_two_axes() -> None:
    assert charts.line([COST], [VELOCITY]) == {
        "type": "line",
        "labels": ["2026-03-01", "2026-03-02"],
        "datasets": [
            {"label": "Cost", "data": [3.41, None], "color": "--chart-1", "axis": "left", "unit": "USD"},
            {
                "label": "Tasks completed",
                "data": [2, 0],
                "color": "--chart-2",
                "axis": "right",
                "unit": "count",
            },
        ],
        "axes": {
            "left": {"label": "Cost", "unit": "USD"},
            "right": {"label": "Tasks completed", "unit": "count"},
        },
    }


def test_every_chart_is_json() -> None:
    tokens = [daily("session_tokens", 1, 2, group=name) for name in ("opus", "haiku")]
    for chart in (
        charts.line([COST]),
        charts.area([COST]),
        charts.bar([COST], [VELOCITY]),
        charts.stacked(tokens),
        charts.bars([Part("Read", 3)], metric("tool_call_count")),
        charts.line([]),
    ):
        assert json.loads(json.dumps(chart)) == chart


def test_an_area_is_a_filled_line() -> None:
    chart = charts.area([COST])
    assert chart["type"] == "line"
    assert [dataset["fill"] for dataset in chart["datasets"]] == [True]


def test_what_is_beside_bars_on_the_right_axis_is_a_line() -> None:
    left, right = charts.bar([COST], [VELOCITY])["datasets"]
    assert "type" not in left
    assert right["type"] == "line"


def test_series_of_other_buckets_are_refused() -> None:
    with pytest.raises(ValueError, match="same buckets"):
        charts.line([COST, daily("session_cost", 1)])


def test_two_units_on_one_axis_are_refused() -> None:
    with pytest.raises(ValueError, match="USD and count"):
        charts.line([COST, VELOCITY])


def test_metrics_of_one_unit_share_an_axis_named_for_it() -> None:
    chart = charts.line([daily("input_tokens", 1), daily("output_tokens", 2)])
    assert chart["axes"] == {"left": {"label": "Tokens", "unit": "tokens"}}


def test_only_quantities_are_stacked() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        charts.stacked([daily("tool_success_rate", 90.0, group="Bash")])


class TestColours:
    def test_go_round_and_leave_grey_to_the_rest(self) -> None:
        names = [f"model {number}" for number in range(8)] + ["other", "(unattributed)"]
        chart = charts.stacked([daily("session_tokens", 1, group=name) for name in names])
        assert [dataset["color"][-1] for dataset in chart["datasets"]] == [*"12345671", "8", "8"]

    def test_are_names_of_custom_properties(self) -> None:
        assert all(dataset["color"].startswith("--") for dataset in charts.line([COST])["datasets"])


def test_bars_of_a_breakdown_keep_its_order_and_its_gaps() -> None:
    chart = charts.bars([Part("Read", 30), Part("Bash", None)], metric("tool_duration_p95"))
    assert chart["labels"] == ["Read", "Bash"]
    assert chart["datasets"][0]["data"] == [30, None]
    assert chart["axes"]["left"] == {"label": "Tool duration, p95", "unit": "milliseconds"}


class TestTable:
    def test_has_the_numbers_of_the_chart(self) -> None:
        table = charts.series_table([COST, VELOCITY], first="Day")
        assert table.columns == ("Day", "Cost", "Tasks completed")
        assert [(label, *map(str, figures)) for label, figures in table.rows] == [
            ("2026-03-01", "$3.41", "2"),
            ("2026-03-02", "–", "0"),
        ]

    def test_of_nothing_has_no_rows(self) -> None:
        assert charts.series_table([]).rows == ()


def test_a_sparkline_keeps_gaps() -> None:
    assert charts.sparkline(COST) == [3.41, None]


class TestCalendar:
    def test_has_a_cell_for_each_day(self) -> None:
        first, second = charts.calendar(COST, href=lambda day: f"/sessions/?day={day}")
        assert first == CalendarDay(date(2026, 3, 1), 3.41, "Cost: $3.41", "/sessions/?day=2026-03-01")
        assert (second.value, second.text) == (None, "Cost: unknown")

    def test_is_made_of_days_only(self) -> None:
        with pytest.raises(ValueError, match="isoformat"):
            charts.calendar(Series(metric("session_cost"), (Point(FIRST, "2026-03-01 00:00", 1),)), href=str)
