"""What all pages about one session share: the session, its header and its tabs."""

from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from sessions import selectors
from sessions.date_bounds import reporting_zone
from sessions.models import AgentSession


class HtmxRequest(HttpRequest):
    htmx: HtmxDetails


def named_session(public_id: str) -> AgentSession:
    """The session with that id. Raises Http404."""
    session = selectors.session(public_id)
    if session is None:
        raise Http404("There is no session with that id.")
    return session


def session_context(public_id: str, tab: str) -> tuple[AgentSession, dict[str, Any]]:
    """A session and what the frame of its pages shows. Raises Http404."""
    session = named_session(public_id)
    now = timezone.now()
    row = selectors.session_rows([session], now=now)[0]
    return session, {"session": session, "row": row, "tab": tab, "now": now, "zone": reporting_zone()}


def seq_of(text: str | None) -> int | None:
    """A place in a transcript; None where it is none."""
    value = text or ""
    digits = value.removeprefix("-")
    known = digits.isascii() and digits.isdecimal() and len(digits) < 19
    return int(value) if known else None
