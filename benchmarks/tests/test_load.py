"""What the table of loaded pages says; the load itself is tried by running the command."""

import pytest
from django.test import Client

from benchmarks.load import ADDRESSES, GOAL_P95_MS, Answers, Load, table


def load(**seen: Answers) -> Load:
    return Load(first_page_s=1.0, today_s=2.0, lasted_s=30.0, read_whole=True, answers=dict(seen))


def test_all_answers_together_are_judged() -> None:
    quick = Answers([10.0] * 99 + [9 * GOAL_P95_MS])
    assert load(dashboard=quick).is_met
    assert not load(dashboard=quick, sessions=Answers([GOAL_P95_MS + 1] * 50)).is_met


def test_an_error_or_a_late_first_page_meets_no_goal() -> None:
    assert not load(dashboard=Answers([10.0], ["500"])).is_met
    late = load(dashboard=Answers([10.0]))
    late.first_page_s = 2.0
    assert not late.is_met


def test_the_table_has_a_line_per_address_and_names_each_error_once() -> None:
    lines = table(load(dashboard=Answers([10.0, 20.0]), sessions=Answers([], ["500", "500"])))
    assert lines[0].split()[0] == "address"
    assert lines[1].split() == ["dashboard", "2", "15", "20", "20", "0"]
    assert lines[3].split()[0] == "all" and lines[3].split()[-1] == "2"
    assert "read whole after 30 s" in lines[4] and lines[5:] == ["error: 500"]


@pytest.mark.django_db
@pytest.mark.parametrize("address", [address for address in ADDRESSES if "{" not in address])
def test_every_address_is_one_that_answers(address: str) -> None:
    assert Client(headers={"host": "localhost"}).get(address).status_code == 200
