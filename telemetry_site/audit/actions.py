"""What is recorded, under one name whichever way it came, and what is not."""

from collections.abc import Mapping
from typing import Final

LOGGED_IN: Final = "logged in"
LOGGED_OUT: Final = "logged out"
LOGIN_FAILED: Final = "log-in failed"
REFUSED: Final = "refused"
EXPORTED: Final = "exported"
REVEALED: Final = "secret revealed"

# Address by name, and for the API the method -> what is done there.
OF_PAGES: Final[Mapping[str, str]] = {
    "token-create": "token made",
    "token-revoke": "token revoked",
    "alert-new": "alert made",
    "alert-edit": "alert changed",
    "alert-switch": "alert changed",
    "alert-snooze": "alert changed",
    "alert-delete": "alert deleted",
    "channel-list": "channel made",
    "channel-detail": "channel changed",
    "channel-test": "channel tried",
    "channel-delete": "channel deleted",
    "delivery-again": "message sent again",
    "silence-list": "silence begun",
    "silence-end": "silence ended",
    "session-decide": "link decided",
    "session-reveal": REVEALED,
    "password": "password changed",
    "logout-everywhere": "logged out everywhere",
    "plan-folder-add": "plan folder named",
    "plan-checklists": "check-lists chosen",
    "sync-now": "reading started",
    "person-role": "role changed",
    "person-new": "account made",
    "person-switch": "account switched",
}
OF_API: Final[Mapping[tuple[str, str], str]] = {
    ("api-alerts", "POST"): "alert made",
    ("api-alert", "PATCH"): "alert changed",
    ("api-alert", "DELETE"): "alert deleted",
    ("api-alert-test", "POST"): "alert tried",
    ("api-channels", "POST"): "channel made",
    ("api-channel", "PATCH"): "channel changed",
    ("api-channel", "DELETE"): "channel deleted",
    ("api-channel-test", "POST"): "channel tried",
    ("api-delivery-again", "POST"): "message sent again",
    ("api-silences", "POST"): "silence begun",
    ("api-silence", "DELETE"): "silence ended",
    ("api-session-links", "POST"): "link decided",
    ("api-ingest-sync", "POST"): "reading started",
}
# Changes that only concern whoever makes them, and questions that are asked with POST.
NOT_RECORDED: Final = frozenset(
    {
        *("alert-draft", "alert-fields", "api-alert-preview", "session-columns"),
        *("notification-read", "notification-read-all", "api-notification", "api-notifications-read-all"),
        # What comes of them is recorded where it happens.
        *("login", "logout"),
        *("saved-view-new", "saved-view-change", "saved-view-delete", "saved-view-restore"),
    }
)
# Their views answer well also where nothing was done; what was done they tell.
TOLD_BY_VIEW: Final = frozenset(
    {"session-reveal", "token-create", "alert-snooze", "alert-switch", "person-new", "person-role"}
)
FILES: Final = frozenset({"session-html", "session-markdown", "api-session-export"})
COMMANDS: Final[Mapping[str, str]] = {
    "rebuild": "rebuilt",
    "restore": "restored",
    "prune": "pruned",
    "reprice": "priced anew",
    "member": "role changed",
    "token": "token changed",
}


def action_of(name: str, method: str) -> str:
    """What is done at an address of this name; that itself where nobody gave it words."""
    return OF_PAGES.get(name) or OF_API.get((name, method)) or f"{method} {name}"[:40]


def known_actions() -> list[str]:
    """Everything an entry can say, for a choice."""
    fixed = (LOGGED_IN, LOGGED_OUT, LOGIN_FAILED, REFUSED, EXPORTED, REVEALED)
    return sorted({*OF_PAGES.values(), *OF_API.values(), *COMMANDS.values(), *fixed})
