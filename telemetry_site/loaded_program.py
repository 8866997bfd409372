"""What a worker of the server does once, before it answers: load all of the program, and count it as here to stay."""

import gc
from typing import Final

from django.urls import get_resolver

# New objects before the youngest of them are looked through, and rounds before the next older ones are. With Python's
# own 2,000, 10 and 10 full rounds fall into a single long answer: what was frozen no longer puts them off.
ROUNDS: Final = (10_000, 10, 50)


def load_and_keep() -> None:
    """Load every view, and take what is loaded out of the rounds of the garbage collector.

    A round through all of it takes a tenth of a second and falls into whichever answer is being made. The program
    itself is never garbage; what answers leave behind still is.
    """
    gc.set_threshold(*ROUNDS)
    get_resolver().reverse_dict  # noqa: B018  (asking for it loads the addresses and their views)
    gc.collect()
    gc.freeze()
