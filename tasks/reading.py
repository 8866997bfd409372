"""Reading changed plan files: their bytes, what they say, and which known document each of them is."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from sessions.models import ArchiveSegment
from sessions.parsers.discovery import FoundFile
from sessions.parsers.secrets.files import FileSecret, file_secrets
from sessions.parsers.secrets.masking import masked_bytes
from tasks.discovery import RootSurvey
from tasks.models import Document
from tasks.parsers.documents import PlanFile, problem_only
from tasks.parsers.layouts.registry import Layout, layouts_of
from tasks.parsers.records import ParsedDocument, Problem

MAX_BYTES = 4 << 20
_ALIKE = 0.5


@dataclass(slots=True)
class ReadFile:
    """A file as it was just read, and the document it was before, if any."""

    survey: RootSurvey
    found: FoundFile
    raw: bytes
    parsed: ParsedDocument
    secrets: list[FileSecret]
    document: Document | None

    @property
    def digest(self) -> bytes:
        return sha256(self.raw).digest()


@dataclass(slots=True)
class Reading:
    """What reading one project's files came to."""

    files: list[ReadFile] = field(default_factory=list)
    lost: list[Document] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_files(surveys: Iterable[RootSurvey]) -> Reading:
    """Open every changed file of these roots, which are of one project. A file that cannot be read stays as it was."""
    reading = Reading()
    for survey in surveys:
        reading.lost += survey.lost
        layouts = layouts_of([cited(survey, relative) for relative in survey.files])
        for document, found in survey.changed:
            try:
                reading.files.append(_read(survey, document, found, layouts))
            except OSError as error:
                reason = error.strerror or str(error)
                reading.problems.append(
                    f"{found.path} could not be read: {reason}. It is tried again at the next sync."
                )
    _recognise(reading)
    return reading


def cited(survey: RootSurvey, relative: str) -> str:
    """A file's path as plans of its project cite it."""
    path = relative.replace(os.sep, "/")
    return f"{survey.prefix}/{path}" if survey.prefix else path


def _read(
    survey: RootSurvey, document: Document | None, found: FoundFile, layouts: dict[str, Layout]
) -> ReadFile:
    with open(found.location, "rb") as stream:
        raw = stream.read(MAX_BYTES)
    path = cited(survey, found.relative)
    parsed = parse(layouts[path], path, raw, found.size)
    return ReadFile(survey, found, raw, parsed, file_secrets(raw), document)


def parse(layout: Layout, path: str, raw: bytes, size: int) -> ParsedDocument:
    """What a file says. A file beyond the limit is known by its name alone."""
    file = PlanFile(path, masked_bytes(raw))
    if size > MAX_BYTES:
        said = f"The file has {size:,} bytes; plans up to {MAX_BYTES:,} bytes are read."
        return problem_only(file, layout.NAME, Problem(None, "too_long", said))
    return layout.parse(file)


def _recognise(reading: Reading) -> None:
    """Find the lost document that a new file is: the same bytes, or the same inode with much the same content."""
    fresh = [file for file in reading.files if file.document is None]
    if not fresh or not reading.lost:
        return
    lost = {document.pk: document for document in reading.lost}
    digests = _digests(lost.values())
    by_inode = {(d.source.device, d.source.inode): d.pk for d in lost.values() if d.source.inode}
    facts = dict(Document.objects.filter(pk__in=lost).values_list("pk", "facts"))
    for file in fresh:
        same = next((pk for pk in lost if digests.get(pk) == file.digest), None)
        if same is None:
            moved = by_inode.get((file.found.device, file.found.inode))
            if moved in lost and _is_alike(ParsedDocument.from_json(facts[moved]), file.parsed):
                same = moved
        if same is not None:
            file.document = lost.pop(same)
    reading.lost = list(lost.values())


def _digests(documents: Iterable[Document]) -> dict[int, bytes]:
    """{document: digest of the bytes it was read from}."""
    found = {}
    for document in documents:
        segments = ArchiveSegment.objects.filter(
            source=document.source_id, generation=document.source_generation
        )
        digest = segments.values_list("sha256", flat=True).first()
        if digest is not None:
            found[document.pk] = bytes(digest)
    return found


def _is_alike(one: ParsedDocument, other: ParsedDocument) -> bool:
    """File systems give a deleted file's inode to the next new one: only what it says tells that it is the same."""
    if one.tasks or other.tasks:
        mine, theirs = {task.id for task in one.tasks}, {task.id for task in other.tasks}
        return len(mine & theirs) >= _ALIKE * max(len(mine), len(theirs))
    return one.title == other.title
