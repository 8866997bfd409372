"""What a plan file says, in frozen values that can be written down as JSON and read back."""

from dataclasses import MISSING, dataclass, field, fields
from typing import Any, NamedTuple, Self

# Raise it when parsing the same bytes gives other values, so that stored ones are derived again from the archive.
FACTS_VERSION = 2

HIGH, MEDIUM, LOW = "high", "medium", "low"


class Problem(NamedTuple):
    """Something in a file that was not understood; `line` counts from 1 and is None for the whole file."""

    line: int | None
    reason: str
    detail: str
    excerpt: str = ""


class _Writable:
    """Dataclasses that write themselves down without the fields that have their default value."""

    __slots__ = ()

    def as_json(self) -> dict[str, Any]:
        found = {}
        for each in fields(self):  # type: ignore[arg-type]
            value = getattr(self, each.name)
            default = each.default_factory() if each.default_factory is not MISSING else each.default
            if value != default:
                found[each.name] = _plain(value)
        return found

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        known = {each.name: each for each in fields(cls)}  # type: ignore[arg-type]
        return cls(**{k: _value(known[k].metadata.get("of"), v) for k, v in data.items() if k in known})


def _plain(value: Any) -> Any:
    if isinstance(value, _Writable):
        return value.as_json()
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def _value(of: Any, data: Any) -> Any:
    if isinstance(data, list):
        return tuple(_item(of, item) for item in data)
    return _item(of, data)


def _item(of: Any, data: Any) -> Any:
    if of is None or data is None:
        return data
    return of(*data) if issubclass(of, tuple) else of.from_json(data)


@dataclass(frozen=True, slots=True)
class Stamp(_Writable):
    """A day as it is written (`on`, ISO), with the instant in UTC (`at`, ISO) where a time of day is written too."""

    on: str
    at: str = ""
    confidence: str = HIGH
    source: str = "task"


@dataclass(frozen=True, slots=True)
class Estimate(_Writable):
    """What a task was thought to take, each unit for itself; None where nothing is said in it."""

    raw: str = ""
    points: float | None = None
    hours: float | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class ParsedTask(_Writable):
    """One unit of work as its file has it."""

    id: str
    title: str
    status: str = "backlog"
    status_raw: str = ""
    status_known: bool = True
    kind: str = "task"
    line: int | None = None
    description: str = ""
    # Only where they differ from those of the document.
    feature_slug: str = ""
    phase_token: str = ""
    started: Stamp | None = field(default=None, metadata={"of": Stamp})
    completed: Stamp | None = field(default=None, metadata={"of": Stamp})
    owners: tuple[str, ...] = ()
    priority: str = ""
    estimate: Estimate = field(default_factory=Estimate, metadata={"of": Estimate})
    effort_raw: str = ""
    assigned_model: str = ""
    dependencies: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    deliverables: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    commit_refs: tuple[str, ...] = ()
    session_refs: tuple[str, ...] = ()
    request_refs: tuple[str, ...] = ()
    agent_refs: tuple[str, ...] = ()


class ChecklistEntry(NamedTuple):
    """A `- [ ]` line."""

    line: int
    text: str
    is_done: bool
    heading: str = ""
    depth: int = 0


class RoadmapEntry(NamedTuple):
    """A stage that a roadmap announces, whether or not it has files of its own."""

    slug: str
    title: str
    token: str = ""
    status: str = "backlog"
    status_raw: str = ""
    family: str = ""


@dataclass(frozen=True, slots=True)
class References(_Writable):
    """What a document points to, by kind; slugs are in lower case, paths have no leading slash."""

    paths: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    prds: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    pull_requests: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedDocument(_Writable):
    """A plan file. Its text is not here."""

    path: str  # as plans cite it: relative to the project's folder
    layout: str
    title: str
    doc_type: str = "document"
    doc_subtype: str = "document"
    category: str = ""
    has_front_matter: bool = False
    status: str | None = None
    status_raw: str = ""
    status_known: bool = True
    # What the document says it belongs to, "" when it says nothing.
    feature_slug: str = ""
    feature_name: str = ""
    # True: the document makes its feature exist; others join one that exists.
    founds_feature: bool = False
    aliases: tuple[str, ...] = ()
    phase_token: str = ""
    phase_title: str = ""
    priority: str = ""
    owners: tuple[str, ...] = ()
    created: Stamp | None = field(default=None, metadata={"of": Stamp})
    updated: Stamp | None = field(default=None, metadata={"of": Stamp})
    started: Stamp | None = field(default=None, metadata={"of": Stamp})
    completed: Stamp | None = field(default=None, metadata={"of": Stamp})
    claimed_progress: int | None = None
    estimate: Estimate = field(default_factory=Estimate, metadata={"of": Estimate})
    family: str = ""
    lineage: dict[str, Any] = field(default_factory=dict)
    references: References = field(default_factory=References, metadata={"of": References})
    tasks: tuple[ParsedTask, ...] = field(default=(), metadata={"of": ParsedTask})
    checklist: tuple[ChecklistEntry, ...] = field(default=(), metadata={"of": ChecklistEntry})
    roadmap: tuple[RoadmapEntry, ...] = field(default=(), metadata={"of": RoadmapEntry})
    problems: tuple[Problem, ...] = field(default=(), metadata={"of": Problem})


@dataclass(frozen=True, slots=True)
class ParsedPhase:
    """A stage of a feature, put together from the documents that speak of it."""

    token: str
    title: str
    status: str
    status_raw: str = ""
    document: str = ""  # path
    claimed_progress: int | None = None
    started: Stamp | None = None
    completed: Stamp | None = None
    commit_refs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedFeature:
    """A piece of work, put together from all documents that belong to it."""

    slug: str
    name: str
    canonical_slug: str
    aliases: tuple[str, ...]
    documents: tuple[str, ...]  # paths
    phases: tuple[ParsedPhase, ...]
    status: str
    status_raw: str
    status_reason: str
    category: str = ""
    family: str = ""
    lineage: dict[str, Any] = field(default_factory=dict)
    priority: str = ""
    owner: str = ""
    planned: Stamp | None = None
    started: Stamp | None = None
    completed: Stamp | None = None
    updated: Stamp | None = None
    commit_refs: tuple[str, ...] = ()
    pull_requests: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class PlacedTask(NamedTuple):
    """A task with the document it stands in, and the feature and phase it serves ("" for none)."""

    document: str
    feature: str
    phase: str
    task: ParsedTask


@dataclass(frozen=True, slots=True)
class PlanTree:
    """All that the plans of a project come to."""

    features: tuple[ParsedFeature, ...]
    tasks: tuple[PlacedTask, ...]
    checklists_count: bool
