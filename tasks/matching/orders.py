"""Slash commands that order work on a plan: which paths and which phases they name."""

import re
from typing import NamedTuple

ALL = "all"
MOST_PHASES = 50  # "1-2024" is no list of phases
MOST_DIGITS = 9

_PATH = re.compile(r"(?<![\w.~@+/-])@?[\"']?((?:[\w.~@+-]*/)+[\w.@+-]+|[\w.@+-]+\.md)[\"']?")
_NUMBER = r"\d+(?:\.\d+)*"
_LIST = re.compile(
    rf"(?:phases?[\s:#-]*)?({_NUMBER}(?:\s*(?:,|&|\+|/|\.\.|-|–|to\b|and\b|through\b)\s*(?:phases?\s+)?{_NUMBER})*)(?![\w.])",
    re.IGNORECASE,
)
_EVERY = re.compile(r"(?:phases?[\s:]*)?all\b|all[\s-]+phases?\b", re.IGNORECASE)
_SPLIT = re.compile(r"(?<!\s)\s*(,|&|\+|/|\.\.|-|–|to\b|and\b|through\b)\s*(?:phases?\s+)?", re.IGNORECASE)
_RANGES = frozenset({"..", "-", "–", "to", "through"})
_MENTION = re.compile(rf"\bphases?[\s:#_-]*(?={_NUMBER})", re.IGNORECASE)
_FLAG = re.compile(r"(?:^|\s)--?[a-z][\w-]*(?:=\S+)?", re.IGNORECASE)

# Names of commands whose argument is the number of a phase, or of a plan inside one ("12-01").
_TAKES_PHASE = re.compile(r"(?:^|[:/_-])(?:phases?|verify-work|execute-plan)$", re.IGNORECASE)
# These name the phase beside the one that they make or take away.
_CHANGES_LIST = re.compile(r"(?:^|[:/_-])(?:insert|add|remove|delete)[_-]", re.IGNORECASE)
# Commands of the agent itself, which order no work whatever stands behind them.
_BUILT_IN = frozenset(
    {
        *("add-dir", "agents", "bug", "clear", "compact", "config", "context", "cost", "doctor", "export"),
        *("help", "hooks", "ide", "init", "login", "logout", "mcp", "memory", "model", "permissions"),
        *("plugin", "rename", "resume", "rewind", "status", "statusline", "theme", "usage"),
    }
)


class Order(NamedTuple):
    """What a command's arguments name. `phases` are normalised numbers, or (ALL,)."""

    paths: tuple[str, ...]
    phases: tuple[str, ...]
    plan: str  # "12-1" for plan 1 of phase 12, as `execute-plan` takes it; "" otherwise


NOTHING = Order((), (), "")


def parse_order(name: str, args: str) -> Order:
    """What a slash command orders; nothing at all for a command that neither has a path nor takes a phase."""
    name = name.strip().lstrip("/")
    if name in _BUILT_IN:
        return NOTHING
    paths = tuple(dict.fromkeys(found.strip("./") or found for found in _PATH.findall(_without_flags(args))))
    rest = _PATH.sub(" ", _without_flags(args)).strip(" \"'")
    takes_phase = bool(_TAKES_PHASE.search(name)) and not _CHANGES_LIST.search(name)
    phases = leading_phases(rest) if takes_phase else ()
    plan = plan_in_phase(rest) if takes_phase else ""
    if plan:
        phases = (plan.partition("-")[0],)
    return Order(paths, phases, plan)


def leading_phases(text: str) -> tuple[str, ...]:
    """The phases a text begins with: "1 & 2", "1-3", "phases 2, 4", "all"."""
    text = text.strip()
    if _EVERY.match(text):
        return (ALL,)
    found = _LIST.match(text)
    return _numbers(found[1]) if found else ()


def mentioned_phases(text: str) -> tuple[str, ...]:
    """Every phase that a text names by the word "phase" and a number, in order, each once."""
    found: dict[str, None] = {}
    for mark in _MENTION.finditer(text):
        found.update(dict.fromkeys(leading_phases(text[mark.end() :])))
    return tuple(found)


def phase_number(raw: str) -> str:
    """A phase's number in one spelling: "04.1" and "4.1" are the same; "" when it is none."""
    raw = raw.strip().lower().removeprefix("phase").strip(" -_:#")
    if raw in (ALL, "all-phases"):
        return ALL
    parts = raw.split(".")
    is_number = all(part.isdecimal() and len(part) <= MOST_DIGITS for part in parts)
    return ".".join(str(int(part)) for part in parts) if is_number else ""


def _without_flags(args: str) -> str:
    return _FLAG.sub(" ", args)


def _numbers(text: str) -> tuple[str, ...]:
    parts = _SPLIT.split(text)
    found = [phase_number(parts[0])]
    for joint, raw in zip(parts[1::2], parts[2::2], strict=True):
        number = phase_number(raw)
        found += _between(found[-1], number) if joint.lower() in _RANGES else ()
        found.append(number)
    return tuple(dict.fromkeys(found))


def _between(first: str, last: str) -> list[str]:
    if not (first.isdecimal() and last.isdecimal() and 0 < int(last) - int(first) <= MOST_PHASES):
        return []
    return [str(n) for n in range(int(first) + 1, int(last))]


def plan_in_phase(text: str) -> str:
    """ "12-01" in one spelling ("12-1"): the first plan of phase 12, and not a range; "" for anything else."""
    found = re.match(rf"({_NUMBER})-(\d+)(?![\w.])", text)
    number = phase_number(found[1]) if found else ""
    if not found or not number or len(found[2]) > MOST_DIGITS:
        return ""
    if not found[2].startswith("0") and int(found[2]) > int(number.partition(".")[0]):
        return ""
    return f"{number}-{int(found[2])}"
