"""What a request changed, told by the view that knows it to whoever keeps the record of it."""

from dataclasses import dataclass, field
from typing import Any

from sessions.models import Project


@dataclass(frozen=True, slots=True)
class Act:
    """What was done, in the words of its own list; no secrets. `project` None: of the site or of every project."""

    subject: str
    project: Project | None = None
    details: dict[str, Any] = field(default_factory=dict)


def tell(request: Any, subject: object, project: Project | None = None, **details: Any) -> None:
    """Say what a request is about to change or has changed; the last word counts."""
    inner = getattr(request, "_request", request)
    inner.act = Act(str(subject), project, details)


def told(request: Any) -> Act | None:
    """What a view said of a request; None where it said nothing."""
    act: Act | None = getattr(request, "act", None)
    return act
