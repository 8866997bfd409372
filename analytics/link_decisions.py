"""Following a person's decision about a link at once: the session's links, its spans, and the figures of both."""

from analytics.rollups import roll_up
from sessions.models import AgentSession
from tasks.deciding import decide, take_back
from tasks.linking import link_due
from tasks.models import Feature, Link, Phase

TAKE_BACK = "automatic"
DECISIONS = (Link.State.LINKED.value, Link.State.UNLINKED.value, Link.State.PINNED.value, TAKE_BACK)


def follow(session: AgentSession, feature: Feature, decision: str, *, phase: Phase | None = None) -> None:
    """Carry out one of DECISIONS and bring links and rollups up to date. Raises ValueError as `decide` does."""
    if decision not in DECISIONS:
        raise ValueError(f"{decision[:60]!r} is no decision; valid are {', '.join(DECISIONS)}.")
    if decision == TAKE_BACK:
        take_back(session, feature)
    else:
        decide(session, feature, Link.State(decision), phase=phase)
    link_due()
    roll_up()
