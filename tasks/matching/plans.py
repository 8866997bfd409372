"""What a project plans, and an index of every name and path by which work can be recognised."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import NamedTuple

from tasks.matching.mentions import canonical
from tasks.matching.orders import ALL, phase_number, plan_in_phase

LEAST_PATH_PARTS = 2  # "README.md" is in every folder
MOST_PATH_PARTS = 40


class Target(NamedTuple):
    """A feature, one of its phases, or a task, by their keys."""

    feature: int
    phase: int | None = None
    task: int | None = None

    def holds(self, other: "Target") -> bool:
        """Whether `other` is this target or a part of it."""
        return (
            self.feature == other.feature
            and self.phase in (None, other.phase)
            and self.task in (None, other.task)
        )


class Days(NamedTuple):
    """When something was worked on, epoch milliseconds; None where no plan says."""

    start_ms: int | None = None
    end_ms: int | None = None


UNKNOWN_DAYS = Days()


@dataclass(frozen=True, slots=True)
class PlanTask:
    """A task; `phase` is the key of its phase."""

    key: int
    feature: int
    phase: int | None = None
    name: str = ""  # the id the plan gives it
    documents: tuple[str, ...] = ()  # a file that is this task alone
    files: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    days: Days = UNKNOWN_DAYS


@dataclass(frozen=True, slots=True)
class PlanPhase:
    """A phase; `documents` are the files about it alone."""

    key: int
    feature: int
    token: str
    documents: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    pull_requests: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    days: Days = UNKNOWN_DAYS


@dataclass(frozen=True, slots=True)
class PlanFeature:
    """A feature; paths are relative to the project's folder, with slashes."""

    key: int
    slug: str
    aliases: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    pull_requests: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    days: Days = UNKNOWN_DAYS


Names = dict[str, set[Target]]


@dataclass(slots=True)
class PlanIndex:
    """Every way to recognise a project's plans; built once, asked for each session."""

    slugs: Names = field(default_factory=lambda: defaultdict(set))
    aliases: Names = field(default_factory=lambda: defaultdict(set))
    ids: Names = field(default_factory=lambda: defaultdict(set))
    requests: Names = field(default_factory=lambda: defaultdict(set))
    sessions: Names = field(default_factory=lambda: defaultdict(set))
    # By their first seven digits: (the whole reference, its target).
    commits: dict[str, set[tuple[str, Target]]] = field(default_factory=lambda: defaultdict(set))
    pull_requests: Names = field(default_factory=lambda: defaultdict(set))
    phases: Names = field(default_factory=lambda: defaultdict(set))  # by normalised number
    documents: Names = field(default_factory=lambda: defaultdict(set))
    folders: dict[str, Target] = field(default_factory=dict)
    files: Names = field(default_factory=lambda: defaultdict(set))
    agents: Names = field(default_factory=lambda: defaultdict(set))
    # Folders in which each phase has a folder of its own, named by its number.
    numbered: set[str] = field(default_factory=set)
    days: dict[Target, Days] = field(default_factory=dict)

    @classmethod
    def build(
        cls, features: Iterable[PlanFeature], phases: Iterable[PlanPhase], tasks: Iterable[PlanTask]
    ) -> "PlanIndex":
        """The index of one project's plans."""
        index = cls()
        for feature in features:
            index._add_feature(feature)
        for phase in phases:
            index._add_phase(phase)
        for task in tasks:
            index._add_task(task)
        index._note_folders()
        return index

    def _add_feature(self, feature: PlanFeature) -> None:
        target = Target(feature.key)
        self.slugs[feature.slug.lower().replace("_", "-")].add(target)
        for name in (feature.slug, *feature.aliases):
            if number := leading_number(name) or phase_number(name):
                self.phases[number].add(target)
            self.aliases[name.lower().replace("_", "-")].add(target)
            self.aliases[canonical(name)].add(target)
        _add(self.requests, feature.requests, target)
        _add(self.pull_requests, map(pull_request_number, feature.pull_requests), target)
        self._add_common(feature, target)
        _add(self.documents, map(clean_path, feature.documents), target, fold=False)

    def _add_phase(self, phase: PlanPhase) -> None:
        target = Target(phase.feature, phase.key)
        if number := phase_number(phase.token):
            self.phases[number].add(target)
        _add(self.pull_requests, map(pull_request_number, phase.pull_requests), target)
        _add(self.agents, phase.agents, target)
        self._add_common(phase, target)
        self._add_documents(phase.documents, target)

    def _add_task(self, task: PlanTask) -> None:
        target = Target(task.feature, task.phase, task.key)
        _add(self.ids, {task.name, plan_in_phase(task.name)}, target)
        self._add_documents(task.documents, target)
        _add(self.agents, task.agents, target)
        self._add_common(task, target)

    def _add_documents(self, paths: Iterable[str], target: Target) -> None:
        """A file of a part is no longer a file of the whole: the part says the same more exactly."""
        for path in map(clean_path, paths):
            self.documents[path] = {t for t in self.documents[path] if not t.holds(target)} | {target}

    def _add_common(self, of: PlanFeature | PlanPhase | PlanTask, target: Target) -> None:
        _add(self.sessions, of.sessions, target)
        for commit in of.commits:
            self.commits[commit[:7].lower()].add((commit.lower(), target))
        _add(self.files, map(clean_path, of.files), target, fold=False)
        if of.days != UNKNOWN_DAYS:
            self.days[target] = of.days

    def _note_folders(self) -> None:
        """A folder that bears the name of the one feature or phase its documents are about stands for it."""
        inside: Names = defaultdict(set)
        for path, targets in self.documents.items():
            inside[str(PurePosixPath(path).parent)] |= targets
        for folder, targets in inside.items():
            here, phase = PurePosixPath(folder), only_phase(targets)
            feature = only({Target(t.feature) for t in targets})
            if phase and phase in self.phases.get(leading_number(here.name), ()):
                self.folders[folder] = phase
            elif feature and feature in self.phases.get(leading_number(here.name), ()):
                self.folders[folder] = feature
            elif feature and self.feature_named(canonical(here.name)) == feature:
                self.folders[folder] = feature
                continue
            else:
                continue
            self.numbered.add(str(here.parent))

    def target_of_folder(self, folder: str) -> Target | None:
        """What a folder stands for: as its documents say, or by its number beside other numbered folders."""
        if folder in self.folders:
            return self.folders[folder]
        parent, _, name = folder.rpartition("/")
        return self.phase_numbered(leading_number(name)) if parent in self.numbered else None

    def target_of_path(self, path: str, roots: tuple[str, ...]) -> tuple[str, Target] | None:
        """What a plan's file is about, with the path as plans cite it; None for a file that is no plan's.

        A new file in a plan's own folder counts as the plan's.
        """
        for cited in relative_paths(path, roots):
            if cited in self.documents:
                found = only(self.documents[cited]) or only_phase(self.documents[cited])
                return (cited, found) if found else None
            for folder in path_and_parents(cited):
                if target := self.target_of_folder(folder):
                    return cited, target
        return None

    def feature_named(self, name: str) -> Target | None:
        """The one feature with this slug; else the one with this alias."""
        name = name.lower().replace("_", "-")
        return only(self.slugs.get(name)) or only(self.aliases.get(name)) or None

    def phase_numbered(self, number: str, feature: int | None = None) -> Target | None:
        """The one phase with this number, in the project or in a feature; a feature may bear the number itself."""
        found = {t for t in self.phases.get(number, ()) if feature in (None, t.feature)}
        return only(t for t in found if not any(t != other and t.holds(other) for other in found))

    def days_of(self, target: Target) -> Days:
        """The days of a target, else of what holds it."""
        for known in (target, Target(target.feature, target.phase), Target(target.feature)):
            if known in self.days:
                return self.days[known]
        return UNKNOWN_DAYS


