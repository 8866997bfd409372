"""From what a session did and what its project plans to links with their evidence. Pure: no database.

`match` gives scored candidates, `spans` the moments at which the session moved from one to another.
How the weights combine and why is in docs/decisions/0020-how-work-is-linked.md.
"""

from tasks.matching.evidence import gather_evidence
from tasks.matching.plans import Days, PlanFeature, PlanIndex, PlanPhase, PlanTask, Target
from tasks.matching.rules import RULES, Evidence, Role, Rule
from tasks.matching.scoring import LINK_FROM, PRIMARY_FROM, Candidate, Match, mass_of, match, score
from tasks.matching.signals import Call, Command, Said, SessionSignals
from tasks.matching.spans import Span, spans

__all__ = [
    "LINK_FROM",
    "PRIMARY_FROM",
    "RULES",
    "Call",
    "Candidate",
    "Command",
    "Days",
    "Evidence",
    "Match",
    "PlanFeature",
    "PlanIndex",
    "PlanPhase",
    "PlanTask",
    "Role",
    "Rule",
    "Said",
    "SessionSignals",
    "Span",
    "Target",
    "gather_evidence",
    "mass_of",
    "match",
    "score",
    "spans",
]
