"""A damaged SQLite database: no page and no command fails without a word, and a copy brings everything back.

The same of many: `python -m telemetry_site.tests.damage --seeds 50`.
"""

import pytest

from telemetry_site.tests.damage import IN_FILE, OF_LOG
from telemetry_site.tests.length import times
from telemetry_site.tests.loops import told_by


@pytest.mark.one_database("sqlite")
@pytest.mark.database_of_processes
def test_damage_is_harmless_or_named_and_a_copy_brings_all_back() -> None:
    """Each way of damage once, and a few pages of each."""
    ways = len(IN_FILE) + len(OF_LOG)
    seeds, pages = times(ways, long=6 * ways), times(10, long=1000)
    told, status = told_by("damage", f"--seeds={seeds}", f"--pages={pages}")
    assert (told["broken"], told["damaged"], status) == ([], seeds, 0)
    assert told["answers"]["200"] > seeds, "what is not damaged can still be read"
