"""Putting together what the documents of a project say: features, their phases, and whose each task is.

Nothing here depends on the order of the documents, so that a project comes out the same however it was read.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tasks.parsers.features import feature_from
from tasks.parsers.layouts.registry import BY_NAME
from tasks.parsers.records import (
    ChecklistEntry,
    ParsedDocument,
    ParsedFeature,
    ParsedTask,
    PlacedTask,
    PlanTree,
    RoadmapEntry,
)
from tasks.parsers.references import canonical_slug, slug_of, version_of
from tasks.parsers.statuses import BACKLOG, DONE

AUTO, ALWAYS, NEVER = "auto", "always", "never"
_PLANNING = frozenset({"prd", "implementation_plan"})
_JOINING_SUFFIXES = ("-spike", "-report", "-design", "-spec", "-summary", "-remediation", "-notes")


def assemble(documents: Iterable[ParsedDocument], count_checklists: str = AUTO) -> PlanTree:
    """The features, phases and tasks of one project's documents."""
    settled = _settled(documents)
    groups, roadmap = _grouped(settled)
    has_lists = any(document.tasks for document in settled)
    counting = count_checklists == ALWAYS or (count_checklists == AUTO and not has_lists)
    if counting:
        groups = {slug: [_with_checklist(d) for d in members] for slug, members in groups.items()}
        settled = [_with_checklist(document) for document in settled]
    tasks = list(_placed(settled, groups))
    by_feature: dict[str, list[PlacedTask]] = defaultdict(list)
    for placed in tasks:
        by_feature[placed.feature].append(placed)
    slugs = sorted({*groups, *roadmap, *(slug for slug in by_feature if slug)})
    features = tuple(
        feature_from(slug, groups.get(slug, []), by_feature.get(slug, []), roadmap.get(slug))
        for slug in slugs
    )
    return PlanTree(_joined_lineage(features), tuple(tasks), counting)


def _settled(documents: Iterable[ParsedDocument]) -> list[ParsedDocument]:
    by_layout: dict[str, list[ParsedDocument]] = defaultdict(list)
    for document in sorted(documents, key=lambda d: d.path):
        by_layout[document.layout].append(document)
    return [d for name in sorted(by_layout) for d in BY_NAME[name].settle(by_layout[name])]


def _grouped(
    documents: Sequence[ParsedDocument],
) -> tuple[dict[str, list[ParsedDocument]], dict[str, RoadmapEntry]]:
    """(documents of each feature, what roadmaps say of each)."""
    founders = [d for d in documents if d.founds_feature]
    names = _Names({d.feature_slug for d in founders})
    groups: dict[str, list[ParsedDocument]] = defaultdict(list)
    for document in founders:
        groups[names.of(document.feature_slug)].append(document)
    groups = _merged(groups, names)
    roadmap = _on_roadmap(documents, groups)
    known = _known_names(groups)
    for document in documents:
        if not document.founds_feature and (slug := _joins(document, known, groups)):
            groups[slug].append(document)
    return groups, roadmap


class _Names:
    """Which slug stands for which: a name without a version is that of the only version, else of the first."""

    def __init__(self, slugs: set[str]) -> None:
        self._versions: dict[str, list[str]] = defaultdict(list)
        for slug in sorted(slugs):
            if version_of(slug):
                self._versions[canonical_slug(slug)].append(slug)
        for versions in self._versions.values():
            versions.sort(key=lambda slug: [int(part) for part in version_of(slug).split(".")])

    def of(self, slug: str) -> str:
        versions = [] if version_of(slug) else self._versions.get(slug, [])
        return versions[0] if versions else slug


def _merged(groups: Mapping[str, list[ParsedDocument]], names: _Names) -> dict[str, list[ParsedDocument]]:
    """Progress whose folder has a name of its own belongs to the one feature whose plan its files cite."""
    planned = {slug for slug, members in groups.items() if any(d.doc_type in _PLANNING for d in members)}
    by_path = {d.path: slug for slug in planned for d in groups[slug]}
    found: dict[str, list[ParsedDocument]] = defaultdict(list)
    for slug, members in groups.items():
        target = slug
        if slug not in planned:
            cited = {by_path[p] for d in members for p in d.references.paths if p in by_path}
            cited |= {name for d in members for p in d.references.prds if (name := names.of(p)) in planned}
            target = cited.pop() if len(cited) == 1 else slug
        found[target] += members
    return found


