"""Rows written in bulk are there afterwards, whoever holds the transaction."""

import pytest

from sessions.bulk import write_rows
from sessions.models import DirtyQuarter


@pytest.mark.django_db(transaction=True)
def test_rows_that_may_be_there_are_kept_without_a_transaction_of_the_caller() -> None:
    for quarters in ([1, 2], [2, 3]):
        write_rows(DirtyQuarter, ("quarter",), [(q,) for q in quarters], unique=("quarter",))
    assert set(DirtyQuarter.objects.values_list("quarter", flat=True)) == {1, 2, 3}
