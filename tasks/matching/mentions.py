"""Words of prompts and branches that may be names of plans: slugs, ids, request ids and commits."""

import re
from collections.abc import Iterator

_WORD = re.compile(r"[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*")
_VERSION = re.compile(r"-v\d+(?:\.\d+)*$")
_SEPARATOR = re.compile(r"[-_]")
MOST_PARTS = 16


def canonical(slug: str) -> str:
    """A slug without its version and case: "Login-Form-v2" is "login-form"."""
    return _VERSION.sub("", slug.strip().lower().replace("_", "-"))


def words(text: str) -> Iterator[str]:
    """Each word of a text, lower case; hyphens, dots and underscores inside a word belong to it."""
    for found in _WORD.finditer(text):
        yield found[0].lower()


def slugs_in(word: str) -> Iterator[str]:
    """What may be a slug in a word, longest first: every run of two or more of its parts.

    One part alone says too little: half of all plans are about something called "api" or "tests".
    """
    parts = _SEPARATOR.split(word)[:MOST_PARTS]
    for length in range(len(parts), 1, -1):
        for start in range(len(parts) - length + 1):
            yield "-".join(parts[start : start + length])


def looks_like_id(word: str) -> bool:
    """Whether a word can name a task or a request: letters first, then digits behind a mark ("task-1.2", "ds-001")."""
    return any(c.isdigit() for c in word) and word[0].isalpha() and not word.isalnum() and len(word) >= 4


def same_commit(one: str, other: str) -> bool:
    """Whether two hashes, of which either may be short, name one commit; fewer than seven digits never do."""
    return min(len(one), len(other)) >= 7 and (one.startswith(other) or other.startswith(one))
