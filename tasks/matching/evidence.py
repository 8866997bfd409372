"""Finding each kind of evidence in a session's signals. The kinds and their weights are in rules.py."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tasks.matching.mentions import canonical, looks_like_id, same_commit, slugs_in, words
from tasks.matching.orders import ALL, NOTHING, Order, mentioned_phases, parse_order, phase_number
from tasks.matching.plans import (
    PlanIndex,
    Target,
    only,
    pull_request_number,
    relative_paths,
)
from tasks.matching.rules import (
    MOST_SHARERS,
    OUTSIDE_DATES,
    SLACK_MS,
    Evidence,
    evidence,
)
from tasks.matching.signals import READ, WRITTEN, Call, Command, Said, SessionSignals, branch_shares

_PATHS = re.compile(r"(?<![\w.~@+/-])(?:[\w.~@+-]*/)+[\w.@+-]+")
# Shell commands that make, move or commit the files they name; looking at a plan is no work on it.
_MAKING = re.compile(
    r"(?:^|[;&|\n][^\S\n]*)(?:mkdir|touch|mv|cp|tee|git\s+(?:add|commit|mv)|sed\s+-i)\b|>\s*[^\s>]*$"
)
_BRANCH_NUMBER = re.compile(
    r"(?:^|[/_-])(?:phase|quick|task|feature|feat|story|epic)s?[-_/]?(\d+(?:\.\d+)*)(?![\d.])", re.I
)
# Of the weight of a branch that was there for less than half of the session.
_WHOLE_BRANCH = 0.5


@dataclass(slots=True)
class Context:
    """A session beside its project's plans; `ordered` collects the features that commands named so far."""

    signals: SessionSignals
    index: PlanIndex
    ordered: list[int] = field(default_factory=list)


Finder = Callable[[Context], Iterable[Evidence]]


def gather_evidence(signals: SessionSignals, index: PlanIndex) -> list[Evidence]:
    """All evidence in a session, in the order of FINDERS; time and agents only where something else speaks."""
    context = Context(signals, index)
    found = [piece for finder in FINDERS for piece in finder(context)]
    return found + list(_supporting(context, found))


def _explicit_sessions(context: Context) -> Iterator[Evidence]:
    for name in sorted(context.signals.ids):
        for target in _ordered(context.index.sessions.get(name.lower(), ())):
            yield evidence("explicit_session", name, target)


def _commits(context: Context) -> Iterator[Evidence]:
    for call in context.signals.calls:
        for commit in call.commits:
            refs = context.index.commits.get(commit[:7].lower(), ())
            for target in _ordered({t for ref, t in refs if same_commit(commit.lower(), ref)}):
                yield evidence("commit_ref", commit, target, call)


def _pull_requests(context: Context) -> Iterator[Evidence]:
    for link in context.signals.pull_requests:
        if number := pull_request_number(link.text):
            for target in _ordered(context.index.pull_requests.get(number, ())):
                yield evidence("pr_ref", f"#{number}", target, link)


def _commands(context: Context) -> Iterator[Evidence]:
    for command in context.signals.commands:
        order = parse_order(command.name, command.args)
        if order is NOTHING:
            continue
        for piece in _order_evidence(context, command, order):
            context.ordered.append(piece.target.feature)
            yield piece


def _order_evidence(context: Context, command: Command, order: Order) -> Iterator[Evidence]:
    name = command.name if command.name.startswith("/") else f"/{command.name}"
    by_path = [
        hit for path in order.paths if (hit := context.index.target_of_path(path, context.signals.roots))
    ]
    for cited, target in by_path:
        for part in _phases_of(context.index, target, order.phases):
            yield evidence("command_path", f"{name} {cited}", part, command)
    if by_path:
        return
    by_name = list(_named(context.index, command.args))
    for slug, target in by_name:
        for part in _phases_of(context.index, target, order.phases):
            yield evidence("command_slug", f"{name} {slug}", part, command)
    if not by_name:
        yield from _numbered_order(context, command, order, name)


