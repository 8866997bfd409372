"""What all pages about one session share: the session, its header and its tabs."""

from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from sessions import selectors
from sessions.date_bounds import reporting_zone
from sessions.models import AgentSession
from sessions.scope import Projects, readable_projects


class HtmxRequest(HttpRequest):
    htmx: HtmxDetails


def named_session(request: HttpRequest, public_id: str) -> AgentSession:
    """The session with that id. Raises Http404 for one that is unknown or not the asker's."""
    session = selectors.session(public_id, projects=readable_projects(request))
    if session is None:
        raise Http404("There is no session with that id.")
    return session


def without_foreign(session: AgentSession, projects: Projects) -> AgentSession:
    """The session as it may be shown: without what it came from where that is in none of the projects."""
    for name in ("parent", "forked_from", "continued_from"):
        origin = getattr(session, name)
        if projects is not None and origin is not None and origin.project_id not in projects:
            setattr(session, name, None)
    return session


def session_context(request: HttpRequest, public_id: str, tab: str) -> tuple[AgentSession, dict[str, Any]]:
    """A session and what the frame of its pages shows. Raises Http404."""
    projects = readable_projects(request)
    session = without_foreign(named_session(request, public_id), projects)
    now = timezone.now()
    row = selectors.session_rows([session], now=now, projects=projects)[0]
    return session, {"session": session, "row": row, "tab": tab, "now": now, "zone": reporting_zone()}


def seq_of(text: str | None) -> int | None:
    """A place in a transcript; None where it is none."""
    value = text or ""
    digits = value.removeprefix("-")
    known = digits.isascii() and digits.isdecimal() and len(digits) < 19
    return int(value) if known else None
