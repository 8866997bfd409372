"""Numbered phases with numbered plans; a plan is done when its summary exists.

    .planning/ROADMAP.md                                 phases as a check list, under milestones
    .planning/phases/08-payments/08-01-PLAN.md           and 08-01-SUMMARY.md when it was carried out
    .planning/quick/006-dark-mode/006-PLAN.md

A phase's folder is a feature, each plan in it a task.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from tasks.parsers.documents import Opened, PlanFile, open_document, read_document, text_of
from tasks.parsers.records import Estimate, ParsedDocument, ParsedTask, RoadmapEntry
from tasks.parsers.references import phase_token, slug_of, texts
from tasks.parsers.statuses import BACKLOG, DONE

NAME = "gsd"
FOLDERS = (".planning",)
FILES: frozenset[str] = frozenset()

PLAN, SUMMARY = "plan", "summary"
_STEP = re.compile(r"^(\d+(?:\.\d+)*)(?:-(\d+))?-(PLAN|SUMMARY)(?:-(\d+))?$", re.I)
_FOLDER = re.compile(r"^(\d+(?:\.\d+)*)-(.+)$")
_OTHER = re.compile(r"(?:^|-)([A-Z]+)$")
_ROADMAP_LINE = re.compile(r"^[-*] \[([ xX])\] \*\*Phase (\d+(?:\.\d+)*): (.+?)\*\*")
_MILESTONE = re.compile(r"(Milestone \d+[^<(\n]*|v\d+\.\d+[^<(\n]*)")
_OBJECTIVE = "<objective>"
_OBJECTIVE_END = re.compile(r"\n[^\S\n]*\n|\n[A-Z]\w+:|</objective>")
_SUMMARY_HEADING = re.compile(
    r"^(?:Phase\s+[\d.]+\s*(?:[,:-]\s*)?)?Plan\s+\d+\s*[:—-]\s*|(?<!\s)\s+Summary$", re.I
)
_TYPES = {
    "plan": "phase_plan",
    "summary": "report",
    "verification": "report",
    "uat": "report",
    "audit": "report",
    "context": "spec",
    "research": "spec",
    "review": "report",
    "roadmap": "implementation_plan",
    "requirements": "prd",
    "project": "prd",
    "state": "progress",
}


def claims(path: PurePosixPath) -> bool:
    return ".planning" in path.parts[:-1]


def recognises(paths: Collection[PurePosixPath]) -> bool:
    return any("phases" in path.parts[:-1] and _STEP.match(path.stem) for path in paths)


def parse(file: PlanFile) -> ParsedDocument:
    opened = open_document(file)
    kind = _kind(opened.path)
    folder = _work_folder(opened.path)
    document = read_document(opened, NAME)
    document = replace(
        document,
        doc_type=_TYPES.get(kind, "spec" if "adr" in opened.path.parts else "document"),
        doc_subtype=kind or document.doc_subtype,
        category=opened.path.parent.parent.name if folder else opened.path.parent.name,
        feature_slug=slug_of(folder),
        phase_token="",
        roadmap=tuple(_roadmap(opened)) if kind == "roadmap" else (),
    )
    if not folder:
        return document
    number = _FOLDER.match(folder)
    document = replace(document, aliases=_aliases(opened.path), feature_name=_name(folder))
    if "phases" in opened.path.parts and number:
        document = replace(document, phase_token=phase_token(number[1]), phase_title=_name(folder))
    if kind in (PLAN, SUMMARY) and (task_id := _step_id(opened.path)):
        task = _task(opened, document, task_id, kind)
        return replace(document, title=task.title, tasks=(task,), founds_feature=True)
    return replace(document, founds_feature="phases" in opened.path.parts)


def _kind(path: PurePosixPath) -> str:
    if step := _STEP.match(path.stem):
        return step[3].lower()
    found = _OTHER.search(path.stem)
    return found[1].lower() if found else ""


def _work_folder(path: PurePosixPath) -> str:
    """The folder of the phase or quick piece of work a file belongs to."""
    parts = path.parts
    for parent in ("phases", "quick"):
        if parent in parts[:-2]:
            return parts[parts.index(parent) + 1]
    return ""


def _aliases(path: PurePosixPath) -> tuple[str, ...]:
    found = _FOLDER.match(_work_folder(path))
    if not found:
        return ()
    numbered = (f"phase-{phase_token(found[1])}",) if "phases" in path.parts else ()
    return (*numbered, slug_of(found[2]))


def _name(folder: str) -> str:
    found = _FOLDER.match(folder)
    words = (found[2] if found else folder).replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def _step_id(path: PurePosixPath) -> str:
    """`08-01` for 08-01-PLAN, 08-01-SUMMARY and 08-PLAN-01."""
    step = _STEP.match(path.stem)
    if not step:
        return ""
    plan = step[2] or step[4]
    return f"{step[1]}-{plan}" if plan else step[1]


def _task(opened: Opened, document: ParsedDocument, task_id: str, kind: str) -> ParsedTask:
    said = opened.said
    is_done = kind == SUMMARY
    touched = ("files_modified",) if kind == PLAN else ("key_files",)
    return ParsedTask(
        id=task_id,
        title=_title(opened, document, kind),
        kind="plan",
        status=DONE if is_done else BACKLOG,
        status_raw=kind if is_done else "",
        line=1,
        started=document.started,
        completed=replace(document.completed, source=SUMMARY) if is_done and document.completed else None,
        effort_raw=text_of(said, "duration")[:200] if is_done else "",
        estimate=document.estimate if not is_done else Estimate(),
        dependencies=tuple(texts(said.get("depends_on"))),
        files=tuple(t for name in touched for t in texts(said.get(name)) if " " not in t),
        deliverables=tuple(texts(said.get("provides"))) if is_done else (),
        commit_refs=document.references.commits,
    )


def _title(opened: Opened, document: ParsedDocument, kind: str) -> str:
    if kind == SUMMARY:
        return _SUMMARY_HEADING.sub("", _SUMMARY_HEADING.sub("", document.title))[:500] or document.title
    objective = opened.front.body.partition(_OBJECTIVE)[2].lstrip()
    end = _OBJECTIVE_END.search(objective)
    return (" ".join(objective[: end.start()].split())[:500] if end else "") or document.title


def _roadmap(opened: Opened) -> Iterator[RoadmapEntry]:
    """The phases a roadmap lists; the milestone they stand under is their family."""
    family = ""
    for line in opened.front.body.split("\n"):
        if line.startswith(("#", "<summary>")) and (milestone := _MILESTONE.search(line)):
            family = milestone[1].strip(" -–—*")[:200]
        elif found := _ROADMAP_LINE.match(line):
            is_done, token, title = found[1] != " ", phase_token(found[2]), found[3].strip()
            raw = "[x]" if is_done else "[ ]"
            status = DONE if is_done else BACKLOG
            yield RoadmapEntry(slug_of(f"{token}-{title}"), title[:500], token, status, raw, family)


def settle(documents: Sequence[ParsedDocument]) -> list[ParsedDocument]:
    """Give each plan what its summary says; a summary of which the plan is gone stands for it.

    Only the roadmap nearest to the top speaks for a phase: archived ones keep phases it no longer has.
    """
    summaries = {_place(d): d for d in documents if d.doc_subtype == SUMMARY and d.tasks}
    plans = {_place(d) for d in documents if d.doc_subtype == PLAN and d.tasks}
    known: set[str] = set()
    found = []
    for document in sorted(documents, key=lambda d: (d.path.count("/"), d.path)):
        if document.roadmap:
            fresh = tuple(entry for entry in document.roadmap if entry.token not in known)
            known |= {entry.token for entry in fresh}
            document = replace(document, roadmap=fresh)
        elif document.tasks and document.doc_subtype == PLAN and (done := summaries.get(_place(document))):
            document = replace(document, tasks=(_carried_out(document.tasks[0], done.tasks[0]),))
        elif document.tasks and document.doc_subtype == SUMMARY and _place(document) in plans:
            document = replace(document, tasks=())
        found.append(document)
    return found


def _place(document: ParsedDocument) -> tuple[str, str]:
    return str(PurePosixPath(document.path).parent), document.tasks[0].id if document.tasks else ""


def _carried_out(plan: ParsedTask, summary: ParsedTask) -> ParsedTask:
    return replace(
        plan,
        status=summary.status,
        status_raw=summary.status_raw,
        completed=summary.completed,
        effort_raw=summary.effort_raw,
        deliverables=summary.deliverables,
        files=tuple(dict.fromkeys((*plan.files, *summary.files))),
        commit_refs=tuple(dict.fromkeys((*plan.commit_refs, *summary.commit_refs))),
    )