def _known_names(groups: Mapping[str, list[ParsedDocument]]) -> dict[str, str]:
    """{name: slug} of every name that means one feature only."""
    owners: dict[str, set[str]] = defaultdict(set)
    for slug, members in groups.items():
        for document in members:
            for name in (document.feature_slug, *document.aliases):
                owners[name].add(slug)
                owners[canonical_slug(name)].add(slug)
    return {name: next(iter(slugs)) for name, slugs in owners.items() if len(slugs) == 1} | {
        s: s for s in groups
    }


def _joins(
    document: ParsedDocument, known: Mapping[str, str], groups: Mapping[str, list[ParsedDocument]]
) -> str:
    """The feature of a document that founds none: by name, by what it cites, else by the only one that cites it."""
    for name in _names_of(document):
        if slug := known.get(name) or known.get(canonical_slug(name)):
            return slug
    for cited in (document.references.features, document.references.prds):
        slugs = {known[name] for name in cited if name in known}
        if len(slugs) == 1:
            return slugs.pop()
    citing = {
        slug
        for slug, members in groups.items()
        if any(
            document.path in d.references.paths or d.path in document.references.paths
            for d in members
            if d.founds_feature
        )
    }
    return citing.pop() if len(citing) == 1 else ""


def _names_of(document: ParsedDocument) -> Iterator[str]:
    for name in (document.feature_slug, *document.aliases):
        if name:
            yield name
            yield from (name.removesuffix(suffix) for suffix in _JOINING_SUFFIXES if name.endswith(suffix))


def _on_roadmap(
    documents: Iterable[ParsedDocument], groups: Mapping[str, list[ParsedDocument]]
) -> dict[str, RoadmapEntry]:
    """{feature: what a roadmap says of it}, features included of which nothing else speaks.

    Of two entries the one with a status says how far it is, the one with the better name what it is called.
    """
    aliases = {alias: slug for slug, members in groups.items() for d in members for alias in d.aliases}
    found: dict[str, RoadmapEntry] = {}
    for document in documents:
        for entry in document.roadmap:
            by_token = aliases.get(f"phase-{entry.token}") if entry.token else None
            slug = by_token or (entry.slug if entry.slug in groups else aliases.get(entry.slug, entry.slug))
            found[slug] = _both(found[slug], entry) if slug in found else entry
    return found


def _both(one: RoadmapEntry, other: RoadmapEntry) -> RoadmapEntry:
    said = one if one.status else other
    return said._replace(title=max(one.title, other.title, key=len), family=one.family or other.family)


def _with_checklist(document: ParsedDocument) -> ParsedDocument:
    return replace(document, tasks=(*document.tasks, *map(_item_task, document.checklist)))


def _item_task(item: ChecklistEntry) -> ParsedTask:
    return ParsedTask(
        id=slug_of(item.text)[:80] or "item",
        title=item.text[:500] or "(no text)",
        kind="checklist",
        status=DONE if item.is_done else BACKLOG,
        status_raw="[x]" if item.is_done else "[ ]",
        line=item.line,
    )


def _placed(
    documents: Iterable[ParsedDocument], groups: Mapping[str, list[ParsedDocument]]
) -> Iterator[PlacedTask]:
    owner = {d.path: slug for slug, members in groups.items() for d in members}
    for document in documents:
        for task in document.tasks:
            feature = task.feature_slug or owner.get(document.path, "")
            phase = (task.phase_token or document.phase_token) if feature else ""
            yield PlacedTask(document.path, feature, phase, _dated(task, document))


def _dated(task: ParsedTask, document: ParsedDocument) -> ParsedTask:
    """A finished task without a date of its own was finished by the day its document says it was."""
    if task.status != DONE or task.completed or not document.completed or task.kind == "checklist":
        return task
    return replace(task, completed=replace(document.completed, at="", confidence="medium", source="document"))


def _joined_lineage(features: tuple[ParsedFeature, ...]) -> tuple[ParsedFeature, ...]:
    """Parents know their children although only the children say so."""
    children: dict[str, set[str]] = defaultdict(set)
    for feature in features:
        for parent in feature.lineage.get("parent", ()):
            children[canonical_slug(parent)].add(feature.slug)
    return tuple(
        replace(f, lineage=f.lineage | {"children": sorted({*f.lineage.get("children", ()), *more})})
        if (more := children.get(f.canonical_slug, set()) - {f.slug})
        else f
        for f in features
    )