def _add(names: Names, values: Iterable[str], target: Target, *, fold: bool = True) -> None:
    for value in values:
        if value := value.strip():
            names[value.lower() if fold else value].add(target)


def leading_number(name: str) -> str:
    """The number that a folder or slug begins with ("12.3-new-login" gives "12.3"), or ""; years are none."""
    head, mark, rest = name.partition("-")
    number = phase_number(head) if mark and rest else ""
    return number if number != ALL and len(number.partition(".")[0]) < len("1000") else ""


def only[T](found: Iterable[T] | None) -> T | None:
    """The single element; None where there is none, or more than one."""
    elements = set(found or ())
    return elements.pop() if len(elements) == 1 else None


def only_phase(targets: Iterable[Target]) -> Target | None:
    """The phase that all targets are or belong to."""
    phases = {Target(t.feature, t.phase) for t in targets}
    found = only(phases)
    return found if found and found.phase is not None else None


def clean_path(path: str) -> str:
    """A cited path as the index keeps it: slashes, nothing before the first folder."""
    path = path.strip().replace("\\", "/").removeprefix("@")
    while path.startswith(("./", "/")):
        path = path.removeprefix("./").lstrip("/")
    return path.rstrip("/")


def pull_request_number(reference: str) -> str:
    """The number in "#12", "12" or a pull request's address, or ""."""
    last = reference.strip().rstrip("/").rpartition("/")[2].removeprefix("#").removeprefix("PR-")
    return last if last.isdecimal() else ""


def path_and_parents(path: str) -> Iterator[str]:
    """A path and the folders it lies in, innermost first."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def relative_paths(path: str, roots: tuple[str, ...]) -> Iterator[str]:
    """How plans of the project may cite a path: under a root, else each of its endings, longest first.

    Endings find files of a clone elsewhere and of worktrees; they keep at least two parts, and have as many as the
    paths of plans may have: what a stranger made of slashes is not tried from each of them on.
    """
    path = path.replace("\\", "/")
    for root in roots:
        if root and path.startswith(root.rstrip("/") + "/"):
            yield path[len(root.rstrip("/")) + 1 :]
    if not path.startswith("/") and path[1:3] != ":/":
        yield clean_path(path)
    parts = [part for part in path.split("/") if part][-MOST_PATH_PARTS:]
    for start in range(len(parts) - LEAST_PATH_PARTS + 1):
        yield "/".join(parts[start:])
