"""Epics and stories; a board in YAML says how far each is.

    _bmad-output/implementation-artifacts/sprint-status.yaml     development_status: {epic-1: …, 1-2-sign-in: …}
    _bmad-output/implementation-artifacts/1-2-sign-in.md         a story, with a line `Status: …`
    _bmad-output/planning-artifacts/epics.md                     `## Epic 1: …`

An epic is a feature, each story a task. Where board and story disagree the board is believed.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from tasks.parsers.documents import Opened, PlanFile, body_status, open_document, read_document
from tasks.parsers.front_matter import decode, read_yaml
from tasks.parsers.records import ParsedDocument, ParsedTask, RoadmapEntry
from tasks.parsers.references import slug_of
from tasks.parsers.statuses import BACKLOG, StatusReading, read_status

NAME = "bmad"
FOLDERS = ("_bmad-output",)
FILES = frozenset({"sprint-status.yaml", "sprint-status.yml"})

BOARD, STORY = "sprint_status", "story"
_STORY = re.compile(r"^(?:story-)?(\d{1,6})[-.](\d{1,6})(?:[-.](.*))?$", re.I)
_EPIC = re.compile(r"^epic-(\d{1,6})$", re.I)
_EPIC_HEADING = re.compile(r"^#{1,4} Epic (\d{1,6})[ \t]*[:—–-][ \t]*(\S.*)$", re.M)
_STORY_HEADING = re.compile(r"^Story [\d.]+\s*[:—–-]\s*", re.I)
_TYPES = {"prd": "prd", "architecture": "spec", "epics": "implementation_plan", "brief": "prd"}


def claims(path: PurePosixPath) -> bool:
    return "_bmad-output" in path.parts[:-1]


def recognises(paths: Collection[PurePosixPath]) -> bool:
    return any(path.name in FILES for path in paths)


def parse(file: PlanFile) -> ParsedDocument:
    if PurePosixPath(file.path).name in FILES:
        return _board(file)
    opened = open_document(file)
    document = read_document(opened, NAME)
    if (found := _STORY.match(opened.path.stem)) and _is_story(opened):
        return _story(opened, document, found)
    kind = next(
        (kind for word, kind in _TYPES.items() if word in opened.path.stem.lower()), document.doc_type
    )
    return replace(document, doc_type=kind, roadmap=tuple(_epics(opened)), feature_slug="")


def _is_story(opened: Opened) -> bool:
    return bool(body_status(opened) or opened.said.get("status") or "Story" in opened.front.body[:500])


def _story(opened: Opened, document: ParsedDocument, name: "re.Match[str]") -> ParsedDocument:
    status = read_status(document.status_raw or body_status(opened)) or StatusReading(BACKLOG, "", True)
    title = _STORY_HEADING.sub("", document.title)
    task = ParsedTask(
        id=opened.path.stem,
        title=title,
        kind="plan",
        status=status.status,
        status_raw=status.raw,
        status_known=status.is_known,
        line=1,
        started=document.started,
        completed=document.completed,
        owners=document.owners,
        priority=document.priority,
        estimate=document.estimate,
        commit_refs=document.references.commits,
        files=document.references.files,
    )
    return replace(
        document,
        title=title,
        doc_type="implementation_plan",
        doc_subtype=STORY,
        status=status.status if status.raw else None,
        status_raw=status.raw,
        status_known=status.is_known,
        feature_slug=f"epic-{int(name[1])}",
        feature_name=f"Epic {int(name[1])}",
        founds_feature=True,
        phase_token="",
        tasks=(task,),
    )


def _epics(opened: Opened) -> Iterator[RoadmapEntry]:
    if "epic" in opened.path.stem.lower():
        for found in _EPIC_HEADING.finditer(opened.front.body):
            yield RoadmapEntry(f"epic-{int(found[1])}", found[2].rstrip()[:500], status="")


def _board(file: PlanFile) -> ParsedDocument:
    text, problems = decode(file.raw)
    front = read_yaml(text)
    words = front.values.get("development_status")
    stories, epics = [], []
    for number, (key, value) in enumerate(words.items() if isinstance(words, Mapping) else ()):
        status = read_status(value) or StatusReading(BACKLOG, "", True)
        lines = front.item_lines.get("development_status", [])
        line = lines[number] if number < len(lines) else None
        if epic := _EPIC.match(str(key)):
            title = f"Epic {int(epic[1])}"
            epics.append(RoadmapEntry(f"epic-{int(epic[1])}", title, "", status.status, status.raw))
        elif story := _STORY.match(str(key)):
            stories.append(_entry(str(key), story, status, line))
    return ParsedDocument(
        file.path,
        NAME,
        "Sprint status",
        doc_type="progress",
        doc_subtype=BOARD,
        has_front_matter=front.is_present,
        tasks=tuple(stories),
        roadmap=tuple(epics),
        problems=(*problems, *front.problems),
    )


def _entry(key: str, story: "re.Match[str]", status: StatusReading, line: int | None) -> ParsedTask:
    title = (story[3] or key).replace("-", " ")
    return ParsedTask(
        id=key[:200],
        title=(title[:1].upper() + title[1:])[:500],
        kind="plan",
        status=status.status,
        status_raw=status.raw,
        status_known=status.is_known,
        line=line,
        feature_slug=f"epic-{int(story[1])}",
    )


def settle(documents: Sequence[ParsedDocument]) -> list[ParsedDocument]:
    """A story with a file of its own stands there, with the board's word."""
    board = {slug_of(task.id): task for d in documents if d.doc_subtype == BOARD for task in d.tasks}
    written = {slug_of(task.id) for d in documents if d.doc_subtype == STORY for task in d.tasks}
    found = []
    for document in documents:
        if document.doc_subtype == BOARD:
            left = tuple(task for task in document.tasks if slug_of(task.id) not in written)
            document = replace(document, tasks=left)
        elif document.doc_subtype == STORY and (said := board.get(slug_of(document.tasks[0].id))):
            document = replace(document, tasks=(_by_the_board(document.tasks[0], said),))
        found.append(document)
    return found


def _by_the_board(story: ParsedTask, said: ParsedTask) -> ParsedTask:
    return replace(story, status=said.status, status_raw=said.status_raw, status_known=said.status_known)
