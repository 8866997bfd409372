"""The state machine against a model that works it out anew from the whole past each time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.states import ALARMED, Reason, Standing, State, Verdict, Waits, advance

CALM = Standing()
START = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
verdicts = st.lists(st.sampled_from(Verdict), max_size=40)
# Slow machines are no fault of the machine under test.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
waits = st.builds(lambda p, k: Waits(p * MINUTE, k * MINUTE), st.integers(0, 4), st.integers(0, 4))


def run(story: list[Verdict], waits: Waits, standing: Standing = CALM, first: int = 0) -> list[Standing]:
    """The standing after each verdict, one per minute."""
    found = []
    for minute, verdict in enumerate(story, first):
        changed = advance(standing, verdict, START + minute * MINUTE, waits)
        standing = changed[0] if changed else standing
        found.append(standing)
    return found


def told_anew(story: list[Verdict], waits: Waits) -> list[State]:
    """An independent telling: streaks are counted in the past instead of being remembered.

    Not sharing anything with the machine, it is slow and simple: a phase (quiet, alarm, silence) and the minutes since
    which the world has said the same.
    """
    phase, breach_since, clear_since, found = "quiet", None, None, []
    for minute, verdict in enumerate(story):
        if verdict == "keep":
            pass
        elif verdict == "no_data":
            phase, breach_since, clear_since = "silence", None, None
        elif verdict == "breach":
            clear_since = None
            breach_since = minute if breach_since is None else breach_since
            lasted = (minute - breach_since) * MINUTE >= waits.pending
            if phase != "alarm":
                phase = "alarm" if lasted else "quiet"
        elif verdict == "hold":
            breach_since, clear_since = None, None
            phase = "alarm" if phase == "alarm" else "quiet"
        else:
            breach_since = None
            clear_since = minute if clear_since is None else clear_since
            over = (minute - clear_since) * MINUTE >= waits.keep_firing
            phase = "alarm" if phase == "alarm" and not over else "quiet"
            clear_since = clear_since if phase == "alarm" else None
        found.append(named(phase, breach_since, clear_since))
    return found


def named(phase: str, breach_since: int | None, clear_since: int | None) -> State:
    if phase == "silence":
        return State.NO_DATA
    if phase == "alarm":
        return State.FIRING if clear_since is None else State.RECOVERING
    return State.OK if breach_since is None else State.PENDING


@patient
@given(verdicts, waits)
def test_the_machine_tells_what_the_past_comes_to(story: list[Verdict], waits: Waits) -> None:
    assert [standing.state for standing in run(story, waits)] == told_anew(story, waits)


@patient
@given(verdicts, waits, st.integers(0, 40))
def test_a_restart_in_between_changes_nothing(story: list[Verdict], waits: Waits, cut: int) -> None:
    before = run(story[:cut], waits)
    after = run(story[cut:], waits, before[-1] if before else Standing(), min(cut, len(story)))
    assert before + after == run(story, waits)


@patient
@given(verdicts, waits)
def test_looking_twice_at_one_moment_tells_nothing_new(story: list[Verdict], waits: Waits) -> None:
    standing = Standing()
    for minute, verdict in enumerate(story):
        at = START + minute * MINUTE
        changed = advance(standing, verdict, at, waits)
        standing = changed[0] if changed else standing
        if waits.pending or verdict is not Verdict.BREACH:
            again = advance(standing, verdict, at, waits)
            assert again is None or standing.state in ALARMED or again[0].state is standing.state


@patient
@given(verdicts, waits)
def test_an_alert_begins_only_from_calm_and_ends_before_it_begins_again(
    story: list[Verdict], waits: Waits
) -> None:
    states = [State.OK, *(standing.state for standing in run(story, waits))]
    fired = False
    for before, after in pairwise(states):
        begins = after is State.FIRING and before not in ALARMED
        assert not (begins and fired)
        fired = after in ALARMED


def test_the_reasons_say_what_happened() -> None:
    firing = Standing(State.FIRING, START)
    pending = Standing(State.PENDING, START)
    later = START + MINUTE
    assert advance(pending, Verdict.CLEAR, later, Waits(5 * MINUTE)) == (
        Standing(State.OK, later),
        Reason.NOT_SUSTAINED,
    )
    assert advance(firing, Verdict.CLEAR, later, Waits()) == (Standing(State.OK, later), Reason.RECOVERED)
    assert advance(firing, Verdict.HOLD, later, Waits()) is None
    assert advance(firing, Verdict.NO_DATA, later, Waits()) == (
        Standing(State.NO_DATA, later),
        Reason.NO_DATA,
    )
