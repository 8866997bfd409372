"""What a session served: every rule of evidence by its name, how they combine, and when the work moves."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.matching import (
    LINK_FROM,
    RULES,
    Call,
    Command,
    Days,
    Evidence,
    Match,
    PlanFeature,
    PlanIndex,
    PlanPhase,
    PlanTask,
    Said,
    SessionSignals,
    Target,
    gather_evidence,
    match,
    score,
)
from tasks.matching.orders import ALL, parse_order, phase_number
from tasks.matching.plans import pull_request_number
from tasks.matching.rules import WEAK

LOGIN, SEARCH, BILLING = 1, 2, 3
DAY = 86_400_000
ROOT = "/home/ada/shop"
PLANS = "docs/project_plans/implementation_plans/features"


def plans() -> PlanIndex:
    """Three features: one with phases, tasks and every kind of reference, two plain ones that repeat its ids."""
    features = [
        PlanFeature(
            LOGIN,
            "passkey-login-v1",
            aliases=("passkey-login",),
            documents=(f"{PLANS}/passkey-login-v1.md", ".claude/progress/passkey-login/phase-1-progress.md"),
            files=("src/auth/session.py",),
            pull_requests=("#41",),
            requests=("REQ-20260101-shop-3",),
            days=Days(10 * DAY, 20 * DAY),
        ),
        PlanFeature(SEARCH, "faceted-search", documents=(f"{PLANS}/faceted-search.md",)),
        PlanFeature(BILLING, "billing", documents=(f"{PLANS}/billing.md",), files=("src/api/routes.py",)),
    ]
    phases = [
        PlanPhase(
            11,
            LOGIN,
            "1",
            documents=(".claude/progress/passkey-login/phase-1-progress.md",),
            files=("src/auth/keys.py", "src/auth/store.py", "src/auth/forms.py", "src/api/routes.py"),
            agents=("backend-architect",),
            days=Days(10 * DAY, 12 * DAY),
        ),
        PlanPhase(12, LOGIN, "2", documents=(".claude/progress/passkey-login/phase-2-progress.md",)),
        PlanPhase(21, SEARCH, "1"),
    ]
    tasks = [
        PlanTask(111, LOGIN, 11, "PK-001", commits=("3f2a9c1d",), sessions=("5a5a-note",)),
        PlanTask(112, LOGIN, 11, "TASK-1.1"),
        PlanTask(211, SEARCH, 21, "TASK-1.1"),
    ]
    return PlanIndex.build(features, phases, tasks)


def session(**signals: Any) -> SessionSignals:
    usual: dict[str, Any] = {"roots": (ROOT,), "started_ms": 10 * DAY, "ended_ms": 10 * DAY + 3_600_000}
    return SessionSignals(**usual | signals)


def said(text: str, at_ms: int = 10 * DAY) -> tuple[Said, ...]:
    return (Said(text, at_ms, 7),)


def order(name: str, args: str, at_ms: int = 10 * DAY) -> Command:
    return Command(name, args, at_ms, 3)


def wrote(path: str, key: int = 1, at_ms: int = 10 * DAY, action: str = "update") -> Call:
    return Call(key, at_ms, path=f"{ROOT}/{path}", action=action)


def evidence_of(**signals: Any) -> set[tuple[str, Target]]:
    """(kind, target) of all that speaks for something, without the supporting kinds."""
    found = gather_evidence(session(**signals), plans())
    return {(piece.kind, piece.target) for piece in found if piece.kind not in ("time", "agent")}


def links(result: Match) -> dict[Target, float]:
    return {c.target: round(c.confidence, 3) for c in result.links}


# Each kind of evidence, by its name in RULES: signals, and what they speak for.
KINDS: dict[str, tuple[dict[str, Any], Target]] = {
    "explicit_session": ({"ids": frozenset({"5a5a-note"})}, Target(LOGIN, 11, 111)),
    "commit_ref": ({"calls": (Call(1, 5, commits=("3f2a9c1",)),)}, Target(LOGIN, 11, 111)),
    "pr_ref": ({"pull_requests": said("https://git.example/shop/pull/41")}, Target(LOGIN)),
    "command_path": (
        {"commands": (order("/dev:execute-phase", f"2 {PLANS}/passkey-login-v1.md"),)},
        Target(LOGIN, 12),
    ),
    "command_phase": ({"commands": (order("/dev:execute-phase", "2"),)}, Target(LOGIN, 12)),
    "command_slug": ({"commands": (order("/dev:execute-phase", "1 faceted-search"),)}, Target(SEARCH, 21)),
    "request_id": ({"prompts": said("Build REQ-20260101-shop-3, please.")}, Target(LOGIN)),
    "task_id": ({"prompts": said("Now (PK-001).")}, Target(LOGIN, 11, 111)),
    "prompt_path": ({"prompts": said(f"Read @{PLANS}/faceted-search.md first")}, Target(SEARCH)),
    "plan_written": (
        {"calls": (wrote(".claude/progress/passkey-login/phase-2-progress.md"),)},
        Target(LOGIN, 12),
    ),
    "branch": ({"branches": (("feat/passkey-login", 5),)}, Target(LOGIN)),
    "plan_in_shell": (
        {"calls": (Call(1, 5, shell="git add .claude/progress/passkey-login/new.md"),)},
        Target(LOGIN),
    ),
    "prompt_slug": ({"prompts": said("What is left of passkey-login?")}, Target(LOGIN)),
    "prompt_phase": ({"prompts": said("Go on with phase 2")}, Target(LOGIN, 12)),
    "title": ({"title": "Wire up faceted-search"}, Target(SEARCH)),
    "skill": ({"skills": frozenset({"shop:faceted-search"})}, Target(SEARCH)),
    "scope_written": ({"calls": (wrote("src/auth/keys.py"),)}, Target(LOGIN, 11)),
    "plan_read": ({"calls": (wrote(f"{PLANS}/billing.md", action="read"),)}, Target(BILLING)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_evidence_is_found(kind: str) -> None:
    signals, target = KINDS[kind]
    assert (kind, target) in evidence_of(**signals)


def test_every_rule_has_an_example() -> None:
    # Agents and dates support others (see below); what a subagent inherits is for linking to say.
    assert set(RULES) - set(KINDS) == {"agent", "time", "inherited"}


@pytest.mark.parametrize("kind", KINDS)
def test_evidence_says_where_it_stands(kind: str) -> None:
    signals, _ = KINDS[kind]
    [piece] = {e for e in gather_evidence(session(**signals), plans()) if e.kind == kind}
    assert 0 < piece.weight <= RULES[kind].weight
    assert piece.detail
    if kind not in ("explicit_session", "title", "skill"):
        assert piece.at_ms is not None


def test_dates_and_agents_support_what_something_else_says() -> None:
    signals = session(calls=(wrote("src/auth/keys.py"),), agents=frozenset({"backend-architect"}))
    kinds = {e.kind for e in gather_evidence(signals, plans()) if e.target == Target(LOGIN, 11)}
    assert kinds == {"scope_written", "time", "agent"}
    assert gather_evidence(session(agents=frozenset({"backend-architect"})), plans()) == []


ORDERS = [
    ("dev:execute-phase", "1 & 2 docs/plan.md", ("docs/plan.md",), ("1", "2")),
    ("/dev:execute-phase", "all docs/plan.md", ("docs/plan.md",), (ALL,)),
    ("/dev:execute-phase", "1-3 @docs/plan.md", ("docs/plan.md",), ("1", "2", "3")),
    ("/dev:execute-phase", "docs/plan.md phases 2, 3 and 5", ("docs/plan.md",), ("2", "3", "5")),
    ("/gsd:execute-phase", "12.3 --gaps-only", (), ("12.3",)),
    ("/gsd:plan-phase", "04.1", (), ("4.1",)),
    ("/gsd:discuss-phase", "14", (), ("14",)),
    ("/gsd:verify-work", "7", (), ("7",)),
    ("/gsd:quick", "14 things to fix", (), ()),
    ("/gsd:insert-phase", "12 urgent thing", (), ()),
    ("/gsd:remove-phase", "12", (), ()),
    ("/dev:quick-feature", "docs/quick/menu.md", ("docs/quick/menu.md",), ()),
    ("/dev:execute-phase", "", (), ()),
    ("/dev:execute-phase", "as soon as phase 3 is done", (), ()),
    ("/add-dir", "docs/plans", (), ()),
    ("/compact", "keep phase 3 of docs/plan.md", (), ()),
]


@pytest.mark.parametrize(("name", "args", "paths", "phases"), ORDERS)
def test_what_a_command_orders(name: str, args: str, paths: tuple[str, ...], phases: tuple[str, ...]) -> None:
    found = parse_order(name, args)
    assert (found.paths, found.phases) == (paths, phases)


def test_a_plan_inside_a_phase_is_no_range() -> None:
    assert parse_order("/gsd:execute-plan", "12-01") == ((), ("12",), "12-1")
    assert parse_order("/gsd:execute-phase", "1-3").plan == ""


@pytest.mark.parametrize(
    ("raw", "number"),
    [("04.1", "4.1"), ("Phase 2", "2"), ("all", ALL), ("4.10", "4.10"), ("two", ""), ("", "")],
)
def test_a_phase_number_has_one_spelling(raw: str, number: str) -> None:
    assert phase_number(raw) == number


@pytest.mark.parametrize(
    ("reference", "number"),
    [("#12", "12"), ("12", "12"), ("https://git.example/a/b/pull/12/", "12"), ("PR-7", "7"), ("draft", "")],
)
def test_a_pull_request_by_any_spelling(reference: str, number: str) -> None:
    assert pull_request_number(reference) == number


@pytest.mark.parametrize(
    "text",
    [
        "passkey-loginx",  # a longer word
        "the xpasskey-login",
        "billing",  # one word is no name
        "TASK-1.1",  # an id of two features
        "phase 1",  # a phase of two features
        "phase 99",
        "PK-0011",
        "src/passkey/login.py",
    ],
)
def test_what_looks_alike_is_no_evidence(text: str) -> None:
    assert evidence_of(prompts=said(text)) == set()


def test_an_id_of_many_plans_means_the_plan_that_was_ordered() -> None:
    found = evidence_of(
        commands=(order("/dev:execute-phase", f"1 {PLANS}/faceted-search.md"),),
        prompts=said("TASK-1.1 fails"),
    )
    assert ("task_id", Target(SEARCH, 21, 211)) in found
    assert ("task_id", Target(LOGIN, 11, 112)) not in found


def test_a_number_alone_goes_on_with_the_plan_that_was_ordered() -> None:
    orders = (
        order("/dev:execute-phase", f"2 {PLANS}/passkey-login-v1.md", 5),
        order("/dev:execute-phase", "1", 9),
    )
    found = gather_evidence(session(commands=orders), plans())
    assert [e.target for e in found if e.kind == "command_phase"] == [Target(LOGIN, 11)]


def test_a_copy_of_the_repository_elsewhere_has_the_same_plans() -> None:
    call = Call(1, 5, path=f"/tmp/worktrees/x/{PLANS}/faceted-search.md", action="update")
    assert evidence_of(calls=(call,)) == {("plan_written", Target(SEARCH))}


def test_a_new_file_in_a_plans_folder_is_the_plans() -> None:
    assert evidence_of(calls=(wrote(".claude/progress/passkey-login/notes.md", action="create"),)) == {
        ("plan_written", Target(LOGIN))
    }
    assert evidence_of(calls=(wrote(f"{PLANS}/unknown.md", action="create"),)) == set()


def test_folders_with_numbers_are_phases_even_before_they_have_files() -> None:
    index = PlanIndex.build(
        [PlanFeature(1, "milestone-2")],
        [
            PlanPhase(3, 1, "3", documents=(".planning/phases/03-crypto/03-01-PLAN.md",)),
            PlanPhase(4, 1, "4.1"),
        ],
        [],
    )
    made = session(calls=(Call(1, 5, shell=f"mkdir -p {ROOT}/.planning/phases/04.1-sharing"),))
    assert [e.target for e in gather_evidence(made, index)] == [Target(1, 4)]
    elsewhere = session(calls=(Call(1, 5, shell=f"mkdir -p {ROOT}/data/04.1-sharing"),))
    assert gather_evidence(elsewhere, index) == []


@pytest.mark.parametrize(
    ("branch", "target"),
    [
        ("feat/phase-2-keys", Target(LOGIN, 12)),
        ("ada/passkey-login-v1", Target(LOGIN)),
        ("fix/pk-001-typo", Target(LOGIN, 11, 111)),
        ("feature/billing", Target(BILLING)),
        ("worktree-passkey-login-2", Target(LOGIN)),
        ("fix/billing-typo", None),
        ("main", None),
        ("feat/phase-22", None),
    ],
)
def test_what_a_branch_is_for(branch: str, target: Target | None) -> None:
    found = {t for kind, t in evidence_of(branches=((branch, 5),)) if kind == "branch"}
    assert found == ({target} if target else set())


def test_a_branch_left_at_once_says_little() -> None:
    short = (("feat/passkey-login", 10 * DAY), ("fix/typo", 10 * DAY + 60_000))
    [piece] = [e for e in gather_evidence(session(branches=short), plans()) if e.kind == "branch"]
    assert piece.weight < 0.05


def test_reading_a_plan_never_makes_a_link() -> None:
    paths = [f"{PLANS}/passkey-login-v1.md", *(f".claude/progress/passkey-login/{n}.md" for n in range(40))]
    reads = tuple(wrote(path, key, action="read") for key, path in enumerate(paths))
    result = match(session(calls=reads, agents=frozenset({"backend-architect"})), plans())
    assert result.links == ()
    assert result.primary is None
    assert 0 < result.candidates[0].confidence < LINK_FROM


def test_files_in_scope_make_a_link_only_inside_the_plans_dates() -> None:
    files = tuple(wrote(f"src/auth/{name}.py", n) for n, name in enumerate(("keys", "store", "forms")))
    assert Target(LOGIN, 11) in links(match(session(calls=files), plans()))
    later = session(calls=files, started_ms=90 * DAY, ended_ms=91 * DAY)
    assert links(match(later, plans())) == {}


def test_a_file_that_every_plan_declares_says_nothing() -> None:
    features = [PlanFeature(key, f"plan-{key}-x", files=("src/api/routes.py",)) for key in range(1, 7)]
    signals = session(calls=(wrote("src/api/routes.py"),))
    assert gather_evidence(signals, PlanIndex.build(features, [], [])) == []
    assert gather_evidence(signals, PlanIndex.build(features[:2], [], [])) != []


def test_keeping_many_plans_tidy_serves_none_of_them() -> None:
    features = [
        PlanFeature(key, f"plan-{key}-x", documents=(f"docs/plan-{key}-x.md",)) for key in range(1, 9)
    ]
    tidied = tuple(wrote(f"docs/plan-{key}-x.md", key) for key in range(1, 9))
    result = match(session(calls=tidied), PlanIndex.build(features, [], []))
    assert len(result.candidates) == 8
    assert result.links == ()


def test_an_order_is_not_doubted_because_other_plans_were_touched() -> None:
    touched = (wrote(f"{PLANS}/faceted-search.md", 1), wrote(f"{PLANS}/billing.md", 2))
    command = order("/dev:execute-phase", f"2 {PLANS}/passkey-login-v1.md")
    result = match(session(calls=touched, commands=(command,)), plans())
    assert result.primary == Target(LOGIN, 12)
    assert result.candidates[0].confidence >= 0.92
    assert result.candidates[0].strategy == "command_path"


def test_two_plans_served_alike_leave_the_main_one_open() -> None:
    commands = tuple(order("/dev:execute-phase", f"1 {PLANS}/{p}.md") for p in ("faceted-search", "billing"))
    result = match(session(commands=commands), plans())
    assert {t.feature for t in links(result)} == {SEARCH, BILLING}
    assert result.primary is None


def test_dates_settle_which_of_two_is_the_main_one() -> None:
    named = ("passkey-login-v1", "faceted-search")
    commands = tuple(order("/plan:review", f"{PLANS}/{p}.md") for p in named)
    assert match(session(commands=commands), plans()).primary == Target(LOGIN)
    later = session(commands=commands, started_ms=90 * DAY, ended_ms=90 * DAY)
    assert match(later, plans()).primary is None


def test_a_session_of_two_phases_is_mainly_for_their_feature() -> None:
    command = order("/dev:execute-phase", f"1 & 2 {PLANS}/passkey-login-v1.md")
    result = match(session(commands=(command,)), plans())
    assert set(links(result)) == {Target(LOGIN), Target(LOGIN, 11), Target(LOGIN, 12)}
    assert result.primary == Target(LOGIN)


def test_one_task_of_an_ordered_phase_is_not_all_of_it() -> None:
    commit = Call(1, 10 * DAY, commits=("3f2a9c1d",))
    command = order("/dev:execute-phase", f"1 {PLANS}/passkey-login-v1.md")
    assert match(session(commands=(command,), calls=(commit,)), plans()).primary == Target(LOGIN, 11)
    assert match(session(calls=(commit,)), plans()).primary == Target(LOGIN, 11, 111)


def test_saying_the_same_again_adds_nothing() -> None:
    once = match(session(prompts=said("passkey-login")), plans())
    often = match(session(prompts=said("passkey-login") * 30), plans())
    assert links(once) == links(often)


def test_nothing_planned_gives_nothing() -> None:
    signals = session(prompts=said("passkey-login PK-001 phase 2"))
    assert match(signals, PlanIndex.build([], [], [])) == Match((), None)


def test_names_shared_by_two_features_mean_neither() -> None:
    index = PlanIndex.build(
        [
            PlanFeature(1, "menu-bar-v1"),
            PlanFeature(2, "menu-bar-v2"),
            PlanFeature(3, "tool-bar", ("tool-bar",)),
        ],
        [],
        [],
    )
    assert gather_evidence(session(prompts=said("menu-bar")), index) == []
    [exact] = gather_evidence(session(prompts=said("menu-bar-v2")), index)
    assert exact.target == Target(2)


TARGETS = st.sampled_from([Target(1), Target(1, 11), Target(1, 11, 111), Target(2), Target(2, 21), Target(3)])


def pieces_of(kinds: Iterable[str]) -> st.SearchStrategy[Evidence]:
    return st.builds(
        lambda kind, detail, target, part: Evidence(kind, detail, RULES[kind].weight * part, target),
        st.sampled_from(sorted(kinds)),
        st.sampled_from("abc"),
        TARGETS,
        st.floats(0.05, 1),
    )


PIECES = pieces_of(RULES)
MANY = st.lists(PIECES, max_size=12)


def features(result: Match) -> dict[int, float]:
    return {
        c.target.feature: c.confidence for c in result.candidates if c.target.phase is c.target.task is None
    }


def rank(of: int, found: dict[int, float]) -> int:
    return sum(confidence > found.get(of, 0) + 1e-9 for confidence in found.values())


@given(MANY)
@settings(max_examples=150, deadline=None)
def test_confidence_is_a_probability_and_evidence_stays_with_its_target(pieces: list[Evidence]) -> None:
    result = score(pieces)
    assert all(0 <= c.confidence <= 1 for c in result.candidates)
    assert all(c.target.holds(piece.target) for c in result.candidates for piece in c.evidence)
    assert all(c.strategy in {piece.kind for piece in c.evidence} for c in result.candidates)


@given(MANY, PIECES)
@settings(max_examples=150, deadline=None)
def test_more_evidence_never_lowers_the_rank_of_what_it_speaks_for(
    pieces: list[Evidence], more: Evidence
) -> None:
    before, after = features(score(pieces)), features(score([*pieces, more]))
    of = more.target.feature
    assert after[of] >= before.get(of, 0) - 1e-9
    assert rank(of, after) <= rank(of, before)
    assert all(after[other] <= before[other] + 1e-9 for other in before if other != of)


@given(MANY)
@settings(max_examples=100, deadline=None)
def test_the_order_of_evidence_changes_nothing(pieces: list[Evidence]) -> None:
    assert summary(score(pieces)) == summary(score(pieces[::-1]))


def summary(result: Match) -> tuple[Any, ...]:
    return [(c.target, round(c.confidence, 9)) for c in result.candidates], result.primary


@given(st.lists(pieces_of(WEAK), max_size=12))
@settings(max_examples=50, deadline=None)
def test_weak_kinds_together_are_no_link(pieces: Iterable[Evidence]) -> None:
    assert score(list(pieces)).links == ()


@given(MANY)
@settings(max_examples=100, deadline=None)
def test_the_main_target_is_one_of_the_links(pieces: list[Evidence]) -> None:
    result = score(pieces)
    assert result.primary is None or result.primary in {c.target for c in result.links}


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_command_or_prompt_breaks_the_rules(name: str, text: str) -> None:
    signals = session(commands=(order(name, text),), prompts=said(text), branches=((text, 5),), title=text)
    match(signals, plans())
