"""What a person decides about a session's links. The program never changes such a link; taking it back lets evidence
speak again."""

from django.db import transaction

from sessions.models import AgentSession
from tasks.link_rows import link_key
from tasks.linking import mark_due
from tasks.models import Feature, Link, Phase


def decide(session: AgentSession, feature: Feature, state: Link.State, *, phase: Phase | None = None) -> Link:
    """Link, unlink or pin a session to a feature, or to a phase of it.

    A pinned link is what the session was mainly for; an earlier pin or main link gives way. Callers run `link_due`
    afterwards, which follows the decision. Raises ValueError for a feature of another project or a phase of another
    feature.
    """
    if feature.project_id != session.project_id:
        raise ValueError("The feature belongs to another project than the session.")
    if phase is not None and phase.feature_id != feature.pk:
        raise ValueError("The phase belongs to another feature.")
    key = link_key(session.pk, feature.pk, phase.pk if phase else None, None, None, "")
    pinned = state == Link.State.PINNED
    with transaction.atomic():
        if pinned:
            _unpin(session, key)
        link, _ = Link.objects.update_or_create(
            id=key,
            defaults={
                "session": session,
                "feature": feature,
                "phase": phase,
                "strategy": "",
                "confidence": 1.0,
                "is_primary": pinned,
                "evidence": [],
                "origin": Link.Origin.MANUAL,
                "state": state,
            },
        )
        mark_due([session.pk])
    return link


def _unpin(session: AgentSession, but: int) -> None:
    """One main link at most: earlier pins become plain links, and the main one found by evidence yields."""
    others = session.links.exclude(id=but)
    others.filter(state=Link.State.PINNED).update(state=Link.State.LINKED, is_primary=False)
    others.filter(is_primary=True).update(is_primary=False)


def take_back(session: AgentSession, feature: Feature) -> int:
    """Forget what was decided about a session and a feature (its phases included); returns how many decisions."""
    with transaction.atomic():
        made = session.links.filter(feature=feature, origin=Link.Origin.MANUAL)
        count: int = made.delete()[0]
        mark_due([session.pk])
    return count
