"""Markdown files with or without front matter, in no order of their own: `docs/plans/2026-06-21-retry-queue.md`.

A plan is a feature; what does not plan anything joins the plan that cites it.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from tasks.parsers.documents import PlanFile, body_status, open_document, read_document
from tasks.parsers.records import ParsedDocument
from tasks.parsers.references import is_feature_like, slug_of
from tasks.parsers.statuses import read_status

NAME = "plain"
FOLDERS = ("docs/plans",)
FILES: frozenset[str] = frozenset()

_DATED = re.compile(r"^(?:\d{4}-\d{2}-\d{2}[-_])?(?:\d{3}[-_])?")
_SUFFIX = re.compile(r"-(?:plan|spec|design|requirements|research|recommendation|implementation-spec|prd)$")
_FOUNDING = frozenset({"prd", "implementation_plan", "phase_plan", "progress"})


def claims(_path: PurePosixPath) -> bool:
    return True


def recognises(_paths: Collection[PurePosixPath]) -> bool:
    return True


def parse(file: PlanFile) -> ParsedDocument:
    opened = open_document(file)
    document = read_document(opened, NAME)
    stem = slug_of(opened.path.stem)
    short = _DATED.sub("", stem)
    slug = document.feature_slug or (short if is_feature_like(short) else "")
    names = dict.fromkeys((short, stem, _SUFFIX.sub("", short)))
    in_plans = "plans" in opened.path.parts[:-1]
    if in_plans and document.doc_type == "document":
        # Words like `docs` and `feat` name the kind of change, not of document.
        document = replace(document, doc_type="implementation_plan", doc_subtype="implementation_plan")
    is_plan = in_plans or document.doc_type in _FOUNDING or bool(document.tasks)
    if document.status is None and (said := read_status(body_status(opened))) and said.is_known:
        document = replace(document, status=said.status, status_raw=said.raw)
    return replace(
        document,
        feature_slug=slug,
        aliases=tuple(name for name in names if name != slug and is_feature_like(name)),
        founds_feature=is_plan and bool(slug),
    )


def settle(documents: Sequence[ParsedDocument]) -> list[ParsedDocument]:
    return list(documents)
