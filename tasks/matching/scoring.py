"""From pieces of evidence to scored candidates, of which at most one is what the session was mainly for."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import NamedTuple

from tasks.matching.evidence import gather_evidence
from tasks.matching.plans import PlanIndex, Target
from tasks.matching.rules import RULES, WEAK, Evidence, Role
from tasks.matching.signals import SessionSignals

LINK_FROM = 0.5
PRIMARY_FROM = 0.6
# The best must be in at most this part of the next one's doubt (1 - confidence) to be clearly ahead of it.
CLEARLY_AHEAD = 0.7
# The part of what was found in a feature that one of its phases (or tasks) must hold to stand for it.
DOMINANT = 0.6
# Of indirect evidence, what is left when it speaks for many targets at once.
AMBIGUITY_FLOOR = 0.5

TargetOf = Callable[[Target], Target | None]


class Candidate(NamedTuple):
    """How well a target explains a session. `mass` is its evidence before doubt about which target is meant."""

    target: Target
    confidence: float
    strategy: str
    mass: float
    evidence: tuple[Evidence, ...]

    @property
    def is_link(self) -> bool:
        return self.confidence >= LINK_FROM


class Match(NamedTuple):
    """What a session served: candidates at every level, best first, and the main one of the links among them."""

    candidates: tuple[Candidate, ...]
    primary: Target | None

    @property
    def links(self) -> tuple[Candidate, ...]:
        return tuple(c for c in self.candidates if c.is_link)


def match(signals: SessionSignals, index: PlanIndex) -> Match:
    """Everything in a project's plans that a session may have served."""
    return score(gather_evidence(signals, index))


def score(found: Sequence[Evidence]) -> Match:
    """Candidates from evidence. More evidence for a feature never lowers it, nor raises another feature."""
    features = _level(found, lambda t: Target(t.feature))
    whole = {c.target.feature: c.confidence for c in features}
    phases = _parts(found, whole, lambda t: Target(t.feature, t.phase) if t.phase is not None else None)
    tasks = _parts(found, whole, lambda t: t if t.task is not None else None)
    candidates = tuple(sorted([*features, *phases, *tasks], key=_rank))
    return Match(candidates, _primary(features, phases, tasks))


def combined(weights: Iterable[float]) -> float:
    """How likely at least one of independent witnesses is right (noisy or)."""
    return 1 - prod(1 - weight for weight in weights)


def mass_of(pieces: Iterable[Evidence]) -> float:
    """What pieces of evidence for one thing say together, without doubt about which thing is meant."""
    return combined(_strengths(pieces).values())


def _level(found: Iterable[Evidence], of: TargetOf) -> list[Candidate]:
    groups: dict[Target, list[Evidence]] = defaultdict(list)
    for piece in found:
        target = of(piece.target)
        if target is not None:
            groups[target].append(piece)
    masses = {target: mass_of(pieces) for target, pieces in groups.items()}
    total = sum(masses.values())
    made = [_candidate(target, pieces, masses[target], total) for target, pieces in groups.items()]
    return sorted(made, key=_rank)


def _parts(found: Iterable[Evidence], whole: dict[int, float], of: TargetOf) -> list[Candidate]:
    """Candidates below features, each feature's among themselves; none is surer than its feature."""
    by_feature: dict[int, list[Evidence]] = defaultdict(list)
    for piece in found:
        by_feature[piece.target.feature].append(piece)
    made = [c for pieces in by_feature.values() for c in _level(pieces, of)]
    capped = [c._replace(confidence=min(c.confidence, whole[c.target.feature])) for c in made]
    return sorted(capped, key=_rank)


def _candidate(target: Target, pieces: list[Evidence], mass: float, total: float) -> Candidate:
    strengths = _strengths(pieces)
    direct = combined(s for kind, s in strengths.items() if RULES[kind].direct)
    indirect = combined(s for kind, s in strengths.items() if not RULES[kind].direct)
    share = mass / total if total else 0.0
    certainty = AMBIGUITY_FLOOR + (1 - AMBIGUITY_FLOOR) * share
    confidence = combined((direct, indirect * certainty))
    if not strengths.keys() - WEAK:
        confidence = min(confidence, LINK_FROM / 2)
    strategy = max(strengths, key=lambda kind: (strengths[kind], RULES[kind].weight))
    return Candidate(target, confidence, strategy, mass, tuple(sorted(pieces, key=_place)))


def _strengths(pieces: Iterable[Evidence]) -> dict[str, float]:
    """{kind: what its pieces say together}; the same thing found again says nothing more."""
    distinct: dict[str, dict[str, float]] = defaultdict(dict)
    for piece in pieces:
        kind = distinct[piece.kind]
        kind[piece.detail] = max(kind.get(piece.detail, 0.0), piece.weight)
    return {kind: min(RULES[kind].cap, combined(said.values())) for kind, said in distinct.items()}


def _primary(features: list[Candidate], phases: list[Candidate], tasks: list[Candidate]) -> Target | None:
    """The feature that is clearly ahead, or the part of it that holds most of what was found."""
    best = _clear_winner(features)
    if best is None or best.confidence < PRIMARY_FROM:
        return None
    phase = _dominant(best, phases)
    return (_dominant(phase or best, tasks) or phase or best).target


def _clear_winner(features: list[Candidate]) -> Candidate | None:
    """The best; among those about as good, the one whose dates the session lies in, if it is the only one."""
    if not features:
        return None
    doubt = 1 - features[0].confidence
    close = [c for c in features if (1 - c.confidence) * CLEARLY_AHEAD < doubt or c is features[0]]
    if len(close) == 1:
        return close[0]
    in_dates = [c for c in close if any(piece.kind == "time" for piece in c.evidence)]
    return in_dates[0] if len(in_dates) == 1 else None


def _dominant(whole: Candidate, parts: list[Candidate]) -> Candidate | None:
    """The part that holds most of what was found in the parts; none where the whole itself was ordered."""
    ordered = (p for p in whole.evidence if RULES[p.kind].direct and RULES[p.kind].role is Role.ORDER)
    inside = [c for c in parts if c.target != whole.target and whole.target.holds(c.target)]
    total = sum(c.mass for c in inside)
    best = max(inside, key=lambda c: c.mass, default=None)
    if best is None or not best.is_link or any(piece.target == whole.target for piece in ordered):
        return None
    return best if best.mass / total >= DOMINANT else None


def _rank(candidate: Candidate) -> tuple[float, float, int, int, int]:
    target = candidate.target
    return (-candidate.confidence, -candidate.mass, target.feature, target.phase or 0, target.task or 0)


def _place(piece: Evidence) -> tuple[float, float, str, str]:
    return (-piece.weight, piece.at_ms or 0, piece.kind, piece.detail)
