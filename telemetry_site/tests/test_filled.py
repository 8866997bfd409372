"""What is kept between tests is there for those that ask for it, unchanged, and for no other."""

import pytest

from sessions.models import Project
from telemetry_site.tests.filled import Kept

pytestmark = pytest.mark.django_db


def names() -> set[str]:
    return set(Project.objects.values_list("name", flat=True))


def make(name: str) -> None:
    Project.objects.create(name=name, slug=name, key=name)


@pytest.fixture(scope="class")
def engine(request: pytest.FixtureRequest, kept: Kept) -> None:
    kept.fill(request, lambda _: make("engine"))


@pytest.fixture(scope="class")
def pump(request: pytest.FixtureRequest, kept: Kept) -> None:
    kept.fill(request, lambda _: make("pump"))


@pytest.mark.parametrize("again", range(2))
def test_changes_of_a_test_are_its_own(engine: None, again: int) -> None:
    assert names() == {"engine"}
    Project.objects.all().delete()
    make(f"other{again}")


def test_who_does_not_ask_finds_nothing() -> None:
    assert names() == set()


@pytest.mark.usefixtures("pump")
def test_who_asks_for_another_finds_that_alone() -> None:
    assert names() == {"pump"}


@pytest.mark.usefixtures("engine")
class TestOfAClass:
    def test_one(self) -> None:
        assert names() == {"engine"}
        make("pump")

    def test_other(self) -> None:
        assert names() == {"engine"}


def test_two_at_once_are_refused(engine: None, kept: Kept, request: pytest.FixtureRequest) -> None:
    with pytest.raises(ValueError, match="asks for engine and"):
        kept.fill(request, lambda _: make("pump"))
    assert names() == {"engine"}
