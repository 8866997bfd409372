"""The kinds of evidence that a session served a plan: one small rule each, with its weight.

A weight is how far one piece of this kind, alone, speaks for a link: 1 is certainty. `cap` is the most that any
number of pieces of the kind say together, for ten reads of a plan are not ten independent witnesses.
"""

from enum import Enum
from typing import NamedTuple

from tasks.matching.plans import Target


class Role(Enum):
    """What evidence says about the time around it."""

    ORDER = "order"  # work on it begins here
    OUTCOME = "outcome"  # work on it was done by here
    STATE = "state"  # holds until it changes
    HINT = "hint"  # says nothing about when


class Rule(NamedTuple):
    """A kind of evidence. `direct`: someone named the plan as what this work is for, so others do not cast doubt."""

    weight: float
    cap: float
    role: Role
    direct: bool
    meaning: str


RULES: dict[str, Rule] = {
    "explicit_session": Rule(0.99, 0.99, Role.HINT, True, "the plan names this session"),
    "commit_ref": Rule(0.95, 0.98, Role.OUTCOME, True, "the plan names a commit made here"),
    "pr_ref": Rule(0.90, 0.95, Role.OUTCOME, True, "the plan names a pull request made here"),
    "command_path": Rule(0.92, 0.95, Role.ORDER, True, "a slash command was given the plan's path"),
    "command_phase": Rule(0.90, 0.93, Role.ORDER, True, "a slash command was given the phase's number"),
    "command_slug": Rule(0.85, 0.90, Role.ORDER, True, "a slash command was given the plan's name"),
    "inherited": Rule(0.90, 0.90, Role.HINT, True, "the session that started this agent served it then"),
    "request_id": Rule(0.85, 0.90, Role.ORDER, True, "a prompt names the request behind the plan"),
    "task_id": Rule(0.75, 0.90, Role.ORDER, False, "a prompt names a task by its id"),
    "prompt_path": Rule(0.70, 0.80, Role.ORDER, False, "a prompt names the plan's path"),
    "plan_written": Rule(0.70, 0.85, Role.OUTCOME, False, "a file of the plan was written"),
    "branch": Rule(0.70, 0.80, Role.STATE, False, "the branch bears the plan's name or number"),
    "plan_in_shell": Rule(
        0.60, 0.70, Role.OUTCOME, False, "a shell command made or committed a file of the plan"
    ),
    "prompt_slug": Rule(0.60, 0.75, Role.ORDER, False, "a prompt names the plan"),
    "prompt_phase": Rule(0.40, 0.45, Role.ORDER, False, "a prompt names the phase's number"),
    "title": Rule(0.40, 0.45, Role.HINT, False, "the session's title names the plan"),
    "skill": Rule(0.30, 0.30, Role.HINT, False, "a skill bears the plan's name"),
    "scope_written": Rule(0.25, 0.60, Role.OUTCOME, False, "a file in the plan's declared scope was written"),
    "plan_read": Rule(0.12, 0.25, Role.HINT, False, "a file of the plan was read"),
    "agent": Rule(0.04, 0.08, Role.HINT, False, "an agent the plan assigns was at work"),
    "time": Rule(0.03, 0.03, Role.HINT, False, "the session lies in the plan's dates"),
}
# Support others; however many come together, they are no link by themselves.
WEAK = frozenset({"plan_read", "agent", "time"})

# A file that many plans declare says little about each; beyond this many, nothing.
MOST_SHARERS = 4
DAY_MS = 86_400_000
SLACK_MS = 3 * DAY_MS
# Of the weight of a file in scope, where the plan's dates do not confirm that the session belongs to them.
OUTSIDE_DATES = 0.4


class Evidence(NamedTuple):
    """One piece of evidence: `kind` is a key of RULES; `seq` or `call` says where in the session it stands."""

    kind: str
    detail: str
    weight: float
    target: Target
    at_ms: int | None = None
    seq: int | None = None
    call: int | None = None


def evidence(kind: str, detail: str, target: Target, of: object = None, part: float = 1.0) -> Evidence:
    """A piece of evidence of a kind, at the place of a signal; `part` of the kind's full weight."""
    weight = round(RULES[kind].weight * part, 4)
    seq, call = getattr(of, "seq", None), getattr(of, "key", None)
    return Evidence(kind, detail[:300], weight, target, getattr(of, "at_ms", None), seq, call)
