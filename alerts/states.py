"""How a rule's standing for one group changes, one verdict at a time. Nothing here knows values, clocks or tables."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """How a rule stands for one group."""

    OK = "ok"
    PENDING = "pending"  # breached, not yet for long enough
    FIRING = "firing"
    RECOVERING = "recovering"  # clear, not yet for long enough
    NO_DATA = "no_data"
    ERROR = "error"
    PAUSED = "paused"


class Reason(StrEnum):
    """Why a standing changed."""

    THRESHOLD = "threshold"
    NOT_SUSTAINED = "not_sustained"  # clear again before the rule's waiting time was over
    RECOVERED = "recovered"
    SESSION_ENDED = "session_ended"
    WINDOW_CLOSED = "window_closed"
    NO_DATA = "no_data"
    ERROR = "error"
    RULE_CHANGED = "rule_changed"
    RULE_DELETED = "rule_deleted"
    PAUSED = "paused"
    CORRECTED = "corrected"  # data that came late tells another story than what was known


class Verdict(StrEnum):
    """What a value says: over the threshold, not yet past recovery, well, nothing new, or that none is there."""

    BREACH = "breach"
    HOLD = "hold"
    CLEAR = "clear"
    KEEP = "keep"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class Standing:
    """A state and the moment it began; None: it never was another."""

    state: State = State.OK
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """How long a breach must last before it fires, and how long it must be over before it resolves."""

    pending: timedelta = timedelta()
    keep_firing: timedelta = timedelta()


CALM = (State.OK, State.NO_DATA)
ALARMED = (State.FIRING, State.RECOVERING)


def advance(
    standing: Standing, verdict: Verdict, at: datetime, waits: Waits
) -> tuple[Standing, Reason] | None:
    """The standing after a verdict at a moment, and why it changed; None where it did not."""
    match verdict:
        case Verdict.KEEP:
            return None
        case Verdict.NO_DATA:
            is_news = standing.state is not State.NO_DATA
            return (Standing(State.NO_DATA, at), Reason.NO_DATA) if is_news else None
        case Verdict.BREACH:
            return _breached(standing, at, waits)
        case Verdict.HOLD:
            return _held(standing, at)
        case Verdict.CLEAR:
            return _cleared(standing, at, waits)


def _breached(standing: Standing, at: datetime, waits: Waits) -> tuple[Standing, Reason] | None:
    if standing.state is State.FIRING:
        return None
    if standing.state is State.RECOVERING or not waits.pending:
        return Standing(State.FIRING, at), Reason.THRESHOLD
    if standing.state is not State.PENDING:
        return Standing(State.PENDING, at), Reason.THRESHOLD
    if _has_lasted(standing, at, waits.pending):
        return Standing(State.FIRING, at), Reason.THRESHOLD
    return None


def _held(standing: Standing, at: datetime) -> tuple[Standing, Reason] | None:
    """Between threshold and recovery an alert goes on, and nothing begins."""
    if standing.state is State.RECOVERING:
        return Standing(State.FIRING, at), Reason.THRESHOLD
    if standing.state is State.PENDING:
        return Standing(State.OK, at), Reason.NOT_SUSTAINED
    if standing.state is State.NO_DATA:
        return Standing(State.OK, at), Reason.RECOVERED
    return None


def _cleared(standing: Standing, at: datetime, waits: Waits) -> tuple[Standing, Reason] | None:
    if standing.state is State.OK:
        return None
    if standing.state is State.PENDING:
        return Standing(State.OK, at), Reason.NOT_SUSTAINED
    if standing.state is State.FIRING and waits.keep_firing:
        return Standing(State.RECOVERING, at), Reason.RECOVERED
    if standing.state is State.RECOVERING and not _has_lasted(standing, at, waits.keep_firing):
        return None
    return Standing(State.OK, at), Reason.RECOVERED


def _has_lasted(standing: Standing, at: datetime, length: timedelta) -> bool:
    return standing.since is not None and at - standing.since >= length
