"""The list of plan documents with what was not understood in them, and the page of one with its text."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.utils.safestring import SafeString, mark_safe

from analytics.plans.linked_sessions import links_of, serving_sessions
from analytics.plans.querysets import words_with_counts
from analytics.plans.work import Progress, progress_by
from sessions.archive import ArchiveDamaged
from sessions.markdown import render
from sessions.scope import Projects, in_projects
from tasks.models import Document, PlanProblem, ProjectTask, UnknownStatus
from tasks.plan_index import document_bytes

DOCUMENTS_ON_A_PAGE = 50
PROBLEMS_ON_A_PAGE = 50
MAX_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class DocumentRow:
    document: Document
    progress: Progress


@dataclass(frozen=True, slots=True)
class DocumentList:
    """`problems` are the first of `problem_count`; `unknown` are rows (word, where, times, documents)."""

    page: Page[Any]
    types: list[tuple[str, int]]
    problems: list[PlanProblem]
    problem_count: int
    unknown: list[dict[str, Any]]


def document_list(
    filters: dict[str, Any], *, page: str | None = None, projects: Projects = None
) -> DocumentList:
    """Documents whose file still exists, by project and path, and all that was not understood."""
    every = Document.objects.present().filter(in_projects(projects))
    found: Page[Any] = Paginator(_light(_filtered(every, filters)), DOCUMENTS_ON_A_PAGE).get_page(page)
    rows = list(found.object_list)
    tasks = ProjectTask.objects.present().filter(document__in=[row.pk for row in rows])
    progress = progress_by(tasks, "document_id")
    found.object_list = [DocumentRow(row, progress.get(row.pk, Progress())) for row in rows]
    problems = PlanProblem.objects.filter(in_projects(projects, "root__project"))
    problems = problems.filter(Q(document=None) | Q(document__removed_at=None))
    unknown = UnknownStatus.objects.filter(document__in=every.order_by().values("pk"))
    return DocumentList(
        page=found,
        types=sorted(every.type_counts().items()),
        problems=list(problems.select_related("document")[:PROBLEMS_ON_A_PAGE]),
        problem_count=problems.count(),
        unknown=list(words_with_counts(unknown)),
    )


def _light(documents: Any) -> Any:
    return documents.select_related("feature", "project").defer("facts")


def _filtered(documents: Any, filters: dict[str, Any]) -> Any:
    if kind := filters.get("type", "").strip():
        documents = documents.filter(doc_type=kind)
    if status := filters.get("status", ""):
        documents = documents.filter(status=None if status == "none" else status)
    if q := filters.get("q", "").strip():
        documents = documents.filter(Q(title__icontains=q) | Q(project_path__icontains=q))
    return documents


@dataclass(frozen=True, slots=True)
class DocumentText:
    """`body` is safe HTML; `trouble` says why there is none. `is_cut`: the file is longer than what is shown."""

    front_matter: str = ""
    body: SafeString | str = ""
    trouble: str = ""
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class DocumentPage:
    document: Document
    text: DocumentText
    tasks: list[ProjectTask]
    progress: Progress
    checklist: list[Any]
    checked: int
    problems: list[PlanProblem]
    unknown: list[UnknownStatus]
    sessions: Page[Any]


def document_page(document: Document, *, page: str | None = None, projects: Projects = None) -> DocumentPage:
    """A document with its text as the archive holds it; `page` is of the sessions that touched it."""
    tasks = ProjectTask.objects.present().filter(document=document)
    checklist = list(document.checklist.all())
    links = links_of(projects, document=document)
    return DocumentPage(
        document=document,
        text=document_text(document),
        tasks=list(tasks.select_related("feature", "phase")),
        progress=Progress(tasks.status_counts()),
        checklist=checklist,
        checked=sum(item.is_done for item in checklist),
        problems=list(document.problems.all()),
        unknown=list(document.unknown_statuses.all()),
        sessions=serving_sessions(links, None, page=page),
    )


def document_text(document: Document) -> DocumentText:
    """The file's bytes out of the archive, made readable and harmless."""
    try:
        raw = document_bytes(document)
    except ArchiveDamaged as damage:
        return DocumentText(trouble=str(damage))
    if not raw:
        return DocumentText(trouble="The archive holds no text of it.")
    text = raw[:MAX_BYTES].decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")
    front_matter, body = _split(text)
    return DocumentText(front_matter, rendered(body), is_cut=len(raw) > MAX_BYTES)


def _split(text: str) -> tuple[str, str]:
    """Front matter, without its fences, and the rest."""
    if not text.startswith("---\n"):
        return "", text
    head, fence, body = text[4:].partition("\n---\n")
    return (head, body) if fence else ("", text)


def rendered(text: str) -> SafeString:
    """Markdown as safe HTML, part by part: one that is too long for the renderer stays plain, not all of it."""
    return mark_safe("".join(render(part) for part in _parts(text)))  # noqa: S308  (each part is escaped or clean)


def _parts(text: str) -> list[str]:
    """The text cut before its headings, but not inside a block of code."""
    parts: list[list[str]] = [[]]
    is_code = False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith(("```", "~~~")):
            is_code = not is_code
        if line.startswith("#") and not is_code:
            parts.append([])
        parts[-1].append(line)
    return ["".join(part) for part in parts if part]
