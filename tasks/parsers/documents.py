"""What any plan file says, whatever its layout; layouts begin with this and change what they know better."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tasks.parsers.checklists import read_checklist
from tasks.parsers.dates import read_stamp
from tasks.parsers.estimates import joined, read_estimate
from tasks.parsers.front_matter import FrontMatter, decode, read_front_matter
from tasks.parsers.records import ParsedDocument, Problem, Stamp
from tasks.parsers.references import (
    category_of,
    cited_path,
    doc_subtype_of,
    doc_type_of,
    is_feature_like,
    key_of,
    looks_like_path,
    phase_of,
    references_of,
    slug_of,
    texts,
)
from tasks.parsers.statuses import read_status
from tasks.parsers.task_lists import read_tasks

_HEADING = re.compile(r"^#[ \t]+(.+)$", re.M)
_BODY_STATUS = re.compile(r"^[*_> ]*Status[*_]*:[*_]*[ \t]*(.+)$", re.M | re.I)
# Where a body may say its status: not in an example hundreds of lines down.
_STATUS_WITHIN = 3000


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A file to be parsed: its path as plans cite it, and its bytes."""

    path: str
    raw: bytes


@dataclass(slots=True)
class Opened:
    """A file taken apart, with its keys as they are compared."""

    file: PlanFile
    front: FrontMatter
    said: dict[str, Any]

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.file.path)


def open_document(file: PlanFile) -> Opened:
    text, problems = decode(file.raw)
    front = read_front_matter(text)
    front.problems[:0] = problems
    said: dict[str, Any] = {}
    for key, value in front.values.items():
        said.setdefault(key_of(key), value)
    return Opened(file, front, said)


def read_document(opened: Opened, layout: str) -> ParsedDocument:
    """Everything that means the same in every layout."""
    said, path, front = opened.said, opened.file.path, opened.front
    kind = said.get("doc_type") or said.get("doctype") or said.get("type")
    doc_type = doc_type_of(kind, path)
    status = read_status(said.get("status"))
    tasks = read_tasks(front, front.problems)
    return ParsedDocument(
        path=path,
        layout=layout,
        title=title_of(opened),
        doc_type=doc_type,
        doc_subtype=doc_subtype_of(said.get("doc_subtype") or said.get("subtype") or kind, doc_type, path),
        category=category_of(said.get("category"), path),
        has_front_matter=front.is_present,
        status=status.status if status else None,
        status_raw=status.raw if status else "",
        status_known=status.is_known if status else True,
        feature_slug=said_feature(said),
        phase_token=phase_of(next((said[k] for k in _PHASES if said.get(k) is not None), None), path),
        phase_title=text_of(said, "phase_title", "phase_name"),
        priority=text_of(said, "priority").lower()[:60],
        owners=tuple(texts([said[k] for k in _OWNERS if k in said])),
        created=_date(said, "created", "created_at", "date_created", "date"),
        updated=_date(said, "updated", "updated_at", "last_updated", "last_updated_at"),
        started=_date(said, "started", "started_at", "started_on", "start_date"),
        completed=_date(said, "completed", "completed_at", "completion_date", "completed_on", "done_at"),
        claimed_progress=_percentage(said),
        estimate=joined(*(read_estimate(said.get(k), bare_unit=unit) for k, unit in _ESTIMATES.items())),
        family=slug_of(text_of(said, "feature_family", "lineage_family", "family")),
        lineage=_lineage(said, path),
        references=references_of(front.values, path),
        tasks=tasks,
        checklist=read_checklist(front.body, front.body_line),
        problems=tuple(front.problems),
    )


_PHASES = ("phase", "phase_id", "phase_token")
_OWNERS = ("owner", "owners", "assigned_to", "maintainers", "author")
_ESTIMATES = {
    "estimated_effort": "",
    "effort_estimate": "",
    "story_points": "points",
    "effort": "",
    "total_effort": "",
    "estimated_total_effort": "",
}


def title_of(opened: Opened) -> str:
    """The field `title`, else the first heading, else the file's name."""
    if said := text_of(opened.said, "title", "name"):
        return said[:500]
    headings = (found[1].rstrip(" \t#") for found in _HEADING.finditer(opened.front.body))
    return next(filter(None, headings), opened.path.stem)[:500]


def text_of(said: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that is a text or number."""
    for name in names:
        value = said.get(name)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""


def said_feature(said: Mapping[str, Any]) -> str:
    """The feature a document names as its own; "" where it names none, or a word that can be none."""
    for name in ("feature_slug", "feature_slug_hint", "feature"):
        value = text_of(said, name)
        slug = slug_of(PurePosixPath(value).stem if looks_like_path(value) else value)
        if is_feature_like(slug):
            return slug
    return ""


def body_status(opened: Opened) -> str:
    """A line `Status: word` near the top of the text."""
    found = _BODY_STATUS.search(opened.front.body[:_STATUS_WITHIN])
    return found[1].strip("*_` \t") if found else ""


def _date(said: Mapping[str, Any], *names: str) -> Stamp | None:
    found = (read_stamp(said.get(name), source="document") for name in names)
    return next((stamp for stamp in found if stamp), None)


def _percentage(said: Mapping[str, Any]) -> int | None:
    """What a file says of its own progress; None where it is no percentage."""
    text = text_of(said, "overall_progress", "progress", "completion").rstrip("% ")
    try:
        value = round(float(text))
    except (ValueError, OverflowError):
        return None
    return value if 0 <= value <= 100 else None


def _lineage(said: Mapping[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "parent": _slugs(said, path, "lineage_parent", "parent_feature", "parent_feature_slug")[:1],
        "children": _slugs(said, path, "lineage_children"),
        "extends": _slugs(said, path, "extends_feature", "derived_from"),
        "supersedes": _slugs(said, path, "supersedes"),
        "superseded_by": _slugs(said, path, "superseded_by"),
        "type": [text_of(said, "lineage_type")[:60]],
    }
    return {name: values for name, values in found.items() if any(values)}


def _slugs(said: Mapping[str, Any], path: str, *names: str) -> list[str]:
    values = texts([said[name] for name in names if name in said])
    slugs = (PurePosixPath(cited_path(v, path)).stem if looks_like_path(v) else v for v in values)
    return [slug_of(slug) for slug in slugs if is_feature_like(slug)]


def problem_only(file: PlanFile, layout: str, problem: Problem) -> ParsedDocument:
    """A document of which nothing but its name is known."""
    return ParsedDocument(file.path, layout, PurePosixPath(file.path).stem, problems=(problem,))
