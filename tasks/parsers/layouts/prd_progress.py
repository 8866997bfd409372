"""Requirements, implementation plans and progress files in folders of their own, joined by slugs.

docs/project_plans/PRDs/<kind>/<slug>.md
docs/project_plans/implementation_plans/<kind>/<slug>.md        and <slug>/phase-1-….md for its phases
.claude/progress/<slug>/phase-1-progress.md                     with a `tasks:` list in the front matter
.claude/progress/quick-features/<slug>.md                       a feature each
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from tasks.parsers.documents import PlanFile, open_document, read_document
from tasks.parsers.records import ParsedDocument
from tasks.parsers.references import canonical_slug, feature_of_path, slug_of, version_of

NAME = "prd-progress"
FOLDERS = ("docs/project_plans", ".claude/progress")
FILES: frozenset[str] = frozenset()

_FOUNDING = frozenset({"prd", "implementation_plan", "progress"})


def claims(path: PurePosixPath) -> bool:
    folders = path.parts[:-1]
    return "project_plans" in folders or (".claude" in folders and "progress" in folders)


def recognises(paths: Collection[PurePosixPath]) -> bool:
    """A folder that has the layout's own folders under other names above them."""
    folders = {part.lower() for path in paths for part in path.parts[:-1]}
    return bool(folders & {"prds", "implementation_plans", "progress"})


def parse(file: PlanFile) -> ParsedDocument:
    opened = open_document(file)
    document = read_document(opened, NAME)
    by_path, said = feature_of_path(file.path), document.feature_slug
    slug = _slug(opened.path, by_path, said)
    aliases = tuple(
        s for s in (said, by_path) if s and s != slug and canonical_slug(s) == canonical_slug(slug)
    )
    founds = document.doc_type in _FOUNDING and bool(slug)
    return replace(document, feature_slug=slug, aliases=aliases, founds_feature=founds)


def _slug(path: PurePosixPath, by_path: str, said: str) -> str:
    """Where the path and the file's own word name one feature, the one that names its version as well."""
    if by_path and said and canonical_slug(by_path) == canonical_slug(said):
        return by_path if version_of(by_path) or not version_of(said) else said
    return by_path if not said or _is_structural(path, by_path) else said


def _is_structural(path: PurePosixPath, slug: str) -> bool:
    """Whether a folder, which holds a feature's files, names the feature: a file's own word is then often its stem."""
    return bool(slug) and slug in {slug_of(part) for part in path.parts[:-1]}


def settle(documents: Sequence[ParsedDocument]) -> list[ParsedDocument]:
    return list(documents)