def _numbered_order(context: Context, command: Command, order: Order, name: str) -> Iterator[Evidence]:
    """A number without a plan: the phase of that number in the project, or in the plan that was ordered before."""
    for number in order.phases:
        target = context.index.phase_numbered(number)
        if target is None and context.ordered:
            target = _part(context.index, Target(context.ordered[-1]), number)
        if target is None:
            continue
        task = (
            only(t for t in context.index.ids.get(order.plan, ()) if target.holds(t)) if order.plan else None
        )
        yield evidence("command_phase", f"{name} {order.plan or number}", task or target, command)


def _phases_of(index: PlanIndex, target: Target, numbers: tuple[str, ...]) -> Iterator[Target]:
    """The parts of a feature that an order names; the feature itself where it names none, or all."""
    parts = [part for number in numbers if number != ALL and (part := _part(index, target, number))]
    yield from parts or [target]


def _part(index: PlanIndex, target: Target, number: str) -> Target | None:
    return index.phase_numbered(number, target.feature)


def _prompts(context: Context) -> Iterator[Evidence]:
    for prompt in context.signals.prompts:
        yield from _ids_in(context, prompt)
        yield from _paths_in(context, prompt)
        named = dict(_named(context.index, _PATHS.sub(" ", prompt.text)))
        for slug, target in named.items():
            yield evidence("prompt_slug", slug, target, prompt)
        yield from _phases_in(context, prompt, only(t.feature for t in named.values()))


def _ids_in(context: Context, prompt: Said) -> Iterator[Evidence]:
    for word in dict.fromkeys(words(prompt.text)):
        if not looks_like_id(word):
            continue
        if request := only(context.index.requests.get(word)):
            yield evidence("request_id", word, request, prompt)
        tasks = context.index.ids.get(word, set())
        # Ids repeat from plan to plan; then only a plan that commands named tells which one is meant.
        meant = only(tasks) or only(t for t in tasks if t.feature in context.ordered)
        if meant:
            yield evidence("task_id", word, meant, prompt)


def _paths_in(context: Context, prompt: Said) -> Iterator[Evidence]:
    for path in dict.fromkeys(_PATHS.findall(prompt.text)):
        if hit := context.index.target_of_path(path.removeprefix("@"), context.signals.roots):
            yield evidence("prompt_path", hit[0], hit[1], prompt)


def _phases_in(context: Context, prompt: Said, feature: int | None) -> Iterator[Evidence]:
    for number in mentioned_phases(prompt.text):
        target = context.index.phase_numbered(number, feature)
        if target is None and feature is None and context.ordered:
            target = context.index.phase_numbered(number, context.ordered[-1])
        if target:
            yield evidence("prompt_phase", f"phase {number}", target, prompt)


def _files(context: Context) -> Iterator[Evidence]:
    for call in context.signals.calls:
        if not call.path or call.action not in (READ, *WRITTEN):
            continue
        if hit := context.index.target_of_path(call.path, context.signals.roots):
            kind = "plan_read" if call.action == READ else "plan_written"
            yield evidence(kind, hit[0], hit[1], call)
        elif call.action in WRITTEN:
            yield from _scope(context, call)


def _scope(context: Context, call: Call) -> Iterator[Evidence]:
    cited, targets = _declared(context.index, call.path, context.signals.roots)
    sharers = {(t.feature, t.phase) for t in targets}
    if not 0 < len(sharers) <= MOST_SHARERS:
        return
    for target in _ordered(_most_exact(targets)):
        part = 1 / len(sharers) * (1.0 if _in_dates(context, target) else OUTSIDE_DATES)
        yield evidence("scope_written", cited, target, call, part)


def _declared(index: PlanIndex, path: str, roots: tuple[str, ...]) -> tuple[str, set[Target]]:
    for cited in relative_paths(path, roots):
        if cited in index.files:
            return cited, index.files[cited]
    return "", set()


def _most_exact(targets: set[Target]) -> set[Target]:
    """Without features and phases whose parts are there too; several tasks of a phase are the phase."""
    phases = {Target(t.feature, t.phase) for t in targets}
    exact = {only(t for t in targets if phase.holds(t)) or phase for phase in phases}
    return {t for t in exact if not any(t != other and t.holds(other) for other in exact)}


