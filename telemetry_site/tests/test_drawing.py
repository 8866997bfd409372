from datetime import date

from telemetry_site.drawing import calendar, shares, spark


def test_spark_puts_nothing_at_the_bottom_and_the_greatest_at_the_top() -> None:
    assert spark([0, 5, 10], width=100, height=20).line == "M0.0 20.0L50.0 10.0 100.0 0.0"


def test_spark_breaks_at_unknown_values() -> None:
    shape = spark([1, None, 1, 1], width=90, height=10)
    assert shape.line == "M0.0 0.0L0.0 0.0M60.0 0.0L90.0 0.0"
    assert shape.area.count("Z") == 2


def test_spark_of_one_known_value_draws_nothing() -> None:
    assert spark([None, 3, None]).line == ""


def test_spark_of_only_zeros_is_a_line_at_the_bottom() -> None:
    assert spark([0, 0], width=10, height=8).line == "M0.0 8.0L10.0 8.0"


def test_calendar_begins_weeks_on_monday() -> None:
    shape = calendar(date(2026, 8, 1), date(2026, 8, 10), {})
    places = {cell.day.day: (cell.column, cell.row) for cell in shape.cells}
    assert places[1] == (0, 5)  # a Saturday
    assert places[3] == (1, 0)
    assert places[10] == (2, 0)
    assert shape.weeks == 3


def test_calendar_levels_go_by_rank_so_that_one_great_day_does_not_pale_the_others() -> None:
    days = [date(2026, 8, day) for day in range(1, 6)]
    shape = calendar(days[0], days[-1], dict(zip(days, [1, 2, 3, 4, 1000], strict=True)))
    assert [cell.level for cell in shape.cells] == [1, 2, 3, 4, 4]


def test_calendar_shows_nothing_and_unknown_as_level_0_but_keeps_them_apart() -> None:
    first, second = date(2026, 8, 1), date(2026, 8, 2)
    cells = calendar(first, second, {first: 0, second: None}).cells
    assert [(cell.level, cell.value) for cell in cells] == [(0, 0), (0, None)]


def test_calendar_names_a_month_above_its_first_whole_week() -> None:
    shape = calendar(date(2026, 7, 20), date(2026, 8, 20), {})
    assert [(mark.column, mark.first_day.month) for mark in shape.months] == [(2, 8)]


def test_shares_fill_the_bar_in_the_order_given() -> None:
    drawn = shares([("read", 6), ("nothing", 0), ("unknown", None), ("write", 2)])
    assert [(share.label, share.offset, share.width, share.series) for share in drawn] == [
        ("read", 0.0, 75.0, 1),
        ("write", 75.0, 25.0, 4),
    ]
