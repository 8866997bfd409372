"""When in a session the work moved from one plan to another, so that every response belongs to exactly one.

Orders (a command, an id in a prompt, a branch) look forward: from here on. Outcomes (a plan's file written, a commit
that the plan names) look back: what led here was for this, unless an order had said otherwise. Time for which
nothing speaks stays unattributed.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from tasks.matching.plans import Target
from tasks.matching.rules import RULES, Evidence, Role
from tasks.matching.signals import SessionSignals

DEFAULT_BRANCHES = frozenset({"", "main", "master", "trunk", "develop", "dev", "HEAD"})
# One write into another plan is housekeeping; this many in a row are work on it.
OUTCOMES_TO_MOVE = 2


class Span(NamedTuple):
    """From `from_ms` until the next span: what was worked on; all None where nothing says."""

    from_ms: int
    feature: int | None
    phase: int | None
    task: int | None

    @property
    def target(self) -> Target | None:
        """What was worked on; None where nothing says."""
        return None if self.feature is None else Target(self.feature, self.phase, self.task)


class _Step(NamedTuple):
    at_ms: int
    role: Role
    target: Target | None  # None: a branch that no plan knows


def spans(
    signals: SessionSignals,
    evidence: Sequence[Evidence],
    linked: Collection[Target],
    default: Target | None = None,
) -> list[Span]:
    """The course of a session, first span first; empty when it has no time at all.

    `linked`: the targets the session is linked to; evidence for others moves nothing. `default`: what time belongs
    to that nothing else claims (a link made by hand, a session that a plan names).
    """
    steps = sorted(_steps(signals, evidence, linked), key=lambda s: (s.at_ms, s.role is Role.OUTCOME))
    start = signals.started_ms if signals.started_ms is not None else steps[0].at_ms if steps else None
    if start is None:
        return []
    course = _Course([(start, None)])
    for step in steps:
        course.take(step)
    return list(_merged((at, target or default) for at, target in course.moves))


@dataclass(slots=True)
class _Course:
    """Where the work stands while steps are taken in order of time."""

    moves: list[tuple[int, Target | None]]
    ordered: bool = False  # True: an order set the current target
    on_branch: int | None = None  # the feature whose branch is checked out
    waiting: list[_Step] = field(default_factory=list)  # outcomes elsewhere, not yet enough to move

    @property
    def current(self) -> Target | None:
        return self.moves[-1][1]

    def take(self, step: _Step) -> None:
        if step.target is None:
            self._leave_branch(step)
        elif step.role is Role.OUTCOME:
            self._conclude(step, step.target)
        else:
            self.on_branch = step.target.feature if step.role is Role.STATE else self.on_branch
            self._move(step.at_ms, step.target, ordered=True)

    def _leave_branch(self, step: _Step) -> None:
        """From a plan's branch to one that no plan knows: to work that nobody planned."""
        if self.current and self.current.feature == self.on_branch:
            self._move(step.at_ms, None, ordered=False)
        self.on_branch = None

    def _conclude(self, step: _Step, target: Target) -> None:
        current = self.current
        if current is None or (current != target and current.holds(target)):
            self.moves[-1] = (self.moves[-1][0], target)
            self.ordered = self.ordered and current is not None
            self.waiting.clear()
        elif target.holds(current):
            self.waiting.clear()
        elif current.feature == target.feature and not self.ordered:
            self._move(step.at_ms, target, ordered=False)
        else:
            self._wait(step, target)

    def _wait(self, step: _Step, target: Target) -> None:
        """Move only when outcomes for the same other target follow each other."""
        if self.waiting and self.waiting[0].target != target:
            self.waiting.clear()
        self.waiting.append(step)
        if len(self.waiting) >= OUTCOMES_TO_MOVE:
            self._move(self.waiting[0].at_ms, target, ordered=False)

    def _move(self, at_ms: int, target: Target | None, *, ordered: bool) -> None:
        self.ordered = ordered
        self.waiting.clear()
        if (
            target is not None
            and self.current is not None
            and target != self.current
            and target.holds(self.current)
        ):
            return  # "go on with the feature" does not leave its phase
        if target != self.current:
            self.moves.append((at_ms, target))


def _steps(
    signals: SessionSignals, evidence: Sequence[Evidence], linked: Collection[Target]
) -> Iterator[_Step]:
    timed = [e for e in evidence if e.at_ms is not None and RULES[e.kind].role is not Role.HINT]
    placed = sorted(timed, key=lambda e: (e.at_ms or 0, e.seq or 0, e.call or 0, RULES[e.kind].role.value))
    for (at_ms, _, _, role), pieces in groupby(
        placed, key=lambda e: (e.at_ms or 0, e.seq, e.call, RULES[e.kind].role)
    ):
        target = _common(t for piece in pieces if (t := _linked_part(piece.target, linked)))
        if target:
            yield _Step(at_ms, role, target)
    known = {e.detail for e in evidence if e.kind == "branch"}
    for name, at in signals.branches:
        if at is not None and name not in known and name not in DEFAULT_BRANCHES:
            yield _Step(at, Role.STATE, None)


def _linked_part(target: Target, linked: Collection[Target]) -> Target | None:
    """The most exact part of a target that the session is linked to."""
    parts = (target, Target(target.feature, target.phase), Target(target.feature))
    return next((part for part in parts if part in linked), None)


def _common(targets: Iterable[Target]) -> Target | None:
    """What all targets are parts of; None for none, or for several features."""
    found = set(targets)
    if len({t.feature for t in found}) != 1:
        return None
    first = next(iter(found))
    if len(found) == 1:
        return first
    same_phase = len({t.phase for t in found}) == 1
    return Target(first.feature, first.phase if same_phase else None)


def _merged(moves: Iterable[tuple[int, Target | None]]) -> Iterator[Span]:
    """Spans without neighbours that say the same, and without any that last no time."""
    kept: list[tuple[int, Target | None]] = []
    for at_ms, target in moves:
        if kept and kept[-1][0] == at_ms:
            kept.pop()
        if not kept or kept[-1][1] != target:
            kept.append((at_ms, target))
    for at_ms, target in kept:
        yield Span(at_ms, *(target or (None, None, None)))
