"""Rows written in bulk are there afterwards, whoever holds the transaction."""

import pytest
from django.db import connection

from sessions.archive import SEGMENT_COLUMNS
from sessions.bulk import write_rows
from sessions.durability import commits_unawaited
from sessions.ingest import QUARANTINE_COLUMNS
from sessions.models import ArchiveSegment, DirtyQuarter, QuarantinedLine, SourceFile


@pytest.mark.django_db(transaction=True)
def test_rows_that_may_be_there_are_kept_without_a_transaction_of_the_caller() -> None:
    for quarters in ([1, 2], [2, 3]):
        write_rows(DirtyQuarter, ("quarter",), [(q,) for q in quarters], unique=("quarter",))
    assert set(DirtyQuarter.objects.values_list("quarter", flat=True)) == {1, 2, 3}


@pytest.mark.one_database("postgresql")  # SQLite never waits with our settings
@pytest.mark.django_db(transaction=True)
def test_commits_of_a_reading_do_not_wait_for_the_disk_and_those_after_it_do() -> None:
    def waiting(to: str = "") -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"SET synchronous_commit TO {to}" if to else "SHOW synchronous_commit")
            return to or str(cursor.fetchone()[0])

    waiting(to="local")
    with commits_unawaited():
        assert waiting() == "off"
    assert waiting() == "local"
    with pytest.raises(RuntimeError), commits_unawaited():
        raise RuntimeError
    assert waiting() == "local"
    connection.close()


@pytest.mark.django_db
@pytest.mark.parametrize("title", ["", "a\tb\\c\nd", "Ünïcødé 日本 🙂"])
def test_values_arrive_as_they_were_sent(title: str) -> None:
    """PostgreSQL takes some tables in a form of its own: numbers, texts, bytes, truth and nothing."""
    source = SourceFile.objects.create(path=title, root="r", relative_path="p", kind="transcript")
    columns = (*SEGMENT_COLUMNS, "pruned_at")
    row = (source.pk, 1, 2**40, 3, 4, b"\x00\xff" * 16, b"", True, False)
    for plain in (True, False):
        values = row if plain else (source.pk, 2, *row[2:], None)
        write_rows(ArchiveSegment, SEGMENT_COLUMNS if plain else columns, [values])
    segments = ArchiveSegment.objects.order_by("generation")
    stored = [(s.offset, bytes(s.sha256), bytes(s.data), s.provisional, s.pruned_at) for s in segments]
    assert stored == [(2**40, b"\x00\xff" * 16, b"", True, None)] * 2
    quarantined = (source.pk, 1, 0, 5, 1, "malformed_json", title, title, True)
    write_rows(QuarantinedLine, QUARANTINE_COLUMNS, iter([quarantined]))
    assert QuarantinedLine.objects.values_list("detail", "excerpt", "provisional").get() == (
        title,
        title,
        True,
    )
