"""What the table of pages says of visits; visiting itself is tried by running the command."""

from benchmarks.pages import GOAL_PAINT_MS, GOAL_WEIGHT, Measured, Visit, table


def visits(*paints: float, weight: int = 1000) -> list[Visit]:
    return [Visit(paint, 10, weight, 3) for paint in paints]


def test_a_page_is_judged_by_its_median_paint_and_its_heaviest_visit() -> None:
    assert Measured("quick", visits(1, GOAL_PAINT_MS, 9 * GOAL_PAINT_MS)).is_met
    assert not Measured("slow", visits(1, GOAL_PAINT_MS + 1, GOAL_PAINT_MS + 1)).is_met
    heavy = [*visits(1), *visits(1, weight=GOAL_WEIGHT + 1)]
    assert not Measured("heavy", heavy).is_met


def test_a_visit_without_any_paint_meets_no_goal() -> None:
    assert not Measured("blank", visits(float("nan"))).is_met


def test_the_table_has_a_line_per_page_and_the_goals() -> None:
    head, line, goals = table([Measured("sessions", visits(500, 700, 2000, weight=155_000))])
    assert head.split()[0] == "page"
    assert line.split() == ["sessions", "700", "2,000", "10", "155", "3", "met"]
    assert "1,000 ms" in goals and "350 kB" in goals
