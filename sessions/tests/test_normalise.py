"""Joins that do not depend on order, repetition or grouping."""

from collections.abc import Callable
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from sessions.parsers.normalise import (
    Claim,
    Counted,
    Response,
    duplicates_among,
    elapsed_ms,
    first_result,
    first_use,
    join_responses,
    owner_of,
    twins_among,
)
from sessions.parsers.pricing import Usage
from sessions.parsers.records import ToolResult, ToolUse


@st.composite
def responses(draw: st.DrawFn) -> Response:
    """Copies of one response; what a line says follows from its digest, as in real files."""
    digest = draw(st.integers(1, 6))
    at = draw(st.integers(0, 3))
    return Response(
        key=1,
        message_id="m",
        request_id="r",
        at_ms=at,
        model="x",
        usage=Usage(1, digest % 3, 0, 0, 0, digest % 2),
        stop_reason="end_turn" if digest > 3 else "",
        fast=False,
        service_tier="",
        inference_geo="",
        skill=f"s{digest % 2}",
        reported_cost_nano_usd=digest if digest % 2 else None,
        is_assistant=digest > 1,
        is_sidechain=digest % 2 == 0,
        chosen_at_ms=at,
        chosen_digest=digest,
    )


@given(responses(), responses())
def test_joining_commutes(one: Response, other: Response) -> None:
    assert join_responses(one, other) == join_responses(other, one)


@given(responses(), responses(), responses())
def test_joining_is_associative(a: Response, b: Response, c: Response) -> None:
    assert join_responses(join_responses(a, b), c) == join_responses(a, join_responses(b, c))


@given(responses(), responses())
def test_joining_again_changes_nothing(one: Response, other: Response) -> None:
    both = join_responses(one, other)
    assert join_responses(one, one) == one
    assert join_responses(both, one) == join_responses(both, other) == both


def _copy(output: int, at: int, *, assistant: bool = True) -> Response:
    return Response(
        1,
        "m",
        "r",
        at,
        "x",
        Usage(1, output, 0, 0, 0, 0),
        "",
        False,
        "",
        "",
        "",
        None,
        assistant,
        False,
        at,
        output,
    )


def test_r2_the_greatest_output_wins_and_the_later_of_two_equals() -> None:
    assert join_responses(_copy(5, 9), _copy(50, 1)).usage.output_tokens == 50
    assert join_responses(_copy(5, 1), _copy(5, 9)).chosen_at_ms == 9


def test_r3_the_earliest_moment_counts() -> None:
    assert join_responses(_copy(5, 9), _copy(50, 12)).at_ms == 9


def test_r7_a_progress_copy_never_changes_a_response() -> None:
    real = _copy(5, 9)
    assert join_responses(real, _copy(500, 1, assistant=False)) == real


def test_r5_the_main_chain_counts_a_replayed_message() -> None:
    main = Counted(1, "r1", False, 5, Usage(3, 20, 700, 0, 0, 0))
    replay = Counted(2, "r2", True, 6, Usage(3, 20, 50_000, 0, 0, 0))
    assert duplicates_among([replay, main]) == {2: 1}


def test_r6_two_requests_of_the_main_chain_are_two_responses() -> None:
    usage = Usage(3, 20, 0, 0, 0, 0)
    assert duplicates_among([Counted(1, "r1", False, 5, usage), Counted(2, "r2", False, 5, usage)]) == {}


def test_r4_without_request_ids_only_equal_copies_are_one() -> None:
    usage = Usage(3, 20, 0, 0, 0, 0)
    same = [Counted(1, "", False, 5, usage), Counted(2, "", False, 5, usage)]
    other = Counted(3, "", False, 6, usage)
    assert twins_among([*same, other]) == [[1, 2]]
    assert duplicates_among([*same, other]) == {}


COUNTED = st.builds(
    Counted,
    st.integers(1, 99),
    st.sampled_from(["", "r"]),
    st.booleans(),
    st.integers(0, 2),
    st.just(Usage(1, 1, 0, 0, 0, 0)),
)


@given(st.lists(COUNTED, unique_by=lambda c: c.key, max_size=5))
def test_duplicates_do_not_depend_on_order(counted: list[Counted]) -> None:
    wanted = duplicates_among(counted)
    assert not wanted.keys() & set(wanted.values())
    assert all(duplicates_among(list(order)) == wanted for order in permutations(counted))


CLAIMS = st.builds(
    Claim,
    st.integers(1, 9),
    st.integers(0, 2),
    st.none() | st.integers(0, 3),
    st.integers(0, 3),
    st.text("ab", min_size=1),
)


@given(st.lists(CLAIMS, min_size=1, max_size=5, unique_by=lambda c: c.public_id))
def test_the_owner_does_not_depend_on_order(claims: list[Claim]) -> None:
    assert {owner_of(list(order)) for order in permutations(claims)} == {owner_of(claims)}


def test_r15_the_original_owns_what_a_fork_copied() -> None:
    stopped = Claim(1, 5, None, 3, "z")
    went_on = Claim(2, 5, 90, 4, "y")
    assert owner_of([went_on, stopped]) == 1
    assert owner_of([Claim(1, 5, 50, 9, "z"), went_on]) == 1
    assert owner_of([Claim(1, 4, 99, 9, "z"), went_on]) == 1


def _use(at_ms: int | None, digest: int) -> ToolUse:
    return ToolUse("t", "Bash", at_ms, None, "", "", "", "", "", False, digest)


def _result(at_ms: int | None, digest: int) -> ToolResult:
    return ToolResult("t", at_ms, False, "ok", "", None, "", "", None, None, "", (), 0, digest)


def _first[T](join: Callable[[T | None, T | None], T | None], parts: list[T]) -> T | None:
    found: T | None = None
    for part in parts:
        found = join(found, part)
    return found


MOMENTS = st.lists(st.tuples(st.none() | st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=4)


@given(MOMENTS)
def test_the_first_record_of_a_call_wins(moments: list[tuple[int | None, int]]) -> None:
    uses = {_first(first_use, [_use(*m) for m in order]) for order in permutations(moments)}
    results = {_first(first_result, [_result(*m) for m in order]) for order in permutations(moments)}
    assert len(uses) == len(results) == 1


def test_elapsed_time_is_unknown_rather_than_negative() -> None:
    assert elapsed_ms(5, 9) == 4
    assert elapsed_ms(9, 5) is elapsed_ms(None, 5) is elapsed_ms(5, None) is None
