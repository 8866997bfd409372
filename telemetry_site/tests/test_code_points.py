"""The order of texts is the same on every database."""

import pytest
from django.db import connection
from django.db.models.functions import Lower

from sessions.models import Project
from telemetry_site.code_points import our_tables, set_code_point_order

pytestmark = pytest.mark.django_db
NAMES = ["Zeta", "alpha", "_under", "-dash", "Ähre", "ähre", "ß", "日本", "😀", "a b", "a-b", "ab", "AB", ""]


def make(names: list[str]) -> None:
    Project.objects.bulk_create(
        [Project(key=f"k{n}", slug=f"s{n}", name=name) for n, name in enumerate(names)]
    )


def test_texts_are_ordered_by_code_point() -> None:
    make(NAMES)
    assert list(Project.objects.order_by("name").values_list("name", flat=True)) == sorted(NAMES)


def test_only_ascii_letters_have_a_case_in_orders() -> None:
    make(NAMES)
    lowered = Project.objects.order_by(Lower("name"), "name").values_list("name", flat=True)
    assert list(lowered) == sorted(NAMES, key=lambda name: (ascii_lower(name), name))


def ascii_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


@pytest.mark.one_database("postgresql")
def test_every_text_column_has_the_collation_and_another_run_changes_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute('ALTER TABLE agent_sessions_project ALTER name TYPE varchar(200) COLLATE "POSIX"')
        assert ("agent_sessions_project", "name") in others(cursor)
        set_code_point_order(using="default")
        assert others(cursor) == []


def others(cursor: object) -> list[tuple[str, str]]:
    """Text columns of ours with another collation."""
    cursor.execute(  # type: ignore[attr-defined]
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_name = ANY(%s)"
        " AND data_type IN ('text', 'character varying') AND collation_name IS DISTINCT FROM 'C'"
        " AND is_generated = 'NEVER'",
        [our_tables()],
    )
    return list(cursor.fetchall())  # type: ignore[attr-defined]
