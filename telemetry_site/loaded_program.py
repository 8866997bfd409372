"""What a worker of the server does once, before it answers: load all of the program, and count it as here to stay."""

import gc

from django.urls import get_resolver


def load_and_keep() -> None:
    """Load every view, and take what is loaded out of the rounds of the garbage collector.

    A round through all of it takes a tenth of a second and falls into whichever answer is being made. The program
    itself is never garbage; what answers leave behind still is.
    """
    get_resolver().reverse_dict  # noqa: B018  (asking for it loads the addresses and their views)
    gc.collect()
    gc.freeze()
