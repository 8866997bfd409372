"""Words are found whatever their case, on every database."""

import pytest

from sessions.models import Project
from sessions.text_matching import contains, equals

NAMES = [
    "Übersicht planen",
    "übersicht",
    "ÜBERSICHT",
    "100%",
    "100 percent",
    "snake_case",
    "snakeXcase",
    "back\\slash",
]


@pytest.fixture
def named(db: None) -> None:
    Project.objects.bulk_create(
        [Project(key=f"k{n}", slug=f"s{n}", name=name) for n, name in enumerate(NAMES)]
    )


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("übersicht", {"Übersicht planen", "übersicht", "ÜBERSICHT"}),
        ("ÜBER", {"Übersicht planen", "übersicht", "ÜBERSICHT"}),
        ("PLANEN", {"Übersicht planen"}),
        ("0%", {"100%"}),
        ("e_c", {"snake_case"}),
        ("K\\S", {"back\\slash"}),
    ],
)
def test_a_word_is_found_in_any_case_and_as_it_stands(named: None, word: str, found: set[str]) -> None:
    assert set(Project.objects.filter(contains(word, "name")).values_list("name", flat=True)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("übersicht", {"übersicht", "ÜBERSICHT"}), ("SNAKE_case", {"snake_case"}), ("100", set())],
)
def test_a_whole_text_is_found_in_any_case(named: None, text: str, found: set[str]) -> None:
    assert set(Project.objects.filter(equals("name", text)).values_list("name", flat=True)) == found


def test_any_of_several_columns_may_have_it(named: None) -> None:
    assert Project.objects.filter(contains("K3", "name", "key")).get().name == "100%"