def _shell(context: Context) -> Iterator[Evidence]:
    for call in context.signals.calls:
        if not call.shell or not _MAKING.search(call.shell):
            continue
        for path in dict.fromkeys(_PATHS.findall(call.shell)):
            if hit := context.index.target_of_path(path, context.signals.roots):
                yield evidence("plan_in_shell", hit[0], hit[1], call)


def _branches(context: Context) -> Iterator[Evidence]:
    shares = branch_shares(context.signals)
    for name, at_ms in context.signals.branches:
        part = min(1.0, shares.get(name, 0.0) / _WHOLE_BRANCH)
        for target in _ordered(branch_targets(context.index, name)):
            yield evidence("branch", name, target, part=part)._replace(at_ms=at_ms)


def branch_targets(index: PlanIndex, name: str) -> set[Target]:
    """What a branch's name says it is for: a slug inside it, a numbered phase, or a task's id."""
    found = {target for _, target in _named(index, name.replace("/", " "))}
    for number in _BRANCH_NUMBER.findall(name):
        if phase := index.phase_numbered(phase_number(number)):
            found.add(phase)
    for segment in name.lower().split("/"):
        for candidate in (segment, *slugs_in(segment)):
            if looks_like_id(candidate) and (task := only(index.ids.get(candidate))):
                found.add(task)
    if whole := index.feature_named(canonical(name.rpartition("/")[2])):
        found.add(whole)
    return {t for t in found if not any(t != other and t.holds(other) for other in found)}


def _titles(context: Context) -> Iterator[Evidence]:
    named = dict(_named(context.index, context.signals.title))
    for slug, target in named.items():
        yield evidence("title", slug, target)
    for number in mentioned_phases(context.signals.title) if not named else ():
        if phase := context.index.phase_numbered(number):
            yield evidence("title", f"phase {number}", phase)


def _skills(context: Context) -> Iterator[Evidence]:
    for skill in sorted(context.signals.skills):
        for slug, target in _named(context.index, skill.replace(":", " ")):
            yield evidence("skill", f"{skill}: {slug}", target)


def _named(index: PlanIndex, text: str) -> Iterator[tuple[str, Target]]:
    """(slug, feature) of every plan a text names; inside a word, the longest name counts and no other."""
    for word in dict.fromkeys(words(text)):
        for slug in slugs_in(word):
            if target := index.feature_named(slug):
                yield slug, target
                break


def _supporting(context: Context, found: list[Evidence]) -> Iterator[Evidence]:
    """Dates and agents, for targets that something else speaks for."""
    targets = dict.fromkeys(part for piece in found for part in _and_wholes(piece.target))
    for target in targets:
        days = context.index.days.get(target)
        if days and _overlaps(context.signals, *days):
            yield evidence("time", "dates of the plan", target)
        for agent in sorted(context.signals.agents):
            if target in context.index.agents.get(agent.lower(), ()):
                yield evidence("agent", agent, target)


def _and_wholes(target: Target) -> tuple[Target, ...]:
    return target, Target(target.feature, target.phase), Target(target.feature)


def _in_dates(context: Context, target: Target) -> bool:
    return _overlaps(context.signals, *context.index.days_of(target))


def _overlaps(signals: SessionSignals, start_ms: int | None, end_ms: int | None) -> bool:
    """Whether the session lies in the days, with a little slack; False where either is unknown."""
    known = [at for at in (start_ms, end_ms) if at is not None]
    if signals.started_ms is None or not known:
        return False
    last = signals.ended_ms if signals.ended_ms is not None else signals.started_ms
    return min(known) - SLACK_MS <= last and signals.started_ms <= max(known) + SLACK_MS


def _ordered(targets: Iterable[Target]) -> list[Target]:
    """In an order that is the same in every run."""
    return sorted(targets, key=lambda t: (t.feature, t.phase or 0, t.task or 0))


# Commands come before prompts: they tell which plan is meant where ids and numbers repeat.
FINDERS: tuple[Finder, ...] = (
    _explicit_sessions,
    _commits,
    _pull_requests,
    _commands,
    _prompts,
    _files,
    _shell,
    _branches,
    _titles,
    _skills,
)
