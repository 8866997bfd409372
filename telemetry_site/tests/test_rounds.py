"""No test is left out of both rounds, and none asks for a database behind their back."""

import os
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from telemetry_site.tests.rounds import LONG, NAMES, NOWHERE, why_left_out


@pytest.mark.parametrize(
    ("only", "uses", "browses"), list(product([None, *NAMES], [True, False], [True, False]))
)
def test_every_test_is_part_of_a_round(only: str | None, uses: bool, browses: bool) -> None:
    asked = {"only": only, "uses": uses, "browses": browses}
    kept = {vendor for vendor in NAMES if why_left_out(vendor, **asked) is None}  # type: ignore[arg-type]
    assert kept == ({only} if only else set(NAMES) if uses and not browses else {"sqlite"})


def test_long_modules_are_there() -> None:
    root = Path(__file__).resolve().parents[2]
    assert [name for name in LONG if not list(root.glob(f"*/tests/{name}.py"))] == []


def test_a_test_without_a_mark_gets_no_database(request: pytest.FixtureRequest) -> None:
    with pytest.raises(pytest.fail.Exception, match="needs the mark django_db"):
        request.getfixturevalue("db")


def test_a_process_of_a_test_without_a_mark_finds_no_database() -> None:
    assert os.environ["DATABASE_URL"] == os.environ["TEST_DATABASE_URL"] == NOWHERE


def test_a_test_that_asks_by_name_finds_the_database_of_its_round(db: None) -> None:
    """After the refusal above: the fixture is whole."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    scheme = urlsplit(os.environ.get("TEST_DATABASE_URL", "sqlite:")).scheme
    assert scheme.startswith(connection.vendor)
