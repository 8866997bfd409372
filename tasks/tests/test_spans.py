"""When the work of a session moves from one plan to another, so that every response belongs to exactly one."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.matching import RULES, Evidence, SessionSignals, Span, Target, spans

LOGIN, SEARCH = Target(1), Target(2)
ONE, TWO = Target(1, 11), Target(1, 12)
FIRST_TASK = Target(1, 11, 111)
ALL = {LOGIN, SEARCH, ONE, TWO, FIRST_TASK}
NOTHING = Span(0, None, None, None)


def piece(kind: str, at_ms: int | None, target: Target, detail: str = "") -> Evidence:
    return Evidence(kind, detail or kind, RULES[kind].weight, target, at_ms, call=at_ms)


def course(
    *pieces: Evidence, branches: tuple[tuple[str, int | None], ...] = (), **more: object
) -> list[Span]:
    signals = SessionSignals(started_ms=0, ended_ms=1000, branches=branches)
    return spans(signals, pieces, ALL, **more)  # type: ignore[arg-type]


def test_an_order_looks_forward() -> None:
    assert course(piece("command_path", 300, ONE)) == [NOTHING, Span(300, *ONE)]


def test_an_outcome_looks_back() -> None:
    assert course(piece("plan_written", 900, ONE)) == [Span(0, *ONE)]


def test_two_orders_split_the_session() -> None:
    found = course(piece("command_path", 0, ONE), piece("command_path", 500, TWO))
    assert found == [Span(0, *ONE), Span(500, *TWO)]


def test_an_order_for_several_phases_is_settled_by_what_came_of_it() -> None:
    both = [piece("command_path", 0, ONE), piece("command_path", 0, TWO)]
    assert course(*both) == [Span(0, *LOGIN)]
    done = course(
        *both, piece("plan_written", 400, ONE), piece("plan_written", 900, TWO), piece("commit_ref", 950, TWO)
    )
    assert done == [Span(0, *ONE), Span(900, *TWO)]


def test_one_write_elsewhere_is_housekeeping_and_two_are_work() -> None:
    start, aside = piece("command_path", 0, ONE), piece("plan_written", 400, SEARCH)
    assert course(start, aside) == [Span(0, *ONE)]
    assert course(start, aside, piece("plan_written", 500, ONE), piece("plan_written", 600, SEARCH)) == [
        Span(0, *ONE)
    ]
    assert course(start, aside, piece("commit_ref", 600, SEARCH)) == [Span(0, *ONE), Span(400, *SEARCH)]


def test_naming_the_feature_again_does_not_leave_its_phase() -> None:
    assert course(piece("command_path", 0, ONE), piece("prompt_slug", 500, LOGIN)) == [Span(0, *ONE)]


def test_a_task_is_more_exact_than_its_phase() -> None:
    found = course(
        piece("command_path", 0, ONE), piece("task_id", 200, FIRST_TASK), piece("task_id", 700, TWO)
    )
    assert found == [Span(0, *ONE), Span(200, *FIRST_TASK), Span(700, *TWO)]


def test_a_branch_holds_until_another_is_checked_out() -> None:
    branches = (("feat/login", 0), ("main", 300), ("fix/typo", 600))
    found = course(piece("branch", 0, LOGIN, "feat/login"), branches=branches)
    assert found == [Span(0, *LOGIN), Span(600, None, None, None)]


def test_a_branch_of_no_plan_does_not_end_what_was_ordered() -> None:
    assert course(piece("command_path", 0, ONE), branches=(("main", 0), ("wip", 300))) == [Span(0, *ONE)]


def test_hints_and_evidence_without_a_time_move_nothing() -> None:
    assert course(
        piece("title", None, ONE), piece("plan_read", 300, ONE), piece("commit_ref", None, ONE)
    ) == [NOTHING]


def test_evidence_for_what_is_not_linked_moves_nothing() -> None:
    signals = SessionSignals(started_ms=0, ended_ms=1000)
    pieces = [piece("command_path", 300, ONE)]
    assert spans(signals, pieces, {SEARCH}) == [NOTHING]
    assert spans(signals, pieces, {LOGIN}) == [NOTHING, Span(300, *LOGIN)]


def test_what_nothing_claims_belongs_to_the_default() -> None:
    assert course(piece("command_path", 300, ONE), default=SEARCH) == [Span(0, *SEARCH), Span(300, *ONE)]
    assert course(default=SEARCH) == [Span(0, *SEARCH)]


def test_a_session_without_any_time_has_no_course() -> None:
    assert spans(SessionSignals(), [], ALL) == []
    assert spans(SessionSignals(), [piece("command_path", 300, ONE)], ALL) == [Span(300, *ONE)]


PIECES = st.lists(
    st.builds(
        piece,
        st.sampled_from(sorted(RULES)),
        st.none() | st.integers(0, 1000),
        st.sampled_from(sorted(ALL, key=str)),
    ),
    max_size=15,
)


@given(PIECES)
@settings(max_examples=200, deadline=None)
def test_every_moment_belongs_to_exactly_one_target(pieces: list[Evidence]) -> None:
    found = course(*pieces, branches=(("a-b", 100), ("main", 400), ("wip", 700)))
    assert found[0].from_ms == 0
    assert all(one.from_ms < other.from_ms and one[1:] != other[1:] for one, other in pairwise(found))
    assert all(span.feature is None or span[1:] in ALL for span in found)


@given(PIECES)
@settings(max_examples=100, deadline=None)
def test_the_order_in_which_evidence_is_listed_is_free(pieces: list[Evidence]) -> None:
    assert course(*pieces) == course(*reversed(pieces))
