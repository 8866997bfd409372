"""How long loops of tests are: short in every run, as long as asked for by `bin/test --long`."""

import os


def times(short: int, *, long: int) -> int:
    """So many rounds, kills, seeds or seconds."""
    return long if os.environ.get("TEST_LONG") else short
