"""Making plans findable: documents by their whole text, features and tasks by their names and descriptions."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

from django.db import transaction
from django.db.models import Q

from sessions.archive import ArchiveDamaged, masked_file
from sessions.models import ArchiveSegment, Project, SearchFill, SearchItem, SearchSubject
from sessions.parsers.keys import stable_key
from sessions.parsers.words import folded
from sessions.search.items import NewItem, Subject, forget_subjects, replace_subjects
from sessions.search.lines import MAX_ITEM_CHARS
from tasks.models import Document, Feature, ProjectTask

_Kind = SearchItem.Kind


def index_plans(project_id: int) -> None:
    """Bring what can be found of a project's plans up to date; callers hold the transaction."""
    known = {(row.kind, row.target): row for row in SearchSubject.objects.filter(project_key=project_id)}
    changed = []
    for subject, thing in _things(project_id):
        row = known.pop((subject.kind, subject.target), None)
        if row is None or row.digest != subject.digest:
            changed.append((subject, _item(subject, thing)))
    replace_subjects(changed)
    forget_subjects(known.values())


def fill_plans() -> None:
    """Index plans that were read before there was an index."""
    rows = SearchFill.objects.filter(step=SearchFill.Step.PLANS)
    if not rows.exists():
        return
    for project_id in (
        Project.objects.filter(plan_roots__isnull=False).distinct().values_list("id", flat=True)
    ):
        with transaction.atomic():
            index_plans(project_id)
    rows.delete()


type Planned = Document | Feature | ProjectTask


def _things(project_id: int) -> Iterator[tuple[Subject, Planned]]:
    mine = Q(project_id=project_id)
    for document in Document.objects.present().filter(mine).select_related("source").defer("facts"):
        # Its bytes are told by their place in the archive, which need not be opened for that.
        stamp = (document.source_id, document.source_generation, document.title)
        yield _subject(_Kind.DOCUMENT, document, stamp), document
    for feature in Feature.objects.present().filter(mine):
        yield _subject(_Kind.FEATURE, feature, (feature_text(feature),)), feature
    for task in ProjectTask.objects.present().filter(mine):
        yield _subject(_Kind.TASK, task, (task_text(task),)), task


def _subject(kind: SearchItem.Kind, thing: Planned, stamp: tuple[object, ...]) -> Subject:
    return Subject(kind, thing.pk, stable_key(*map(str, (*stamp, moment_of(thing)))))


def _item(subject: Subject, thing: Planned) -> NewItem:
    at_ms = round(moment_of(thing).timestamp() * 1000)
    text = text_of_plan(thing)[:MAX_ITEM_CHARS]
    return NewItem(subject.kind, subject.target, folded(text), len(text), at_ms, project_key=thing.project_id)


def text_of_plan(thing: Planned) -> str:
    """All words by which a document, feature or task is found."""
    if isinstance(thing, Document):
        return document_text(thing)
    return feature_text(thing) if isinstance(thing, Feature) else task_text(thing)


def document_text(document: Document) -> str:
    """Title, path and the file's text as the archive holds it; without the text where the archive is damaged."""
    try:
        body = document_bytes(document).decode("utf-8", "replace").replace("\x00", "\ufffd")
    except ArchiveDamaged:
        body = ""
    return f"{document.title}\n{document.project_path}\n{body}"


def document_bytes(document: Document) -> bytes:
    """The file's bytes as they were last read, secrets masked. Raises ArchiveDamaged."""
    segments = ArchiveSegment.objects.filter(source=document.source, generation=document.source_generation)
    return masked_file(segments.order_by("offset"))


def feature_text(feature: Feature) -> str:
    return "\n".join(filter(None, (feature.name, feature.slug, feature.category, *map(str, feature.aliases))))


def task_text(task: ProjectTask) -> str:
    return "\n".join(filter(None, (task.raw_id, task.title, task.description)))


def moment_of(thing: Planned) -> datetime:
    """When it last changed as far as is known: by its own dates, else when it was first read so."""
    if isinstance(thing, Document):
        return _first(thing.updated_on, thing.changed_at)
    if isinstance(thing, Feature):
        return _first(thing.updated_on or thing.completed_on or thing.started_on, thing.first_seen_at)
    return thing.completed_at or _first(thing.completed_on or thing.started_on, thing.first_seen_at)


def _first(day: date | None, otherwise: datetime) -> datetime:
    return otherwise if day is None else datetime.combine(day, time.min, UTC)
