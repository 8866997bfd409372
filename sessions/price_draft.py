"""A price file that waits for its figures, for models that no price is known for."""

import json
from collections.abc import Iterable

_BOOK = """[book]
name = "own"
source = "where the figures come from"
version = "1"
"""
_ENTRY = """[[price]]
models = [{model}]
# US dollars per million tokens, in place of each question mark; 0 where a class costs nothing
input = ?
output = ?
cache_write_5m = ?
cache_write_1h = ?
cache_read = ?
"""


def price_draft(models: Iterable[str], *, with_book: bool) -> str:
    """Entries of a price file for these models, each once, with a question mark for every price.

    A guess would look like a fact, so nothing is suggested: a file with a question mark left in it is refused.
    """
    names = dict.fromkeys(name for name in models if name)
    # A JSON string is a TOML string, whatever stands in it.
    entries = [_ENTRY.format(model=json.dumps(name)) for name in names]
    return "\n".join([_BOOK, *entries] if with_book else entries)
