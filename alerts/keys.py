"""Names that make the same thing the same row, however often it is found."""

import json
from hashlib import blake2b
from typing import Any


def group_key(group: dict[str, str]) -> str:
    """The digest of a group's values; "" without any."""
    return _digest(sorted(group.items())) if group else ""


def event_key(*parts: Any) -> str:
    """The digest of what makes a change the same change."""
    return _digest([str(part) for part in parts])


def _digest(of: Any) -> str:
    return blake2b(json.dumps(of, ensure_ascii=False).encode("utf-8", "replace"), digest_size=20).hexdigest()
