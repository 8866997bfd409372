"""Writing what plan files say: one transaction a project holds archive, documents, and all that follows from them.

Killing the process at any moment leaves a project as it was or as it is, never between. A run that finds nothing new
writes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256

from django.db import transaction
from django.db.models import F

from sessions.archive import SEGMENT_COLUMNS, segment_row
from sessions.bulk import save_columns, write_rows
from sessions.models import ArchiveSegment, Project, SourceFile
from sessions.parsers.discovery import FoundFile
from sessions.parsers.lines import Chunk
from sessions.parsers.packing import pack
from sessions.secrets.noting import note_secrets
from tasks.derive import derive_project
from tasks.discovery import PLAN, RootSurvey, Survey, prefix_of
from tasks.history import read_history
from tasks.models import ChecklistItem, Document, PlanProblem, PlanSettings, ProjectTask, UnknownStatus
from tasks.parsers.layouts.registry import BY_NAME
from tasks.parsers.records import FACTS_VERSION, ParsedDocument
from tasks.plan_index import document_bytes, index_plans
from tasks.reading import ReadFile, Reading, parse, read_files

_BATCH = 500
_NOTHING = sha256(b"").digest()
_SOURCE_COLUMNS = [f.attname for f in SourceFile._meta.concrete_fields if f.attname != "id"]
_DOCUMENT_COLUMNS = [f.attname for f in Document._meta.concrete_fields if f.attname != "id"]
COUNTED = ("seen", "created", "updated", "removed")


@dataclass(slots=True)
class PlansTally:
    """What a run saw and wrote."""

    documents: Counter[str] = field(default_factory=Counter)
    tasks: Counter[str] = field(default_factory=Counter)
    features: Counter[str] = field(default_factory=Counter)
    projects: set[int] = field(default_factory=set)  # in which something changed
    problems: list[str] = field(default_factory=list)

    def documents_json(self) -> dict[str, int]:
        return {name: self.documents[name] for name in COUNTED}

    def tasks_json(self) -> dict[str, int]:
        return {name: self.tasks[name] for name in COUNTED}


def ingest_plans(survey: Survey, now: datetime, stop: Callable[[], bool] = lambda: False) -> PlansTally:
    """Read what the survey found changed. `stop` is asked between projects."""
    tally = PlansTally()
    tally.documents["seen"] = survey.seen
    for root in survey.roots:
        tally.problems += [f"{item.path} was left out: {item.reason}." for item in root.unreadable]
    for project_id, roots in survey.by_project().items():
        if stop():
            break
        _ingest_project(Project.objects.get(pk=project_id), roots, now, tally)
    tally.tasks["seen"] = ProjectTask.objects.present().count()
    return tally


def _ingest_project(project: Project, surveys: list[RootSurvey], now: datetime, tally: PlansTally) -> None:
    reading = read_files(surveys)  # before the transaction, which is to be short
    tally.problems += reading.problems
    with transaction.atomic():
        _save_roots(surveys, now)
        _write(project, reading, now, tally)
        derive_project(project, now, tally.features, tally.tasks)
        index_plans(project.pk)
        PlanSettings.objects.filter(project=project, stale=True).update(stale=False)
    tally.projects.add(project.pk)
    for survey in surveys:
        if survey.exists and read_history(survey.root, prefix_of(survey.root)):
            with transaction.atomic():
                derive_project(project, now, Counter(), tally.tasks)
                index_plans(project.pk)


def _save_roots(surveys: Iterable[RootSurvey], now: datetime) -> None:
    for survey in surveys:
        root = survey.root
        missing = None if survey.exists else root.missing_since or now
        if survey.is_new or root.missing_since != missing:
            root.missing_since = missing
            root.save()


def _write(project: Project, reading: Reading, now: datetime, tally: PlansTally) -> None:
    sources = _write_sources(reading.files, now, is_demo=project.is_demo)
    returned = _returned(reading.files, sources)
    described = []
    for file in reading.files:
        source = sources[file.found.path]
        if _is_current(file, source):
            continue  # touched, but the same bytes
        back = returned.get((file.survey.root.pk, source.pk))
        document = file.document or back or Document(first_seen_at=now)
        is_new = document._state.adding or document.removed_at is not None
        tally.documents["created" if is_new else "updated"] += 1
        document.project, document.root, document.source = project, file.survey.root, source
        document.path, document.removed_at = file.found.relative, None
        document.source_generation, document.changed_at = source.generation, now
        describe(document, file.parsed)
        described.append((document, file.parsed))
    _mark_gone(reading.lost, now, tally)
    save_described(described)


def _mark_gone(lost: Iterable[Document], now: datetime, tally: PlansTally) -> None:
    gone = [document.pk for document in lost]
    tally.documents["removed"] += Document.objects.filter(pk__in=gone, removed_at=None).update(removed_at=now)
    still = Document.objects.filter(removed_at=None).values("source_id")
    sources = SourceFile.objects.filter(documents__in=gone, missing_since=None).exclude(pk__in=still)
    sources.update(missing_since=now)


def _write_sources(files: list[ReadFile], now: datetime, *, is_demo: bool) -> dict[str, SourceFile]:
    """The row of every file, with what the file system says of it, and its bytes in the archive when they are new."""
    sources = _sources_of(files)
    digests = _last_digests(sources.values())
    fresh: list[SourceFile] = []
    known: list[SourceFile] = []
    news: list[tuple[SourceFile, ReadFile]] = []
    for file in files:
        source = sources[file.found.path]
        if source._state.adding or digests.get(source.pk) != file.digest:
            source.generation += 1
            source.committed_offset = len(file.raw)
            source.is_demo = is_demo
            if source._state.adding:
                source.secrets_searched = True
            news.append((source, file))
        _note_stat(source, file.found, now)
        (fresh if source._state.adding else known).append(source)
    SourceFile.objects.bulk_create(fresh, batch_size=_BATCH)
    save_columns(SourceFile, known, _SOURCE_COLUMNS)
    rows = [
        segment_row(source.pk, source.generation, 0, pack(Chunk(0, file.raw)))
        for source, file in news
        if file.raw
    ]
    write_rows(ArchiveSegment, SEGMENT_COLUMNS, rows)
    for source, file in news:
        note_secrets(source, file.secrets)
    return sources


def _sources_of(files: list[ReadFile]) -> dict[str, SourceFile]:
    """The row of every file, made where there is none; a file that was moved keeps its row."""
    known = {s.path: s for s in SourceFile.objects.filter(path__in=[f.found.path for f in files])}
    found = {}
    for file in files:
        path = file.found.path
        moved = file.document.source if file.document and path not in known else None
        source = known.get(path) or moved or SourceFile(kind=PLAN, format="markdown", generation=0)
        if moved is not None and moved.path != path:
            source.previous_paths = [*source.previous_paths, source.path][-20:]
        source.path, source.root, source.relative_path = path, file.survey.root.path, file.found.relative
        found[path] = source
    return found


def _note_stat(source: SourceFile, found: FoundFile, now: datetime) -> None:
    source.device, source.inode, source.size = found.device, found.inode, found.size
    source.mtime_ns, source.ctime_ns = found.mtime_ns, found.ctime_ns
    source.missing_since, source.error = None, ""
    source.first_read_at, source.last_read_at = source.first_read_at or now, now


def _last_digests(sources: Iterable[SourceFile]) -> dict[int, bytes]:
    """{source: digest of the bytes it had when it was last read}."""
    generations = {s.pk: s.generation for s in sources if not s._state.adding}
    rows = ArchiveSegment.objects.filter(source__in=generations).values_list(
        "source_id", "generation", "sha256"
    )
    found = {pk: bytes(digest) for pk, generation, digest in rows if generations[pk] == generation}
    # No bytes, no segment.
    return {pk: found.get(pk, _NOTHING) for pk in generations}


def _is_current(file: ReadFile, source: SourceFile) -> bool:
    """Whether a known document says already what its file was just read to say."""
    document = file.document
    return (
        document is not None
        and document.source_id == source.pk
        and document.path == file.found.relative
        and document.source_generation == source.generation
        and document.facts_version == FACTS_VERSION
        and document.layout == file.parsed.layout
    )


def _returned(files: Iterable[ReadFile], sources: dict[str, SourceFile]) -> dict[tuple[int, int], Document]:
    """Documents of files that had vanished and are back, by root and source."""
    new = [(f.survey.root.pk, sources[f.found.path].pk) for f in files if f.document is None]
    rows = Document.objects.filter(root__in={r for r, _ in new}, source__in={s for _, s in new})
    return {(row.root_id, row.source_id): row for row in rows}


def describe(document: Document, parsed: ParsedDocument) -> None:
    """Fill the columns that one file alone decides."""
    document.project_path, document.layout = parsed.path, parsed.layout
    document.title, document.category = parsed.title[:500], parsed.category[:200]
    document.doc_type, document.doc_subtype = parsed.doc_type, parsed.doc_subtype[:40]
    document.phase_token = parsed.phase_token
    document.has_front_matter = parsed.has_front_matter
    document.status, document.status_raw = parsed.status, parsed.status_raw
    document.owner = next(iter(parsed.owners), "")[:200]
    for name in ("created", "updated", "completed"):
        stamp = getattr(parsed, name)
        setattr(document, f"{name}_on", date.fromisoformat(stamp.on) if stamp else None)
    document.facts, document.facts_version = parsed.as_json(), FACTS_VERSION


def save_described(described: Sequence[tuple[Document, ParsedDocument]]) -> None:
    """Write documents with their check lists, problems and unknown words, which replace what there was."""
    known = [document for document, _ in described if not document._state.adding]
    if known:
        ids = [document.pk for document in known]
        # Paths first out of the way of each other: two files may have changed names.
        Document.objects.filter(pk__in=ids, removed_at=None).update(removed_at=F("changed_at"))
        save_columns(Document, known, _DOCUMENT_COLUMNS)
        ChecklistItem.objects.filter(document__in=ids).delete()
        PlanProblem.objects.filter(document__in=ids).delete()
        UnknownStatus.objects.filter(document__in=ids).delete()
    Document.objects.bulk_create([d for d, _ in described if d._state.adding], batch_size=_BATCH)
    ChecklistItem.objects.bulk_create(_items(described), batch_size=_BATCH)
    PlanProblem.objects.bulk_create(_problems(described), batch_size=_BATCH)
    UnknownStatus.objects.bulk_create(_unknown_words(described), batch_size=_BATCH)


def _items(described: Sequence[tuple[Document, ParsedDocument]]) -> list[ChecklistItem]:
    return [
        ChecklistItem(
            document=document,
            position=position,
            line=item.line,
            heading=item.heading,
            text=item.text,
            is_done=item.is_done,
            depth=item.depth,
        )
        for document, parsed in described
        for position, item in enumerate(parsed.checklist)
    ]


def _problems(described: Sequence[tuple[Document, ParsedDocument]]) -> list[PlanProblem]:
    return [
        PlanProblem(
            root=document.root,
            document=document,
            path=parsed.path[:4096],
            line=problem.line,
            reason=problem.reason,
            detail=problem.detail[:500],
            excerpt=problem.excerpt[:400],
        )
        for document, parsed in described
        for problem in parsed.problems
    ]


def _unknown_words(described: Sequence[tuple[Document, ParsedDocument]]) -> list[UnknownStatus]:
    where = UnknownStatus.Where
    found = []
    for document, parsed in described:
        words = Counter((where.TASK, t.status_raw) for t in parsed.tasks if not t.status_known)
        if not parsed.status_known:
            words[where.DOCUMENT, parsed.status_raw] += 1
        for (place, word), count in words.items():
            found.append(UnknownStatus(document=document, where=place, word=word, count=count))
    return found


def rebuild_plans(now: datetime) -> int:
    """Derive everything about plans again from the archive alone; returns how many documents that was."""
    count = 0
    for project in Project.objects.filter(plan_roots__isnull=False).distinct().order_by("id"):
        with transaction.atomic():
            documents = Document.objects.filter(project=project, removed_at=None).select_related(
                "source", "root"
            )
            described = [(document, _parsed_again(document)) for document in documents]
            for document, parsed in described:
                describe(document, parsed)
            save_described(described)
            derive_project(project, now, Counter(), Counter())
            index_plans(project.pk)
        count += len(described)
    return count


def _parsed_again(document: Document) -> ParsedDocument:
    raw = document_bytes(document)
    return parse(BY_NAME[document.layout], document.project_path, raw, document.source.size)
