"""What a person can do when the database refuses: a sentence for each kind of trouble."""

from django.db import DatabaseError, OperationalError

NOTHING_LOST = "What was read before is as it was."
# How the databases and their drivers say it, and what it means to a person. The first that fits counts.
_MEANINGS = (
    (
        ("disk is full", "No space left on device", "could not extend file"),
        f"The disk of the database is full. {NOTHING_LOST} Make room; the next sync goes on where this one stopped.",
    ),
    (
        ("malformed", "not a database", "Could not decode to UTF-8", "invalid page in block"),
        "The database file is damaged. `manage.py doctor --full` says where, and `manage.py restore FILE` goes back "
        "to a copy and keeps the damaged file beside it.",
    ),
    (
        ("readonly", "read-only"),
        f"The database cannot be written to. {NOTHING_LOST} Make its file and its folder writable for this user.",
    ),
    (
        ("locked", "too many connections", "too many clients"),
        f"The database is busy with other work. {NOTHING_LOST} Try again in a moment.",
    ),
    (
        ("no such table", "no such column", "does not exist"),
        "The database is of another version of the program. `manage.py migrate` prepares it.",
    ),
    (
        ("unable to open", "disk I/O error"),
        "The database file cannot be opened or read. `manage.py doctor` says what is in the way.",
    ),
)


def sentence_of(error: BaseException | None) -> str | None:
    """What is wrong and what helps; None for an error that is no trouble of the database's."""
    if not isinstance(error, DatabaseError):
        return None
    said = str(error)
    for words, meaning in _MEANINGS:
        if any(word in said for word in words):
            return meaning
    return (
        "The database does not answer. `manage.py doctor` says why."
        if isinstance(error, OperationalError)
        else None
    )
